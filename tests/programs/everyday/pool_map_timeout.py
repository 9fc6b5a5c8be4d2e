import time
from concurrent.futures import ThreadPoolExecutor, TimeoutError


def main():
    with ThreadPoolExecutor(1) as pool:
        results = pool.map(time.sleep, [0.2], timeout=0.01)
        try:
            next(results)
            said = "in time"
        except TimeoutError:
            said = "late"
    assert said == "late"
    return said
