from concurrent.futures import ThreadPoolExecutor


def square(n):
    return n * n


def main():
    with ThreadPoolExecutor(max_workers=2) as pool:
        result = list(pool.map(square, range(4)))
    assert result == [0, 1, 4, 9]
    return result
