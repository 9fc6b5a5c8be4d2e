import threading
from concurrent.futures import CancelledError, ThreadPoolExecutor


def main():
    started, gate = threading.Event(), threading.Event()

    def slow():
        started.set()
        gate.wait()
        return "slow"

    pool = ThreadPoolExecutor(1)
    futures = [pool.submit(slow), pool.submit(str, 1), pool.submit(str, 2)]
    started.wait()
    pool.shutdown(wait=False, cancel_futures=True)
    gate.set()
    said = []
    for future in futures:
        try:
            said.append(future.result())
        except CancelledError:
            said.append("cancelled")
    assert said == ["slow", "cancelled", "cancelled"], said
    return said
