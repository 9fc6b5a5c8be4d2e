"""A program's modules: private copies, found by a private `__import__`.

Three kinds of import: the lab's stand-ins (threading, time, queue …); modules that are rewritten
(the program, what lies beside it, packages named with --instrument), executed anew in each
execution; all others come from the host process, which nothing here patches.
"""

from __future__ import annotations

import builtins
import importlib
import importlib.machinery
import importlib.util
import sys
from collections.abc import Callable, Mapping
from pathlib import Path
from types import CodeType, ModuleType
from typing import Any, NamedTuple

from harness.world.instrument import Site, instrument
from harness.world.library import Library
from harness.world.program import TargetError

ON_LAB = frozenset(("sched",))
"""Standard modules that are executed on the lab's threads and clock when a program imports them."""


class Source(NamedTuple):
    """A module found on disk and rewritten."""

    code: CodeType
    path: str
    package: bool


class Modules:
    """Imports for one program. Sources are read and rewritten once, executed once per execution."""

    def __init__(self, library: Library, hooks: Mapping[str, Any], directory: Path, instrumented: tuple[str, ...]):
        self.sites: list[Site] = []
        self.files: set[str] = set()
        self._library = library
        self._hooks = hooks
        self._directory = str(directory)
        self._roots = instrumented
        self._sources: dict[str, Source | None] = {}
        self._loaded: dict[str, ModuleType] = {}
        self.started: Callable[[ModuleType], None] = lambda module: None
        builtin_names = {**vars(builtins), **hooks, "__import__": self._import}
        self._builtins = builtin_names

    def begin(self) -> None:
        """A new execution: only the stand-ins are loaded."""
        for name in [n for n, m in self._loaded.items() if sys.modules.get(n) is m]:
            del sys.modules[name]
        self._loaded = dict(self._library.begin())

    def load(self, name: str, path: Path, source: str) -> ModuleType:
        """Execute the program's own file as module `name`."""
        key = f"{name} {path}"
        if key not in self._sources:
            self._sources[key] = Source(self._rewrite(source, str(path)), str(path), False)
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
            for item in fromlist:
                if item != "*" and not hasattr(module, item) and self._is_private(f"{absolute}.{item}"):
                    self._get(f"{absolute}.{item}", missing_ok=True)
        return module

    def _is_private(self, name: str) -> bool:
        root = name.partition(".")[0]
        return (
            name in self._loaded
            or root in ON_LAB
            or name in ("concurrent", "concurrent.futures")
            or name.startswith("concurrent.futures.thread")
            or root in self._roots
            or self._beside(root)
        )

    def _beside(self, root: str) -> bool:
        if root in sys.stdlib_module_names or root == "harness":
            return False
        key = f"beside {root}"
        if key not in self._sources:
            spec = importlib.machinery.PathFinder.find_spec(root, [self._directory])
            found = spec is not None and spec.loader is not None and bool(spec.has_location)
            self._sources[key] = Source((lambda: None).__code__, "", False) if found else None
        return self._sources[key] is not None

    def _get(self, name: str, missing_ok: bool = False) -> ModuleType | None:
        if name in self._loaded:
            return self._loaded[name]
        if name.startswith("concurrent"):
            self._loaded.update(self._library.futures())
            return self._loaded[name]
        if name in ON_LAB:
            self._loaded[name] = self._library.execute(name, self._loaded)
            return self._loaded[name]
        parent, _, child = name.rpartition(".")
        owner = self._get(parent) if parent else None
        source = self._find(name, owner)
        if source is None:
            if missing_ok:
                return None
            raise ModuleNotFoundError(f"No module named {name!r}", name=name)
        module = self._run(name, source)
        if owner is not None:
            setattr(owner, child, module)
        return module

    def _find(self, name: str, owner: ModuleType | None) -> Source | None:
        if name not in self._sources:
            where = list(owner.__path__) if owner is not None else [self._directory, *sys.path]
            spec = importlib.machinery.PathFinder.find_spec(name, where)
            self._sources[name] = self._source(spec)
        return self._sources[name]

    def _source(self, spec: importlib.machinery.ModuleSpec | None) -> Source | None:
        if spec is None or spec.origin is None or not spec.origin.endswith(".py"):
            return None
        path = spec.origin
        text = importlib.util.decode_source(Path(path).read_bytes())
        return Source(self._rewrite(text, path), path, spec.submodule_search_locations is not None)

    def _rewrite(self, source: str, path: str) -> CodeType:
        self.files.add(path)
        try:
            return instrument(source, path, self.sites)
        except (SyntaxError, ValueError) as error:
            where = f"{path}:{getattr(error, 'lineno', None) or 1}"
            raise TargetError(f"{where}: syntax error: {getattr(error, 'msg', error)}") from None

    def _run(self, name: str, source: Source) -> ModuleType:
        module = ModuleType(name)
        module.__file__ = source.path
        module.__package__ = name if source.package else name.rpartition(".")[0]
        if source.package:
            module.__path__ = [str(Path(source.path).parent)]
        module.__dict__["__builtins__"] = self._builtins
        self._loaded[name] = module
        if name not in sys.modules:
            sys.modules[name] = module  # dataclasses, typing, pickle look classes' modules up there
        self.started(module)
        try:
            exec(source.code, module.__dict__)
        except BaseException:
            self._loaded.pop(name, None)
            raise
        return module


def _package(globals: Any) -> str:
    if not globals or not globals.get("__package__"):
        raise ImportError("attempted relative import with no known parent package")
    return str(globals["__package__"])
