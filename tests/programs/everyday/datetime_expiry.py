import threading
from datetime import datetime, timedelta, timezone


class Token:
    def __init__(self, lifetime):
        self.lock, self.lifetime, self.renewed = threading.Lock(), lifetime, 0
        self.expires = datetime.now(timezone.utc) - timedelta(seconds=1)

    def value(self):
        with self.lock:
            if datetime.now(timezone.utc) >= self.expires:
                self.renewed += 1
                self.expires = datetime.now(timezone.utc) + self.lifetime
            return f"token {self.renewed}"


def main():
    token, seen = Token(timedelta(hours=1)), []
    threads = [threading.Thread(target=lambda: seen.append(token.value()), name=f"t{n}") for n in range(2)]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert seen == ["token 1"] * 2
    return seen
