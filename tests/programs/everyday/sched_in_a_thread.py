import sched
import threading
import time


def main():
    scheduler, log = sched.scheduler(time.monotonic, time.sleep), []
    scheduler.enter(0.02, 1, log.append, ("second",))
    scheduler.enter(0.01, 1, log.append, ("first",))
    dropped = scheduler.enter(0.03, 1, log.append, ("never",))
    scheduler.cancel(dropped)
    thread = threading.Thread(target=scheduler.run, name="scheduler")
    thread.start()
    thread.join()
    assert log == ["first", "second"]
    return log
