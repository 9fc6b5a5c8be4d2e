import io
import logging
import threading


def main():
    stream = io.StringIO()
    handler = logging.StreamHandler(stream)
    handler.setFormatter(logging.Formatter("%(threadName)s %(message)s"))
    logger = logging.Logger("bank")
    logger.addHandler(handler)

    def work(n):
        logger.info("begin %d", n)
        logger.warning("end %d", n)

    threads = [threading.Thread(target=work, args=(n,), name=f"t{n}") for n in range(2)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    lines = stream.getvalue().splitlines()
    assert sorted(lines) == ["t0 begin 0", "t0 end 0", "t1 begin 1", "t1 end 1"]
    return sorted(lines)
