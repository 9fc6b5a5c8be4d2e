"""ExpiringDict says it is thread-safe, but its setdefault is three locked operations: two threads get two values."""

import threading

from expiringdict import ExpiringDict


def main():
    cache = ExpiringDict(max_len=10, max_age_seconds=60)
    sessions = {}

    def connect(user):
        sessions[user] = cache.setdefault("db", f"session of {user}")

    threads = [threading.Thread(target=connect, args=(user,), name=user) for user in ("ann", "bob")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert sessions["ann"] == sessions["bob"], f"two sessions where setdefault promises one: {sessions}"
    return sessions["ann"]
