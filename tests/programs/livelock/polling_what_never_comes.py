"""An event is waited for with a timeout, again and again; whoever would set it has crashed into its own handler."""

import threading


def serve(ready):
    try:
        int("not a number")
        ready.set()
    except ValueError:
        pass


def main():
    ready = threading.Event()
    server = threading.Thread(name="server", target=serve, args=(ready,))
    server.start()
    while not ready.wait(timeout=1):
        pass
