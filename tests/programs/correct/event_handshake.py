"""Two events, set and cleared in turn."""

import threading


def main():
    ask, answer, log = threading.Event(), threading.Event(), []

    def serve():
        for n in range(4):
            ask.wait()
            ask.clear()
            log.append(n)
            answer.set()

    server = threading.Thread(name="server", target=serve)
    server.start()
    for _ in range(4):
        ask.set()
        answer.wait()
        answer.clear()
    server.join()
    return log
