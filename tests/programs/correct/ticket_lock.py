"""A ticket lock: everybody spins until the number on the board is theirs."""

import threading


class Board:
    def __init__(self):
        self.tickets = iter(range(100))
        self.lock = threading.Lock()
        self.serving = 0


def work(board, log):
    for _ in range(2):
        with board.lock:
            mine = next(board.tickets)
        while board.serving != mine:
            pass
        log.append(mine)
        board.serving += 1


def main():
    board, log = Board(), []
    threads = [threading.Thread(name=f"customer {n}", target=work, args=(board, log)) for n in range(3)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert log == sorted(log)
