import threading
import time


class Watchdog(threading.Thread):
    def __init__(self, limit):
        super().__init__(name="watchdog", daemon=True)
        self.limit, self.last, self.alarms = limit, time.monotonic(), []
        self.lock = threading.Lock()

    def feed(self):
        with self.lock:
            self.last = time.monotonic()

    def run(self):
        while True:
            time.sleep(self.limit / 2)
            with self.lock:
                if time.monotonic() - self.last > self.limit:
                    self.alarms.append("late")


def main():
    dog = Watchdog(limit=0.2)
    dog.start()
    for _ in range(3):
        time.sleep(0.01)
        dog.feed()
    return len(dog.alarms)
