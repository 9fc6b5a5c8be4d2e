"""Two threads call one function that tenacity retries: both clear the one dict of its statistics."""

import threading
import time

from tenacity import retry, stop_after_attempt, wait_fixed


def main():
    answers, down_until = [], time.monotonic() + 2

    @retry(stop=stop_after_attempt(5), wait=wait_fixed(3))
    def fetch(name):
        if time.monotonic() < down_until:
            raise OSError("the service is down")
        return name

    def ask(name):
        answers.append(fetch(name))

    threads = [threading.Thread(target=ask, args=(name,), name=name) for name in ("ann", "bob")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return sorted(answers)
