import json
import tempfile
import threading


def main():
    lock = threading.Lock()
    with tempfile.TemporaryFile("w+") as file:

        def write(n):
            with lock:
                file.write(json.dumps({"n": n}) + "\n")

        threads = [threading.Thread(target=write, args=(n,), name=f"writer {n}") for n in range(2)]
        for t in threads:
            t.start()
        for t in threads:
            t.join()
        file.seek(0)
        rows = [json.loads(line)["n"] for line in file]
    assert sorted(rows) == [0, 1]
    return sorted(rows)
