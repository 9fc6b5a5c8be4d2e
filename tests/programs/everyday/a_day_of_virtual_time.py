"""Polls every minute for a day; takes no time in the lab."""
import threading
import time


def main():
    polls, stop = [0], threading.Event()

    def poll():
        while not stop.wait(60):
            polls[0] += 1

    thread = threading.Thread(target=poll, name="poller")
    thread.start()
    time.sleep(86_400 / 24)
    stop.set()
    thread.join()
    return polls[0] >= 1
