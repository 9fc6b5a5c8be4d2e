"""Two clerks and one form. Whoever has it may use it, but a polite clerk lets a waiting colleague go first."""

import threading


class Desk:
    def __init__(self):
        self.form_with = "anna"
        self.waiting = set()
        self.passed = threading.Condition()


def process_order(desk, me, colleague, processed):
    with desk.passed:
        desk.waiting.add(me)
        while me in desk.waiting:
            while desk.form_with != me:
                desk.passed.wait()
            if colleague not in desk.waiting:
                processed.append(me)
                desk.waiting.remove(me)
            desk.form_with = colleague  # after you!
            desk.passed.notify_all()


def main():
    desk = Desk()
    processed = []
    anna = threading.Thread(name="anna", target=process_order, args=(desk, "anna", "ben", processed))
    ben = threading.Thread(name="ben", target=process_order, args=(desk, "ben", "anna", processed))
    anna.start()
    ben.start()
    anna.join()
    ben.join()
    return processed


if __name__ == "__main__":
    print(main())
