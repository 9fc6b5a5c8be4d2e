import threading


def main():
    opened, built, log = threading.Event(), threading.Event(), []

    def architect():
        log.append("plan")
        opened.set()
        built.wait()
        log.append("inspect")

    def builder():
        opened.wait()
        log.append("build")
        built.set()

    threads = [threading.Thread(target=f, name=f.__name__) for f in (builder, architect)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert log == ["plan", "build", "inspect"]
    return log
