"""A future by hand."""
import threading


class Promise:
    _UNSET = object()

    def __init__(self):
        self._done, self._value, self._error = threading.Event(), self._UNSET, None

    def resolve(self, value):
        self._value = value
        self._done.set()

    def reject(self, error):
        self._error = error
        self._done.set()

    def result(self, timeout=None):
        if not self._done.wait(timeout):
            raise TimeoutError
        if self._error is not None:
            raise self._error
        return self._value


def run(promise, function, *args):
    try:
        promise.resolve(function(*args))
    except Exception as error:
        promise.reject(error)


def main():
    good, bad, never = Promise(), Promise(), Promise()
    threading.Thread(target=run, args=(good, int, "42"), name="good").start()
    threading.Thread(target=run, args=(bad, int, "x"), name="bad").start()
    seen = [good.result()]
    try:
        bad.result()
    except ValueError as error:
        seen.append(type(error).__name__)
    try:
        never.result(timeout=0.05)
    except TimeoutError:
        seen.append("late")
    assert seen == [42, "ValueError", "late"]
    return seen
