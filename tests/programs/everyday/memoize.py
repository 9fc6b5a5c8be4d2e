import functools
import threading


def memoize(function):
    cache, lock = {}, threading.RLock()

    @functools.wraps(function)
    def wrapper(*args):
        with lock:
            if args not in cache:
                cache[args] = function(*args)
            return cache[args]

    wrapper.cache = cache
    return wrapper


@memoize
def fibonacci(n):
    return n if n < 2 else fibonacci(n - 1) + fibonacci(n - 2)


def main():
    out = {}

    def work(n):
        out[n] = fibonacci(n)

    threads = [threading.Thread(target=work, args=(n,), name=f"fib {n}") for n in (5, 6)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert out == {5: 5, 6: 8} and len(fibonacci.cache) == 7
    return out[6]
