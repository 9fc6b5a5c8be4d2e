"""A scheduler in the background: its triggers are entry points, which are imported by name."""

import time

from apscheduler.schedulers.background import BackgroundScheduler


def main():
    ticks, begin = [], time.monotonic()
    scheduler = BackgroundScheduler(timezone="UTC")
    scheduler.add_job(lambda: ticks.append(round(time.monotonic() - begin)), "interval", seconds=10)
    scheduler.start()
    time.sleep(35)
    scheduler.shutdown()
    return ticks
