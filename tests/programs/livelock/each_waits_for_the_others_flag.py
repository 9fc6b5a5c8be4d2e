"""Two spin, each on the flag that the other one sets afterwards."""

import threading


class Flags:
    one = two = False


def first(flags):
    while not flags.two:
        pass
    flags.one = True


def second(flags):
    while not flags.one:
        pass
    flags.two = True


def main():
    flags = Flags()
    threads = [threading.Thread(name=f.__name__, target=f, args=(flags,)) for f in (first, second)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
