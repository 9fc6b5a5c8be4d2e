import heapq
import threading


def merge_sort(values, depth=1):
    if depth == 0 or len(values) < 2:
        return sorted(values)
    middle, halves = len(values) // 2, [None, None]

    def half(n, part):
        halves[n] = merge_sort(part, depth - 1)

    threads = [
        threading.Thread(target=half, args=(n, part), name=f"half {n} of {len(values)}")
        for n, part in enumerate((values[:middle], values[middle:]))
    ]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    return list(heapq.merge(*halves))


def main():
    values = [5, 3, 8, 1, 9, 2, 7]
    result = merge_sort(values, 2)
    assert result == sorted(values)
    return result
