"""The office has a board that shows the newest message, and with it the connection it came over."""
import queue
import threading


class Board(queue.Queue):
    """A queue of one line: a new message takes the place of the old one."""

    def _put(self, message):
        if self._qsize():
            self._get()
        super()._put(message)


class Connection:
    def __init__(self, order_id, board):
        self.order_id = order_id
        self.board = board

    def close(self):
        self.board.put((f"{self.order_id}: connection closed", None))


def process_order(order_id, board):
    connection = Connection(order_id, board)
    board.put((f"{order_id}: saved", connection))
    connection.close()


def update_price(board):
    board.put(("T-shirts are 19 EUR now", None))


def main():
    board = Board()
    prices = threading.Thread(target=update_price, args=(board,), name="prices")
    order = threading.Thread(target=process_order, args=("order 1", board), name="order 1")
    prices.start()
    order.start()
    prices.join()
    order.join()
    lines = []
    while not board.empty():
        text, connection = board.get()
        lines.append(text)
    return lines


if __name__ == "__main__":
    print(main())
