import threading


def main():
    condition, turn, lines = threading.Condition(), 0, []

    def printer(number, word):
        nonlocal turn
        with condition:
            condition.wait_for(lambda: turn == number)
            print(word)
            lines.append(word)
            turn += 1
            condition.notify_all()

    words = ["first", "second", "third"]
    threads = [
        threading.Thread(target=printer, args=(number, words[number]), name=f"printer {number}") for number in (2, 1, 0)
    ]
    for t in threads:
        t.start()
    for t in threads:
        t.join()
    assert lines == words
    return lines
