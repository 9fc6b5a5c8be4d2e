"""The program and the modules beside it, compiled once by the harness and executed anew in every run."""

from __future__ import annotations

import base64
import builtins
import importlib
import marshal
import os
import sys
from collections.abc import Mapping, Sequence
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from importlib.util import module_from_spec, spec_from_file_location
from types import CodeType, ModuleType
from typing import Any

from harness.children.job import Home, Job


class Modules:
    """A finder for `sys.meta_path` that serves what lies in the program's directory."""

    def __init__(self, job: Job) -> None:
        self.path = job.path
        self.home = Home(job.path)
        self.builtins: Mapping[str, Any] | None = None  # names these modules see beside the usual ones
        self._mode = job.mode
        self._loaded: list[str] = []
        self._codes = {file: base64.b64decode(code) for file, code in job.codes.items()}
        self.oracle: CodeType | None = self.code(job.oracle) if job.oracle else None
        stem = os.path.splitext(os.path.basename(job.path))[0]
        name = stem if stem not in sys.modules else f"program_{stem}"
        self._program = spec_from_file_location(name, job.path, loader=_Loader(name, job.path, self))

    def code(self, filename: str) -> CodeType:
        """A new copy of the file's code: the interpreter has not yet specialised anything in it."""
        if filename not in self._codes:
            # Seldom needed, and large: with it in the memory of every child each fork would cost more.
            preparing = importlib.import_module("harness.children.preparing")
            self._codes[filename] = marshal.dumps(preparing.compiled(filename, self._mode))
        code: CodeType = marshal.loads(self._codes[filename])
        return code

    def forget(self) -> None:
        """Take what has been imported out of `sys.modules` again, so that the next run executes it anew."""
        for name in self._loaded:
            sys.modules.pop(name, None)
        self._loaded.clear()

    def find_spec(self, name: str, path: Sequence[str] | None = None, target: object = None) -> ModuleSpec | None:
        first = name.partition(".")[0]
        if first in sys.stdlib_module_names or first == "harness":
            return None
        spec = PathFinder.find_spec(name, path or [self.home.directory])
        if spec is None or not spec.origin or spec.origin not in self.home:
            return None
        if not spec.origin.endswith(".py"):
            return spec
        return spec_from_file_location(name, spec.origin, loader=_Loader(name, spec.origin, self))

    def program(self) -> ModuleType:
        """The program's module, executed; under its file's name, so that its __main__ part stays out."""
        spec = self._program
        assert spec is not None and spec.loader is not None
        module = sys.modules[spec.name] = module_from_spec(spec)
        spec.loader.exec_module(module)
        return module

    def loaded(self, name: str) -> None:
        self._loaded.append(name)


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
        exec(self.modules.code(self.path), module.__dict__)


def import_ahead(names: Sequence[str]) -> None:
    """Import what the program will, so that no child has to. What fails here will fail again, visibly, in the child."""
    for name in names:
        try:
            importlib.import_module(name)
        except Exception:  # an optional part of the library that this build lacks
            pass
