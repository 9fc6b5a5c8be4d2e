import threading


def main():
    a, b = [[1, 2], [3, 4]], [[5, 6], [7, 8]]
    c = [[0, 0], [0, 0]]

    def row(i):
        for j in range(2):
            c[i][j] = sum(a[i][k] * b[k][j] for k in range(2))

    threads = [threading.Thread(target=row, args=(i,), name=f"row {i}") for i in range(2)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert c == [[19, 22], [43, 50]]
    return c
