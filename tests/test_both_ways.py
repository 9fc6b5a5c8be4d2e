"""Ordinary modules of CPython's own tests do the same with and without hooks, on one thread.

What may differ is named, with its reason: it is about frames, bytecode, reference counts or the recursion limit, and
not about what a program means. Modules that are about nothing else (test_code, test_compile, test_dis, test_peepholer,
test_sys_settrace) are not run. Nor are test_exceptions, which sets the recursion limit a few frames above where it is,
and test_builtin, whose docstrings belong to the interpreter's own builtins.
"""

from __future__ import annotations

import builtins
import importlib.util
import io
import os
import subprocess
import sys
import tokenize
import types
import unittest
from contextlib import redirect_stderr, redirect_stdout
from pathlib import Path
from typing import Any

import pytest

from harness.world.access import hooks
from harness.world.instrument import instrument
from tests.recording import ignore

ROOT = Path(__file__).resolve().parent.parent

CHEAP = """
    abc abstract_numbers augassign baseexception binop bool class cmd codeop colorsys contains contextlib
    contextlib_async copy copyreg dataclasses decorators defaultdict descrtut dictcomps dictviews
    dynamicclassattribute email.test_policy except_star exception_group exception_hierarchy exception_variations
    extcall flufl fnmatch format fractions funcattrs generator_stop generators genericclass genexps grammar graphlib
    hmac html http_cookies index int_literal isinstance iter iterlen json.test_decode json.test_dump json.test_fail
    keyword keywordonlyarg linecache list listcomps mailcap metaclass mimetypes named_expressions netrc patma
    pep646_syntax positional_only_arg pprint print property pulldom quopri raise reprlib richcmp scope secrets
    setcomps shelve string string_literals stringprep structseq subclassinit super textwrap tomllib.test_data
    tomllib.test_error type_annotations type_cache typechecks unary unpack unpack_ex userlist with yield_from
""".split()  # noqa: SIM905

DEAR = """
    argparse array ast base64 bisect bytes calendar call cmath codecs collections compare complex
    configparser context coroutines csv datetime deque descr dict difflib email.test_headerregistry
    email.test_message enum enumerate float frame fstring functools gc genericalias gettext
    glob hash heapq htmlparser http_cookiejar int ipaddress itertools json.test_recursion json.test_unicode logging
    marshal math memoryio minidom modulefinder ntpath numeric_tower operator optparse ordered_dict pickle plistlib
    pow random range re sax sched set shlex slice sort strftime struct tempfile time timeit tuple types typing
    urllib urlparse userstring uuid weakset xml_etree zipfile
""".split()  # noqa: SIM905

FRAME = "counts frames: where a library function is called with keywords, one of the lab's stands in between"
COUNT = "counts references or allocations"
BUILTINS = "replaces a builtin for a module that is not rewritten: the program's builtins are its own"
MAY_DIFFER = {
    "test_vectorcall_override": "asks whether f(*args) hands on the very tuple",
    "test_vectorcall": "asks for the protocol by which C code calls a method that is loaded first",
    "test_type_lookup_mro_reference": "a class attribute's name is no string, and its __eq__ changes the bases",
    "test_sneaky_frame_object": FRAME,
    "test_find_caller_with_stacklevel": FRAME,
    "test_deprecated_modules": "a warning names the importing line by counting frames",
    "test_get_count": COUNT,
    "test_collect_garbage": COUNT,
    "test_unique_composite": "has threads of its own, and no world that runs them one at a time",
    "test_bug_xmltoolkit63": COUNT,
    "test_no_ext": BUILTINS,
    "test_text_mode_encoding": BUILTINS,
    "test_gz_ext_builtin": BUILTINS,
    "test_bz2_ext_builtin": BUILTINS,
    "test_gz_with_encoding_fake": BUILTINS,
    "test_bz2_with_encoding_fake": BUILTINS,
    "test_double_quotes": BUILTINS,
    "test_multiline_strings": BUILTINS,
    "test_some_translations": BUILTINS,
    "test_some_translations_with_context": BUILTINS,
    "test_the_alternative_interface": BUILTINS,
    "test_triple_double_quotes": BUILTINS,
    "test_triple_single_quotes": BUILTINS,
}
"""Tests, and why they may end differently."""


def private_builtins() -> dict[str, Any]:
    """A rewritten program's builtins, which `import builtins` gives it, too."""
    module = types.ModuleType("builtins", builtins.__doc__)

    def importing(
        name: str, globals: Any = None, locals: Any = None, fromlist: Any = (), level: int = 0
    ) -> types.ModuleType:
        return module if name == "builtins" else builtins.__import__(name, globals, locals, fromlist, level)

    module.__dict__.update({**vars(builtins), **hooks(ignore), "__import__": importing})
    return module.__dict__


def run(name: str, rewrite: bool) -> tuple[int, int, set[str]]:
    """How many of CPython's tests ran, how many were skipped, and which failed, but for those that may."""
    spec = importlib.util.find_spec(name)
    assert spec is not None and spec.origin is not None
    with tokenize.open(spec.origin) as file:
        source = file.read()
    module = types.ModuleType(name)
    module.__file__, module.__spec__, module.__package__ = spec.origin, spec, name.rpartition(".")[0]
    code = compile(source, spec.origin, "exec", dont_inherit=True)
    if rewrite:
        code = instrument(source, spec.origin, [])
        module.__dict__["__builtins__"] = private_builtins()
    before = sys.modules.get(name)
    sys.modules[name] = module
    result = unittest.TestResult()
    try:
        with redirect_stdout(io.StringIO()), redirect_stderr(io.StringIO()):
            exec(code, module.__dict__)
            unittest.defaultTestLoader.loadTestsFromModule(module).run(result)
    finally:
        sys.modules.pop(name)
        if before is not None:
            sys.modules[name] = before
    failed = {str(test) for test, _ in result.errors + result.failures}
    return result.testsRun, len(result.skipped), {name for name in failed if name.split()[0] not in MAY_DIFFER}


def compare(name: str) -> None:
    pytest.importorskip("test.support")
    name = f"test.test_{name}"
    try:
        found = importlib.util.find_spec(name)
    except ImportError:
        found = None
    if found is None:
        pytest.skip(f"this Python came without {name}")
    try:
        plain = run(name, rewrite=False)
    except unittest.SkipTest as reason:
        pytest.skip(str(reason))
    assert run(name, rewrite=True) == plain
    assert plain[0] > 0


@pytest.mark.parametrize("name", CHEAP)
def test_cpythons_own_tests_end_the_same_in_rewritten_source(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    compare(name)


@pytest.mark.long
@pytest.mark.timeout(900)
@pytest.mark.parametrize("name", DEAR)
def test_cpythons_own_tests_end_the_same_in_rewritten_source_where_that_takes_longer(name: str, tmp_path: Path) -> None:
    """Each in a process of its own: some leave the interpreter as they need it."""
    code = f"from tests.test_both_ways import told; told({name!r})"
    environment = {**os.environ, "PYTHONPATH": str(ROOT)}
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=tmp_path, env=environment, capture_output=True, text=True, timeout=800
    )
    assert (done.returncode, done.stdout) == (0, "the same\n"), done.stdout + done.stderr[-3000:]


def told(name: str) -> None:
    """Prints how a comparison went."""
    try:
        compare(name)
    except pytest.skip.Exception:
        pass
    except AssertionError:
        print(*(run(f"test.test_{name}", rewrite) for rewrite in (False, True)), sep="\n")
        return
    print("the same")
