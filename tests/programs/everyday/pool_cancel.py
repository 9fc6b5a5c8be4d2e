import threading
from concurrent.futures import CancelledError, ThreadPoolExecutor


def main():
    gate = threading.Event()
    with ThreadPoolExecutor(1) as pool:
        first = pool.submit(gate.wait)
        second = pool.submit(int, "7")
        cancelled = second.cancel()
        gate.set()
        assert first.result() is True
        try:
            value = second.result()
        except CancelledError:
            value = None
    assert cancelled and value is None
    return cancelled
