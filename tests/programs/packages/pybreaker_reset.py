"""A breaker that opens after two failures and lets one call through when its minute is over."""

import threading
import time

from pybreaker import CircuitBreaker, CircuitBreakerError


def main():
    breaker = CircuitBreaker(fail_max=2, reset_timeout=60)
    answers = []

    def fail():
        raise OSError("the service is down")

    def ask():
        try:
            breaker.call(fail)
        except (OSError, CircuitBreakerError) as error:
            answers.append(type(error).__name__)

    threads = [threading.Thread(target=ask, name=name) for name in ("ann", "bob", "cleo")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert breaker.current_state == "open"
    time.sleep(61)
    assert breaker.call(lambda: "up again") == "up again"
    return sorted(answers), breaker.current_state
