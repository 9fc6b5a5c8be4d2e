"""Two permits; two threads take one each and then want another."""

import threading


def copy(channels):
    channels.acquire()
    channels.acquire()
    channels.release()
    channels.release()


def main():
    channels = threading.BoundedSemaphore(2)
    for name in ("upload", "download"):
        threading.Thread(name=name, target=copy, args=(channels,)).start()
