import queue
import threading
import time


class Deadline:
    def __init__(self, seconds):
        self.at = time.monotonic() + seconds

    def left(self):
        return max(0.0, self.at - time.monotonic())


def main():
    answers, deadline, got = queue.Queue(), Deadline(1.0), []
    fast = threading.Timer(0.01, answers.put, ("fast",))
    slow = threading.Thread(target=lambda: (time.sleep(2), answers.put("slow")), name="slow", daemon=True)
    fast.start()
    slow.start()
    while len(got) < 2:
        try:
            got.append(answers.get(timeout=deadline.left()))
        except queue.Empty:
            break
    fast.join()
    return got
