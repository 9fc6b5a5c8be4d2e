"""Objects and classes that answer for themselves whatever they are asked: nobody but the program may ask them."""

import threading


def refuse(*asked, **named):
    raise AssertionError("asked by somebody else than the program")


class Meta(type):
    __module__ = property(refuse)
    __name__ = property(refuse)
    __doc__ = property(refuse)
    __instancecheck__ = __subclasscheck__ = __repr__ = __len__ = __iter__ = refuse


class Own(metaclass=Meta):
    __slots__ = ("value", "empty")
    __module__ = property(refuse)
    __class__ = property(refuse)
    __eq__ = __hash__ = __repr__ = __str__ = __bool__ = __len__ = __iter__ = __contains__ = __getattr__ = refuse


def main():
    own, lock = Own(), threading.Lock()
    own.value = []

    def work():
        with lock:
            own.value.append(threading.current_thread().name)
            held = [own, Own, (own,), {"own": own}]
        del held

    threads = [threading.Thread(target=work, name=name) for name in ("ann", "bob")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    return len(own.value)
