"""Daemon workers; main waits for the work, not for the threads."""
import queue
import threading


def worker(jobs, done, lock):
    while True:
        job = jobs.get()
        try:
            with lock:
                done.append(job.upper())
        finally:
            jobs.task_done()


def main():
    jobs, done, lock = queue.Queue(), [], threading.Lock()
    for n in range(2):
        threading.Thread(target=worker, args=(jobs, done, lock), name=f"worker {n}", daemon=True).start()
    for job in ("a", "b", "c"):
        jobs.put(job)
    jobs.join()
    assert sorted(done) == ["A", "B", "C"]
    return sorted(done)
