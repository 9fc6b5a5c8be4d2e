import threading

SIZE = 4


def neighbours(board, x, y):
    return sum(
        board[(y + dy) % SIZE][(x + dx) % SIZE] for dy in (-1, 0, 1) for dx in (-1, 0, 1) if (dx, dy) != (0, 0)
    )


def main():
    boards = [[[0] * SIZE for _ in range(SIZE)] for _ in range(2)]
    for x in (0, 1, 2):
        boards[0][1][x] = 1
    barrier = threading.Barrier(2)

    def work(rows):
        for generation in range(2):
            old, new = boards[generation % 2], boards[(generation + 1) % 2]
            for y in rows:
                for x in range(SIZE):
                    n = neighbours(old, x, y)
                    new[y][x] = int(n == 3 or (old[y][x] and n == 2))
            barrier.wait()

    threads = [threading.Thread(target=work, args=(rows,), name=f"rows {rows}") for rows in ((0, 1), (2, 3))]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert boards[0][1] == [1, 1, 1, 0]
    return boards[0]
