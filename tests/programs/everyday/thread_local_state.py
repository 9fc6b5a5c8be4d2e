import threading

state = threading.local()


def current():
    try:
        return state.stack
    except AttributeError:
        state.stack = []
        return state.stack


class Span:
    def __init__(self, name):
        self.name = name

    def __enter__(self):
        current().append(self.name)
        return "/".join(current())

    def __exit__(self, *error):
        assert current().pop() == self.name


def main():
    paths = {}

    def work(name):
        with Span(name), Span("inner") as path:
            paths[name] = path

    threads = [threading.Thread(target=work, args=(n,), name=n) for n in ("a", "b")]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert paths == {"a": "a/inner", "b": "b/inner"} and current() == []
    return sorted(paths.values())
