"""Two calls per minute, whoever calls: on the virtual clock, half an hour of waiting costs nothing."""

import threading
import time

from ratelimit import limits, sleep_and_retry


def main():
    calls = []

    @sleep_and_retry
    @limits(calls=2, period=60)
    def request(name):
        calls.append((time.monotonic(), name))

    start = time.monotonic()
    threads = [threading.Thread(target=request, args=(name,), name=name) for name in ("ann", "bob", "cleo")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    times = sorted(at - start for at, _ in calls)
    assert times[2] - times[0] >= 60, times
    return [round(at) for at in times]
