import contextvars
import threading

request = contextvars.ContextVar("request", default="none")


def handle(out):
    out.append(request.get())
    request.set("changed")


def main():
    out, threads = [], []
    for n in range(2):
        request.set(f"request {n}")
        context = contextvars.copy_context()
        threads.append(threading.Thread(target=context.run, args=(handle, out), name=f"handler {n}"))
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert sorted(out) == ["request 0", "request 1"] and request.get() == "request 1"
    return sorted(out)
