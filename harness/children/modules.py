"""The program and the modules beside it, compiled once in the warm parent and executed anew in every child."""

from __future__ import annotations

import ast
import builtins
import importlib
import marshal
import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from importlib.util import decode_source, module_from_spec, spec_from_file_location
from pathlib import Path
from types import CodeType, ModuleType
from typing import Any

from harness.children.job import Home
from harness.children.repeatable import repeatable
from harness.world.instrument import instrument

Compile = Callable[[str, str], CodeType]  # source, filename
_NEVER_AHEAD = {"antigravity", "this", "idlelib", "tkinter", "turtle", "turtledemo", "faulthandler", "sched"}


def compiler(mode: str) -> Compile:
    """How source becomes code in this mode: with scheduling points for stress, else as it is."""
    if mode == "stress":
        return lambda source, filename: instrument(source, filename, [])
    return lambda source, filename: compile(source, filename, "exec", dont_inherit=True)


class Modules:
    """A finder for `sys.meta_path` that serves what lies in one directory, compiled by `compile`."""

    def __init__(self, path: Path, source: str, oracle: Path | None, compile: Compile) -> None:
        self.path = path
        self.home = Home(path)
        self.oracle = _plainly_compiled(oracle) if oracle else None
        self.compile = compile
        self.builtins: Mapping[str, Any] | None = None  # names these modules see beside the usual ones
        self._loaded: list[str] = []
        neighbours = dict(self._neighbours(source, set()))
        self._codes = {str(path): self._compiled(source, str(path))}
        for file, text in neighbours.items():
            with suppress(SyntaxError, ValueError):  # the child that imports it will say so
                self._codes[str(file)] = self._compiled(text, str(file))
        self.repeatable = repeatable((source, *neighbours.values()), (file.stem for file in neighbours))

    def code(self, filename: str) -> CodeType:
        """A new copy of the file's code: the interpreter has not yet specialised anything in it."""
        if filename not in self._codes:
            self._codes[filename] = self._compiled(_source(Path(filename)), filename)
        code: CodeType = marshal.loads(self._codes[filename])
        return code

    def _compiled(self, source: str, filename: str) -> bytes:
        return marshal.dumps(self.compile(source, filename))

    def forget(self) -> None:
        """Take what has been imported out of `sys.modules` again, so that the next run executes it anew."""
        for name in self._loaded:
            sys.modules.pop(name, None)
        self._loaded.clear()

    def find_spec(self, name: str, path: Sequence[str] | None = None, target: object = None) -> ModuleSpec | None:
        if name.partition(".")[0] in sys.stdlib_module_names:
            return None
        spec = PathFinder.find_spec(name, path or [self.home.directory])
        if spec is None or not spec.origin or spec.origin not in self.home:
            return None
        if not spec.origin.endswith(".py"):
            return spec
        return spec_from_file_location(name, spec.origin, loader=_Loader(name, spec.origin, self))

    def program(self) -> ModuleType:
        """The program's module, executed; under its file's name, so that its __main__ part stays out."""
        name = self.path.stem if self.path.stem not in sys.modules else f"program_{self.path.stem}"
        spec = spec_from_file_location(name, str(self.path), loader=_Loader(name, str(self.path), self))
        assert spec is not None and spec.loader is not None
        module = sys.modules[name] = module_from_spec(spec)
        spec.loader.exec_module(module)
        return module

    def loaded(self, name: str) -> None:
        self._loaded.append(name)

    def _neighbours(self, source: str, seen: set[Path]) -> Iterator[tuple[Path, str]]:
        """The single-file modules beside the program that it imports by name, and those they import, with their source.

        One that is no Python is passed over: perhaps it is never imported, and if it is, that fails in the child.
        """
        for name in _imported(source):
            path = Path(self.home.directory, f"{name}.py")
            if path not in seen and path.is_file() and name not in sys.modules:
                seen.add(path)
                with suppress(SyntaxError, ValueError, OSError):
                    text = _source(path)
                    ast.parse(text)
                    yield path, text
                    yield from self._neighbours(text, seen)


class _Loader(SourceFileLoader):
    def __init__(self, name: str, path: str, modules: Modules) -> None:
        super().__init__(name, path)
        self.modules = modules

    def get_code(self, fullname: str) -> CodeType:
        return self.modules.code(self.path)

    def exec_module(self, module: ModuleType) -> None:
        self.modules.loaded(module.__name__)
        if self.modules.builtins is not None:
            module.__dict__["__builtins__"] = {**vars(builtins), **self.modules.builtins}
        super().exec_module(module)


def _source(path: Path) -> str:
    """As the interpreter reads it, in the encoding that it declares."""
    return decode_source(path.read_bytes())


def _plainly_compiled(path: Path) -> CodeType:
    return compile(path.read_bytes(), str(path), "exec")


def import_ahead(source: str, directory: str) -> None:
    """Import the standard library's modules that a program names, so that no child has to.

    Only those that nothing beside the program shadows; what fails here will fail again, visibly, in the child.
    """
    for name in _imported(source):
        shadowed = Path(directory, f"{name}.py").exists() or Path(directory, name).exists()
        if name in sys.stdlib_module_names and name not in _NEVER_AHEAD and not shadowed:
            try:
                importlib.import_module(name)
            except Exception:  # an optional part of the library that this build lacks
                pass


def _imported(source: str) -> set[str]:
    """First parts of all module names that the source imports, wherever the statement stands."""
    names: set[str] = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            names.update(alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            names.add(node.module.partition(".")[0])
    return names
