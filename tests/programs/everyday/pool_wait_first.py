from concurrent.futures import FIRST_COMPLETED, ThreadPoolExecutor, wait


def main():
    rounds, got = 0, []
    with ThreadPoolExecutor(2) as pool:
        pending = {pool.submit(pow, 2, n) for n in range(3)}
        while pending:
            done, pending = wait(pending, return_when=FIRST_COMPLETED)
            assert done
            got += [future.result() for future in done]
            rounds += 1
    assert sorted(got) == [1, 2, 4] and 1 <= rounds <= 3
    return sorted(got)
