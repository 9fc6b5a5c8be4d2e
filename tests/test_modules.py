"""Imports in a program's private world: what a package of many files shows there is what plain Python shows."""

from __future__ import annotations

import builtins
import os
import subprocess
import sys
from pathlib import Path
from textwrap import dedent

import pytest

from harness.execution import Runner
from harness.strategies import Profile, make
from harness.world.program import load_program

PACKAGE = {
    "__init__": """
        from . import stock
        from .sub import deep as below, VALUE
        from .stock import *
        __version__ = "1"
        def __getattr__(name):
            if name == "late":
                import shop.late
                return shop.late
            raise AttributeError(name)
        """,
    "stock": """
        __all__ = ["apples", "_kept"]
        import shop
        apples, pears, _kept = 3, 4, 5
        def of_package():
            return shop.__version__, __name__, __package__
        """,
    "late": "from shop.sub.deep import up\nloaded = True\n",
    "sub/__init__": "VALUE = 'value of sub'\n",
    "sub/deep": """
        import importlib, sys
        from .. import stock as st
        from ..stock import apples as a
        from . import VALUE
        up = importlib.import_module("..stock", __package__)
        me = sys.modules[__name__]
        """,
    "circle/__init__": "from . import one\n",
    "circle/one": "from . import two\nname = 'one'\n",
    "circle/two": "import shop.circle.one as other\ndef look(): return other.name\n",
    "loose/file": "here = __name__\n",
    "broken": "import no_such_module_at_all\n",
}

PROGRAM = """
    import sys
    import shop.sub.deep as d
    import shop
    def tried(statement):
        try:
            exec(statement, {"__name__": "somewhere"})
        except ImportError as error:
            return type(error).__name__, str(error).partition(" (")[0], error.name
    def main():
        from shop import circle, apples
        from shop.circle.two import look
        import shop.loose.file
        star = {}
        exec("from shop import *", star)
        for shown in [
            d is shop.sub.deep is shop.below, d.st is shop.stock is d.up, d.a, d.VALUE, d.me is d, apples,
            hasattr(shop, "pears"), hasattr(shop, "_kept"), shop.stock.of_package(), look(), shop.loose.file.here,
            shop.late.loaded, shop.late.up is shop.stock, sorted(n for n in star if n != "__builtins__"),
            d.__spec__.name, shop.__spec__.parent, shop.sub.__spec__.submodule_search_locations == shop.sub.__path__,
            tried("import shop.nothing"), tried("import shop.stock.more"), tried("from shop import nothing"),
            tried("from shop.stock import nothing"), tried("import shop.broken"), tried("from . import x"),
            tried("import sys.path"), tried("import threading.more"), sys.modules["shop"] is shop,
        ]:
            print(shown)
    if __name__ == "__main__":
        main()
    """


@pytest.fixture
def installed(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A program, and a package that does not lie beside it."""
    site = tmp_path / "site"
    for name, source in PACKAGE.items():
        path = site / "shop" / f"{name}.py"
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(dedent(source))
    monkeypatch.syspath_prepend(str(site))
    monkeypatch.setenv("PYTHONPATH", str(site), prepend=os.pathsep)
    program = tmp_path / "program.py"
    program.write_text(dedent(PROGRAM))
    return program


def test_a_package_of_many_files_is_imported_as_in_plain_python(installed: Path) -> None:
    done = subprocess.run([sys.executable, str(installed)], capture_output=True, text=True, timeout=60, check=True)
    execution = Runner(load_program(installed), instrumented=("shop",)).run(make("fair", 0, Profile()))
    assert (execution.outcome.value, execution.message) == ("passed", "")
    assert execution.output.splitlines() == done.stdout.splitlines()
    assert len(done.stdout.splitlines()) == 26


def test_what_the_host_imports_by_name_is_the_programs_and_new_in_each_execution(installed: Path) -> None:
    """Entry points do this. The host's own copy of it would have another base class, and real locks."""
    (installed.parent / "site" / "shop" / "plugin.py").write_text("from threading import Lock\nimport shop.stock\n")
    program = installed.with_name("plugins.py")
    program.write_text(
        dedent("""
        import pkgutil, threading
        import shop
        def main():
            plugin = pkgutil.resolve_name("shop.plugin")
            return plugin is shop.plugin, plugin.Lock is threading.Lock, plugin.shop is shop, plugin.__spec__.name
        """)
    )
    runner = Runner(load_program(program), instrumented=("shop",))
    for _ in range(2):
        execution = runner.run(make("fair", 0, Profile()))
        assert (execution.message, execution.result) == ("", "(True, True, True, 'shop.plugin')")
    assert not [finder for finder in sys.meta_path if type(finder).__name__ == "ForHost"]


def test_a_standard_module_that_changes_the_builtins_changes_the_programs(tmp_path: Path) -> None:
    program = tmp_path / "program.py"
    program.write_text("import gettext\ngettext.install('shop')\ndef main(): return _('hello')\n")
    before = vars(builtins).get("_")
    execution = Runner(load_program(program)).run(make("fair", 0, Profile()))
    assert (execution.outcome.value, execution.result) == ("passed", "'hello'")
    assert vars(builtins).get("_") is before


def test_pools_of_processes_are_the_hosts_and_change_nothing_about_the_pool_of_threads(tmp_path: Path) -> None:
    program = tmp_path / "program.py"
    program.write_text(
        dedent("""
        from concurrent.futures.thread import BrokenThreadPool, ThreadPoolExecutor
        import concurrent.futures.process
        def fail():
            raise ValueError("not today")
        def main():
            with ThreadPoolExecutor(1, initializer=fail) as pool:
                try:
                    pool.submit(print).result()
                except BrokenThreadPool:
                    return "broken"
        """)
    )
    execution = Runner(load_program(program)).run(make("fair", 0, Profile()))
    assert (execution.outcome.value, execution.result) == ("passed", "'broken'"), execution.message
