"""Programs that do the same with and without hooks: `result`, output, names left behind, errors and their lines."""

from __future__ import annotations

import sys

NEW = sys.version_info >= (3, 12)

PROGRAMS = {
    "augmented assignments": """
        class A: pass
        a, log = A(), []
        a.n, a.l, d = 1, [1], {"k": [1], 1: 2}
        def f(x): log.append(x); return x
        same = a.l
        a.n += 1; a.l += [2]; d["k"] += [3]; d[f(1)] *= f(5); [a][f(0)].n -= f(3); [a][0].l *= 2
        s = {1}; t = s; s |= {2}; s -= {1}
        i = 5; i **= 2; i //= 3; i %= 5; i <<= 2; i >>= 1; i ^= 7; i /= 2
        result = vars(a), d, log, same is a.l, s is t, s, i
    """,
    "in-place operators": """
        class V:
            def __init__(self, n): self.n = n
            def __iadd__(self, o): self.n += o; return self
            def __isub__(self, o): return NotImplemented
            def __rsub__(self, o): return "rsub"
            def __sub__(self, o): return "sub"
        v = V(1); w = v; v += 2; u = v; u -= 1
        x = [v]; x[0] += 5
        def cells():
            c = [1]
            def g():
                nonlocal c
                c += [2]
                return c
            return g() is c
        def split(a, x, y):
            l, m = a.l, x[0]
            a.l += [1]; x[0] += [2]; y -= 1; a.n += (a := V(5)).n
            return a.n, l, m, l is v.l, m is x[0], y
        v.l = []
        result = v is w, v.n, u, x[0].n, cells(), split(v, [[0]], V(3)), v.n
    """,
    "private names": """
        class A:
            __x = 1
            def __init__(self): self.__y = 2; self.__y += 1
            def get(self): return self.__x, self.__y, getattr(self, "_A__y"), self.__z()
            def __z(self): global __g; __g = 9; return __g
            class _B:
                def set(self, o): o.__q = 1; del o.__q; o.__r = 2
        a = A(); A._B().set(a)
        result = a.get(), sorted(vars(a)), sorted(n for n in globals() if "__g" in n)
    """,
    "super and __class__": """
        class A:
            def f(self): return "A"
            @classmethod
            def c(cls): return cls.__name__
            @property
            def p(self): return 1
        class B(A):
            def f(self): return super().f() + __class__.__name__ + super(B, self).f()
            @classmethod
            def c(cls): return super().c()
            @property
            def p(self): return super().p + 1
            def __setattr__(self, n, v): super().__setattr__(n, v * 2)
            def late(self): return [super(B, self).f() for _ in (1,)], (lambda: super(B, self).f())()
        b = B(); b.x = 4
        result = b.f(), B.c(), b.p, b.x, b.late()
    """,
    "closures": """
        def counter():
            n = 0
            def inc(by=1):
                nonlocal n
                n += by
                return n
            def drop():
                nonlocal n
                del n
            return inc, drop, lambda: n
        inc, drop, get = counter()
        inc(); inc(5)
        late = [lambda: i for i in range(3)]
        gens = [(lambda: (yield i)) for i in "ab"]
        pairs = [(lambda: (x, y)) for x, (y, *z) in [(1, (2, 3)), (4, (5,))]]
        def params(a, b=2, *c, d, **e):
            a += 1
            return lambda: (a, b, c, d, e)
        def loop():
            for k in range(3):
                def f(): return k
            with open(__file__ if False else "/dev/null") as k: pass
            return f() is k
        def unpack():
            f = lambda: (p, q, r)
            (p, [q, *r]) = 1, [2, 3]
            return f()
        result = get(), [f() for f in late], [next(g()) for g in gens], [f() for f in pairs]
        result += params(1, d=4)(), loop(), unpack()
        drop()
        get()
    """,
    "globals": """
        x = 1
        def f():
            global x, y
            x += 1
            for y in [x, 2]: pass
            x, (y, *z) = y, [x, 3]
            return x, y, z
        r = f()
        def g():
            global x
            with open("/dev/null") as x: pass
            try: 1 / 0
            except ZeroDivisionError as x: pass
            return "x" in globals()
        r2 = g()
        def h():
            global new
            import math as new
            def new(): return 1
            class new: pass
            del new
            (lambda: [new := 5 for _ in (1,)])()
        h()
        result = r, r2, "new" in globals(), [last := n for n in (1, 2)], last
        undefined
    """,
    "classes": """
        from dataclasses import dataclass, field
        from enum import Enum
        x = "global"
        class Meta(type):
            def __prepare__(name, bases, **kw): return {"prepared": kw}
            def __new__(m, name, bases, ns, **kw): return super().__new__(m, name, bases, dict(ns))
            def __init__(self, *a, **kw): pass
        class C(metaclass=Meta, k=1):
            '''doc'''
            x = x
            y: int = 3
            z: "list[int]"
            w = [x for x in range(3)]
            v = [n for n in prepared]
            __slots__ = ("a",)
            def __init_subclass__(cls, **kw): cls.kw = kw
        class D(C, opt=2): pass
        @dataclass(order=True)
        class P:
            x: int
            y: list = field(default_factory=list)
        class Color(Enum):
            RED = 1
            GREEN = RED + 1
        result = C.__doc__, C.x, C.__annotations__, C.w, C.v, D.kw, P(1) < P(2, [1]), P(1), list(Color), C.__qualname__
    """,
    "match": """
        class P:
            __match_args__ = ("x", "y")
            def __init__(self, x, y): self.x, self.y = x, y
        def f(s):
            match s:
                case [1, *rest] if rest: return "list", rest
                case {"k": v, **others}: return "map", v, others
                case P(0, y=y) | P(y, 0): return "point", y
                case str() as t: return t
                case None | True: return "const"
                case _: return "other"
        result = [f(s) for s in ([1, 2], {"k": 1, "l": 2}, P(0, 3), P(4, 0), "s", None, [1], 7)]
    """,
    "generators and coroutines": """
        import asyncio
        def g(n):
            x = yield n
            y = yield from (i for i in range(x))
            try: yield "t"
            except ValueError as e: yield str(e)
            return "end"
        it = g(1)
        log = [next(it), it.send(2), next(it), next(it), it.throw(ValueError("v"))]
        def outer(): log.append((yield from g(3)))
        class Aiter:
            def __aiter__(self): return self.gen()
            async def gen(self):
                for i in range(3): yield i
        async def main():
            async with asyncio.Lock() as lock: pass
            return [i async for i in Aiter()], [await asyncio.sleep(0, x) for x in (1, 2)]
        result = log, asyncio.run(main()), list(outer()) if False else 0
        for x in it: raise KeyError(x)
        [x for x in g("y")][3:]
    """,
    "calls": """
        def f(*a, **k): return a, k
        log = []
        def n(x): log.append(x); return x
        class Call:
            def __call__(self, *a): return a
            def __getattr__(self, name): return lambda *a: (name, a)
        c = Call()
        result = [
            f(n(1), *n([2]), k=n(3), **n({"l": 4})), n(c)(n(5)), c.any(n(6)), c.x(), max(n(1), n(2), key=lambda v: -v),
            sorted([3, 1], reverse=n(True)), (lambda *, a: a)(a=n(1)), dict(a=1, **n({"b": 2})), n([]).append(n(1)),
            "{} {x}".format(n(1), x=n(2)), list(map(n, [1, 2])), n(str)(n(5)), type("T", (), {}).__module__,
            n({}).setdefault(n(1), n([])), n([3, 1]).sort(key=n), vars().get("nothing"), print(n("out")), log[:3],
        ]
        f(**{"a": 1}, a=2)
    """,
    "comparisons and truth": """
        class L:
            def __init__(self, n): self.n = n
            def __lt__(self, o): print("lt", self.n); return self.n < o.n
            def __bool__(self): print("bool", self.n); return bool(self.n)
            def __contains__(self, x): print("in", x); return x == self.n
        a, b, c = L(1), L(2), L(0)
        result = [a < b < c, not c, (c or a) is a, (c and a) is c, 1 in a, 2 not in a]
        result += [1 < 2 < 3 != 4, [] == [] == [], [1] < [2] in [[2]]]
        if c or a: print("yes")
        while c: pass
        assert a, "never"
        [x for x in (a, c) if x if not c]
        1 < 2 < "x"
    """,
    "descriptors and hooks of attribute access": """
        class D:
            def __get__(self, o, t): print("get"); return [].append
        class A:
            d = D()
            def __getattribute__(self, n): print("getattribute", n); return super().__getattribute__(n)
        class B:
            d = D()
            def __getattr__(self, n): print("getattr", n); return lambda *a: a
            def __delattr__(self, n): print("delattr", n); super().__delattr__(n)
        a, b = A(), B()
        a.d(1); b.d(1); a.__dict__["x"] = [].append; a.x(5); a.x; b.n(2); b.x = 1; del b.x
        type(b).late = property(lambda self: "late"); B.z = 1; B.z += 1
        result = b.late, b.z, a.x.__self__, vars(a).keys(), getattr(b, "none"), hasattr(a, "none")
    """,
    "objects that answer for themselves": """
        import collections, math, array
        class A:
            def __iter__(self): print("iter"); return iter([1, 2])
            def __len__(self): print("len"); return 2
            def __bool__(self): print("bool"); return True
            def __bytes__(self): print("bytes"); return b"a"
            def __int__(self): print("int"); return 7
            def __float__(self): print("float"); return 7.5
            def __index__(self): print("index"); return 3
            def __reversed__(self): print("reversed"); return iter("r")
            def __contains__(self, x): print("contains"); return True
            def __str__(self): print("str"); return "s"
            def __hash__(self): print("hash"); return 5
            def keys(self): print("keys"); return ["k"]
            def __getitem__(self, k): print("item", k); return k
            def __abs__(self): return 9
            def __round__(self): return 10
        class B:
            def __iter__(self): print("iter"); return iter([3, 1])
        class M(collections.UserDict): pass
        a, b, m = A(), B(), M(x=2)
        result = [
            len(a), bool(a), bytes(a), bytearray(b), bytes(b), int(a), float(a), list(reversed(a)), 5 in a, str(a),
            {**a}, dict(a), collections.Counter(m), collections.Counter(b), list(a), tuple(a), set(b), frozenset(b),
            sum(b), min(b), max(b), any(b), all(b), sorted(b), math.fsum(b), math.prod(b), [*a], [x for x in a],
            list(zip(a, b)), list(map(str, a)), list(enumerate(b)), collections.deque(b), array.array("i", b), abs(a),
            round(a), [0, 1, 2, 3, 4][a], hash(a), range(a), dict.fromkeys(b), list(m), len(m), dict(m), "".join("x"),
            [].extend(b), {1}.union(b), list(iter(b)), hex(a), "%s %d" % (a, a), f"{a}", isinstance(a, A),
        ]
    """,
    "modules made by hand": """
        import types
        class M(types.ModuleType):
            def __getattribute__(self, n): print("getattribute", n); return super().__getattribute__(n)
        m, empty = M("m"), types.ModuleType.__new__(types.ModuleType)
        m.x = 1; m.x += 1; empty.y = 2
        result = m.x, vars(empty)
        del m.x, empty.y
    """,
    "an array that holds no text": """
        import array
        a = array.array("u", b"\\xff" * 8)
        result = [f(a) for f in (len, bool, array.array.tobytes)], a == a, [a] == [a]
        str(a)
    """,
    "f-strings and strings": """
        x, y, w = [1], {"a": (2,)}, 5
        result = f"{x} {y!r:>{w * 3}} {w=} {x + x} {[n for n in x]}", "%s %s" % (x, y), "%(a)s" % y, f"{y['a']}"
    """,
    "walrus and subscripts": """
        x = [1, 2, 3]; d = {}
        def f():
            a = x
            r = a[(a := [7, 8])[0] - 7], a[(n := 1)], a[n:], a[-1:(n := 2)]
            a[(k := 0)] += (k := k + 5)
            d[k, n], (b, *e) = 1, a
            del a[0], d[5, 2]
            a[:] = [*a, *x]
            return r, a, b, e, k, n
        result = f(), x[::-1], [y := 1, y ** 2], (lambda: (z := 3) + z)()
        x[1][2]
    """,
    "names kept": """
        def f(a, b: int = 1, *, c=[]) -> "str":
            '''doc'''
            x = 1
            def g(): return x
            return sorted(locals()), g.__qualname__, g.__closure__[0].cell_contents
        lam = lambda: 0
        result = f(1), f.__doc__, f.__annotations__, f.__defaults__, f.__kwdefaults__, lam.__name__
        result += f.__code__.co_varnames
    """,
    "exec and eval": """
        x = 1
        def f(y):
            exec("z = x + y", globals(), {"y": y})
            ns = {}
            exec("def g(): return x", globals(), ns)
            return eval("x + y"), ns["g"](), [eval("x") for _ in (1,)]
        result = f(2), eval(compile("x * 3", "", "eval"))
    """,
    "except*": """
        def f():
            try: raise ExceptionGroup("g", [ValueError(1), KeyError("k")])
            except* ValueError as e: x = e.exceptions
            except* KeyError as k: y = k.exceptions[0].args
            return x, y
        result = f()
        raise f
    """,
    "del and finally": """
        def f():
            x = y = z = [1]
            g = lambda: (x, y)
            del x, z
            try: return g()
            finally: del y
        f()
    """,
    "unpacking errors": "def f():\n a, b = [1, 2, 3]\nf()",
    "error in iteration": "def f(d):\n for k in d:\n  d[k + 1] = 1\nf({1: 1})",
    "error in a C function": "def f(x):\n x.l = []\n return x.l.pop(\n  int('7'))\nclass A: pass\nf(A())",
    "error in an item": "class A: pass\na = A()\na.d = {}\ndef f(): a.d[str(1)]\nf()",
    "error in an operator": "class A: pass\na = A()\na.x = 1\ndef f():\n a.x += (\n  'text')\nf()",
    "deep recursion": "def f(n): return 0 if not n else 1 + f(n - 1)\nresult = f(800)",
    "future": """
        from __future__ import annotations
        def f(x: unknown.y[0]) -> [a for a in b]: pass
        result = f.__annotations__
    """,
}
if NEW:
    PROGRAMS["type parameters"] = """
        type Pair[T] = tuple[T, T]
        def f[T: int, *Ts, **P](x: T) -> T:
            def g(): return T
            return T.__name__, g() is T
        class C[T](list[T]):
            y = [T for _ in (1,)]
            def m[U](self, u: U): return T, U, __class__
        result = f(1), Pair[int].__value__, C.__type_params__, len(C().m(1)), C.__orig_bases__, f.__type_params__
    """
