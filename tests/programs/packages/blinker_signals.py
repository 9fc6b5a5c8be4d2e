"""Receivers come and go while a signal is sent."""

import threading

from blinker import Signal


def main():
    ready, heard = Signal(), []

    def listen(sender):
        heard.append(sender)

    def connect():
        ready.connect(listen, weak=False)

    def send():
        ready.send("news")

    threads = [threading.Thread(target=target, name=target.__name__) for target in (connect, send)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    ready.disconnect(listen)
    return heard
