import threading


class Task(threading.Thread):
    def __init__(self, function, name):
        super().__init__(name=name)
        self.function, self.error, self.result = function, None, None

    def run(self):
        try:
            self.result = self.function()
        except Exception as error:
            self.error = error

    def get(self):
        self.join()
        if self.error is not None:
            raise self.error
        return self.result


def main():
    tasks = [Task(lambda: 1 / 0, "divides"), Task(lambda: 6 * 7, "multiplies")]
    for task in tasks:
        task.start()
    try:
        tasks[0].get()
    except ZeroDivisionError as error:
        said = str(error)
    assert tasks[1].get() == 42
    return said
