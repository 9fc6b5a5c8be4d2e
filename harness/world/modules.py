"""A program's modules: private copies, found by a private `__import__`.

Four kinds of import: the lab's stand-ins (threading, time, queue, random …); modules that are
rewritten (the program, what lies beside it, packages named with --instrument); standard modules that
are executed as they are, but on the lab's threads, clock, chance and builtins (`ON_LAB`); all others come from the
host process, which nothing here patches. The first three are executed anew in each execution.
"""

from __future__ import annotations

import builtins
import importlib
import importlib.machinery
import importlib.util
import sys
from collections.abc import Callable, Hashable, Iterable, Mapping
from importlib.machinery import ModuleSpec
from pathlib import Path
from types import CodeType, ModuleType
from typing import Any, NamedTuple

from harness.task import Task
from harness.trace import Operation
from harness.world.library import Library
from harness.world.program import TargetError
from harness.world.rewriting import Rewriting
from harness.world.standins import Identities, StandIns

ON_LAB = frozenset(("sched", "logging", "secrets", "gettext"))
"""Standard modules that are executed on the lab's stand-ins when a program imports them."""

_MISSING: Any = object()


class Source(NamedTuple):
    """A module found on disk. `spec` is None for the program itself."""

    code: CodeType
    path: str | None
    spec: ModuleSpec | None
    hooked: bool


class _Initializing:
    """Held by the thread that executes a module: others that import it wait, as for CPython's module lock."""

    token = None

    def __init__(self, releaser: Task) -> None:
        self.held = True
        self.releaser = releaser


class Modules:
    """Imports for one program. Sources are read and rewritten once, executed once per execution."""

    def __init__(
        self,
        library: Library,
        hooks: Mapping[str, Any],
        rewriting: Rewriting,
        directory: Path,
        instrumented: tuple[str, ...],
        access: Callable[[str, Any, Hashable, int], None],
        not_seen: Callable[[str, int, bool], None],
    ) -> None:
        self.files = rewriting.files
        self._rewrite = rewriting.rewrite
        self._library = library
        self._scheduler = library.scheduler
        self._directory = str(directory)
        self._sources: dict[str, Source | None] = {}
        self._beside: dict[str, bool] = {}
        self._loaded: dict[str, ModuleType] = {}
        self._hidden: dict[str, Any] = {}
        self._initializing: dict[str, _Initializing] = {}
        self._awaited: dict[Task, _Initializing] = {}
        self.started: Callable[[ModuleType], None] = lambda module: None
        self._identities = Identities(self._scheduler)
        self._plain = {**vars(builtins), "__import__": self._import, "id": self._identities.id}
        self._own_builtins = {**self._plain, **hooks}
        self._builtins_module = ModuleType("builtins", builtins.__doc__)
        self._builtins = self._builtins_module.__dict__
        self._standins = StandIns(
            self._scheduler, library.time.time, library.RLock, self._import_module, access, not_seen
        )
        self._roots = frozenset(self._root(name) for name in instrumented)
        self._for_host = ForHost(self)

    def begin(self) -> None:
        """A new execution: only the stand-ins are loaded."""
        for name, module in self._hidden.items():
            if module is _MISSING:
                sys.modules.pop(name, None)
            else:
                sys.modules[name] = module
        self._hidden.clear()
        self._initializing.clear()
        self._awaited.clear()
        self._identities.begin()
        self._loaded = {}
        self._loaded = self._library.begin()
        if self._builtins != self._own_builtins:  # the program has replaced some
            self._builtins.clear()
            self._builtins.update(self._own_builtins)
        self._loaded["builtins"] = self._builtins_module
        sys.meta_path.insert(0, self._for_host)

    def end(self) -> None:
        """The execution is over."""
        if self._for_host in sys.meta_path:
            sys.meta_path.remove(self._for_host)

    def load(self, name: str, path: Path, source: str) -> ModuleType:
        """Execute the program's own file as module `name`."""
        key = f"{name} {path}"
        if key not in self._sources:
            self._sources[key] = Source(self._rewrite(source, str(path)), str(path), None, True)
        found = self._sources[key]
        assert found is not None
        return self._run(name, found)

    def loaded(self) -> list[ModuleType]:
        """The rewritten modules of this execution, in the order of their import."""
        return [m for m in self._loaded.values() if getattr(m, "__file__", None) in self.files]

    def _import(self, name: str, globals: Any = None, locals: Any = None, fromlist: Any = (), level: int = 0) -> Any:
        absolute = importlib.util.resolve_name("." * level + name, _package(globals)) if level else name
        if not self._is_private(absolute):
            return builtins.__import__(name, globals, locals, fromlist, level)
        module = self._get(absolute)
        if not fromlist:
            return self._loaded[absolute.partition(".")[0]]
        if hasattr(module, "__path__"):
            self._submodules(module, absolute, fromlist)
        return module

    def _import_module(self, name: str) -> Any:
        """`importlib.import_module` of an absolute name."""
        return self._get(name) if self._is_private(name) else importlib.import_module(name)

    def _submodules(self, package: ModuleType, name: str, wanted: Iterable[str]) -> None:
        """What `from package import …` names may be modules that were not imported yet."""
        for item in wanted:
            if item == "*":
                self._submodules(package, name, [n for n in getattr(package, "__all__", ()) if n != "*"])
            elif not hasattr(package, item) and self._is_private(f"{name}.{item}"):
                try:
                    self._get(f"{name}.{item}")
                except ModuleNotFoundError as error:
                    if error.name != f"{name}.{item}":
                        raise

    def _root(self, name: str) -> str:
        """The top-level package that --instrument names. Raises TargetError."""
        root = name.partition(".")[0]
        if root in ("_thread", "_threading_local"):
            raise TargetError(f"--instrument {name}: the lab has its own {root}")
        if _search(root, [self._directory, *sys.path]) is None:
            raise TargetError(f"--instrument {name}: there is no module {root!r}")
        return root

    def _is_private(self, name: str) -> bool:
        root = name.partition(".")[0]
        return (
            name in self._loaded
            or root in self._standins.names
            or root in self._roots
            or root in ON_LAB
            or root == "concurrent"
            or name == "_queue"
            or self._lies_beside(root)
        )

    def _lies_beside(self, root: str) -> bool:
        if root in sys.stdlib_module_names or root == "harness":
            return False
        if root not in self._beside:
            spec = importlib.machinery.PathFinder.find_spec(root, [self._directory])
            self._beside[root] = spec is not None and spec.loader is not None and bool(spec.has_location)
        return self._beside[root]

    def _get(self, name: str) -> ModuleType:
        """The module, imported if it is not yet, as is every package that it is in."""
        if name in self._loaded:
            return self._ready(name)
        root, _, rest = name.partition(".")
        parent, _, child = name.rpartition(".")
        owner = self._get(parent) if parent else None
        if name in self._loaded:  # its package has imported it
            return self._ready(name)
        if owner is not None and not hasattr(owner, "__path__") and root not in self._standins.names:
            raise ModuleNotFoundError(f"No module named {name!r}; {parent!r} is not a package", name=name)
        if root in self._standins.names:
            module = importlib.import_module(name) if rest else self._standins.load(name)
        elif root == "concurrent":
            module = self._concurrent(name)
        else:
            module = self._own(name, owner)
        self._loaded[name] = module
        if owner is not None:
            setattr(owner, child, module)
        return module

    def _concurrent(self, name: str) -> ModuleType:
        if name != "concurrent":  # what is not imported with it, processes, is outside of the lab
            return importlib.import_module(name)
        self._loaded.update(self._library.futures())
        return self._loaded[name]

    def _own(self, name: str, owner: ModuleType | None) -> ModuleType:
        if name == "_queue":
            raise ModuleNotFoundError("the lab has the pure-Python queue", name=name)
        source = self._find(name, owner)
        if source is None:
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
        if source.path is None and source.code is _EXTENSION:
            return importlib.import_module(name)
        scheduler = self._scheduler
        if scheduler.active and len(scheduler.live) > 1:
            scheduler.current.subject = None
            scheduler.point(Operation("import", ("module", name)))
            if name in self._loaded:
                return self._ready(name)
        return self._run(name, source)

    def _ready(self, name: str) -> ModuleType:
        """A module that is there, but that another thread may be executing still.

        Where each of two threads waits for the other's module, one gets it half-way, as in CPython.
        """
        me, busy = self._scheduler.current, self._initializing.get(name)
        self._scheduler.touch(("module", name), "r")
        if busy is not None and busy.releaser is not me:
            other: _Initializing | None = busy
            while other is not None and other.releaser is not me:
                other = self._awaited.get(other.releaser)
            if other is None:
                self._awaited[me] = busy
                try:
                    self._scheduler.block(busy)
                finally:
                    del self._awaited[me]
                return self._get(name)  # what was executed may have failed
        return self._loaded[name]

    def rewrites(self, name: str) -> bool:
        """True if that is a module of the program's own, or of a package that is rewritten, and written in Python."""
        root, (parent, _, _) = name.partition(".")[0], name.rpartition(".")
        if not (root in self._roots or self._lies_beside(root)) or (parent and parent not in self._loaded):
            return False
        source = self._find(name, self._loaded.get(parent))
        return source is not None and source.code is not _EXTENSION

    def imported(self, name: str) -> ModuleType:
        """The module of that name, which `rewrites`, imported now if need be."""
        return self._get(name)

    def _find(self, name: str, owner: ModuleType | None) -> Source | None:
        if name not in self._sources:
            where = list(owner.__path__) if owner is not None else [self._directory, *sys.path]
            self._sources[name] = self._source(name, _search(name, where))
        return self._sources[name]

    def _source(self, name: str, spec: ModuleSpec | None) -> Source | None:
        if spec is None:
            return None
        if spec.origin is None and spec.submodule_search_locations is not None:  # a package without a file
            return Source(compile("", name, "exec"), None, spec, True)
        if spec.origin is None or not spec.origin.endswith(".py"):
            return Source(_EXTENSION, None, spec, False)
        hooked = name.partition(".")[0] not in ON_LAB - self._roots
        text = importlib.util.decode_source(Path(spec.origin).read_bytes())
        code = self._rewrite(text, spec.origin) if hooked else compile(text, spec.origin, "exec", dont_inherit=True)
        return Source(code, spec.origin, spec, hooked)

    def _run(self, name: str, source: Source) -> ModuleType:
        module = _made(name, source)
        module.__dict__["__builtins__"] = self._builtins if source.hooked else self._plain
        self._loaded[name] = module
        if source.hooked:  # the host's own modules must never find one that stands on the lab's locks
            self._show(name, module, source.spec is None)
            self.started(module)
        busy = self._initializing[name] = _Initializing(self._scheduler.current)
        self._scheduler.touch(("module", name))
        try:
            exec(source.code, module.__dict__)
        except BaseException:
            if self._loaded.get(name) is module:
                del self._loaded[name]
            raise
        finally:
            busy.held = False
            self._initializing.pop(name, None)
        return module

    def _show(self, name: str, module: ModuleType, program: bool) -> None:
        """dataclasses, typing, pickle look classes' modules up in `sys.modules`; a program hides no standard module."""
        if program and (name in sys.modules or name in sys.stdlib_module_names):
            return
        self._hidden.setdefault(name, sys.modules.get(name, _MISSING))
        sys.modules[name] = module


class ForHost:
    """Finds the program's modules for what the host imports by name: entry points, pickles, `pkgutil.resolve_name`.

    The host would execute them unrewritten, and keep them from one execution to the next.
    """

    def __init__(self, modules: Modules) -> None:
        self._modules = modules

    def find_spec(self, name: str, path: Any = None, target: Any = None) -> ModuleSpec | None:
        """As a finder of `sys.meta_path` does it."""
        return ModuleSpec(name, _Loader(self._modules)) if self._modules.rewrites(name) else None  # type: ignore[arg-type]


class _Loader:
    """Lets the world do all of it."""

    def __init__(self, modules: Modules) -> None:
        self._modules = modules
        self._spec: ModuleSpec | None = None

    def create_module(self, spec: ModuleSpec) -> ModuleType:
        module = self._modules.imported(spec.name)
        self._spec = module.__spec__
        return module

    def exec_module(self, module: ModuleType) -> None:
        module.__spec__ = self._spec  # importlib has put its own there


_EXTENSION = compile("", "", "exec")


def _search(name: str, where: list[str]) -> ModuleSpec | None:
    spec = importlib.machinery.PathFinder.find_spec(name, where)
    if spec is None and "." not in name:  # an editable installation has a finder of its own
        finders = [finder for finder in sys.meta_path if hasattr(finder, "find_spec") and type(finder) is not ForHost]
        specs = (finder.find_spec(name, None) for finder in finders)
        spec = next((found for found in specs if found is not None), None)
    return spec


def _made(name: str, source: Source) -> ModuleType:
    spec = source.spec
    if spec is not None:
        spec = ModuleSpec(name, spec.loader, origin=spec.origin, is_package=spec.submodule_search_locations is not None)
        if source.spec is not None and source.spec.submodule_search_locations is not None:
            spec.submodule_search_locations = list(source.spec.submodule_search_locations)
        spec.has_location = source.path is not None
        return importlib.util.module_from_spec(spec)
    module = ModuleType(name)
    module.__file__, module.__package__ = source.path, name.rpartition(".")[0]
    return module


def _package(globals: Any) -> str:
    """What a relative import starts from, as importlib finds it."""
    names = globals or {"__name__": ""}
    package = names.get("__package__")
    if package is None:
        package = names["__name__"] if "__path__" in names else names["__name__"].rpartition(".")[0]
    if not package:
        raise ImportError("attempted relative import with no known parent package")
    return str(package)
