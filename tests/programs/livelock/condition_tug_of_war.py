"""Two on one condition: one wants the switch on, the other one off, and each undoes what the other one did."""

import threading


def main():
    switch, changed = [False], threading.Condition()

    def want(state):
        with changed:
            while True:
                switch[0] = state
                changed.notify()
                changed.wait()
                if switch[0] == state:
                    return

    threads = [threading.Thread(name=str(state), target=want, args=(state,)) for state in (True, False)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
