"""What goes wrong in Python programs: bugs.py NAME."""
import ctypes
import faulthandler
import json
import sys
import threading
import time


class HeaderError(Exception):
    pass


class Table:
    def __init__(self):
        self.rows = {}

    def row(self, n):
        return self.rows[n]


def index(n):
    return [1, 2, 3][n]


def key(n):
    return Table().row(n)


def custom(n):
    raise HeaderError("bad magic: %d\nin two lines" % n)


def no_message(n):
    raise HeaderError


def assertion(n):
    assert n == 8, "sizes differ"


def chained(n):
    try:
        return index(n)
    except IndexError:
        return key(n)


def caused(n):
    try:
        return index(n)
    except IndexError as e:
        raise HeaderError("no row") from e


def library(n):
    return json.loads('{"a": %d,}' % n)


def recursion(n):
    return recursion(n + 1)


def mutual(n):
    return other(n + 1)


def other(n):
    return mutual(n + 1)


def syntax(n):
    return eval("1 +* %d" % n)


def bad_module(n):
    with open("bad_module.py", "w") as f:
        f.write("def f(:\n    pass\n")
    import bad_module


def decode(n):
    return b"\xff\xfe".decode("utf-8")


def closure(n):
    return [(lambda i: [1][i])(i) for i in range(n)]


def generator(n):
    def rows():
        yield 1
        raise HeaderError("row %d" % n)
    return sum(x for x in rows())


def in_thread(n):
    t = threading.Thread(target=index, args=(n,), name="reader")
    t.start()
    t.join()


def group(n):
    errors = []
    for f in (index, key):
        try:
            f(n)
        except Exception as e:
            errors.append(e)
    raise ExceptionGroup("%d rows" % n, errors)  # noqa


def noted(n):
    try:
        index(n)
    except IndexError as e:
        e.add_note("while reading row %d" % n)
        raise


def exit_(n):
    sys.exit("bad input")


def interrupt(n):
    raise KeyboardInterrupt


def memory(n):
    return b"x" * (1 << 62)


def finalizer(n):
    class Late:
        def __del__(self):
            raise HeaderError("too late")
    Late()
    return key(n)


# The interpreter itself.

def segv(n):
    ctypes.string_at(n)


def abort(n):
    ctypes.CDLL(None).abort()


def segv_in_thread(n):
    t = threading.Thread(target=segv, args=(n,))
    t.start()
    t.join()


def dump_later(n):
    faulthandler.dump_traceback_later(0.3, exit=True)
    threading.Thread(target=time.sleep, args=(5,), daemon=True).start()
    time.sleep(5)


def c_stack(n):
    sys.setrecursionlimit(10 ** 9)
    threading.stack_size(1 << 20)
    t = threading.Thread(target=deep, args=(json.dumps,))
    t.start()
    t.join()


def deep(f):
    l = []
    for i in range(10 ** 6):
        l = [l]
    return repr(l) + f(l)


def middle_fn(bug, n):
    return bug(n)


def outer_fn(name, n):
    return middle_fn(globals()[name], n)


if __name__ == "__main__":
    outer_fn(sys.argv[1], 7)
