"""At closing time the two tills meet to exchange their totals. A late order makes them start over."""

import threading


def close_till(till, meeting, late_order, closed):
    if late_order:
        meeting.abort()  # nobody shall go on with the old totals
    while True:
        try:
            meeting.wait()
        except threading.BrokenBarrierError:
            meeting.reset()
        else:
            break
    closed.append(till)


def main():
    meeting = threading.Barrier(2)
    closed = []
    till_1 = threading.Thread(name="till 1", target=close_till, args=(1, meeting, False, closed))
    till_2 = threading.Thread(name="till 2", target=close_till, args=(2, meeting, True, closed))
    till_1.start()
    till_2.start()
    till_1.join()
    till_2.join()
    return sorted(closed)


if __name__ == "__main__":
    print(main())
