"""Whether a program can be run again in the same process as if the process were new.

A fork per run costs milliseconds, most of them page faults, and it is needed only for what a run leaves behind in
its process. A program leaves nothing behind but threads (which are seen at run time) if it imports only modules that
keep no state for it, or of `os` and `sys` uses only what keeps none, changes none of them, and has no way round that.
This is decided from the source and errs on the side of a new process.

What a run leaves outside of its process, files say, no fork undoes. Its output is taken after each run, the main
thread and random numbers are made as new before each (performance.py).
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator

_words = str.split

# Modules in which an ordinary use changes nothing that a later run could see. (`random` is seeded before each run.)
_CLEAN = frozenset(
    _words(
        "__future__ abc argparse array base64 binascii bisect cmath collections concurrent contextlib contextvars copy"
        " dataclasses datetime decimal enum fractions functools graphlib hashlib heapq itertools json math numbers"
        " operator pprint queue random re secrets statistics string struct textwrap threading time traceback types"
        " typing uuid zlib"
    )
)
# What may be used of modules that are one with the process: what only asks, ends this thread, or changes files.
_HARMLESS = {
    "os": frozenset(
        _words(
            "path sep linesep name curdir pardir extsep altsep pathsep devnull fspath fsencode fsdecode PathLike"
            " getpid getppid getcwd getenv environ cpu_count process_cpu_count sched_getaffinity urandom"
            " listdir scandir stat lstat walk access mkdir makedirs rmdir removedirs remove unlink rename replace"
            " sched_yield strerror cpu_count uname getuid getlogin times"
        )
    ),
    "sys": frozenset(
        _words(
            "exit exc_info exception stdout stderr maxsize maxunicode byteorder float_info int_info hash_info platform"
            " version version_info hexversion implementation executable getrefcount getsizeof getrecursionlimit"
            " getswitchinterval getdefaultencoding getfilesystemencoding intern _is_gil_enabled"
        )
    ),
}
# Of these in turn only so much: the rest would change them.
_ONLY = {
    "environ": frozenset(("get", "items", "keys", "values")),
    "stdout": frozenset(("write", "flush", "isatty", "fileno")),
    "stderr": frozenset(("write", "flush", "isatty", "fileno")),
}
# Functions by which a program could change a module after all, or keep a file open.
_SUSPECT_NAMES = frozenset(
    _words(
        "setattr delattr exec eval globals vars compile open input breakpoint __import__ __builtins__ __del__ finalize"
    )
)
# Attributes that lead out of a program's own modules, or to settings of the whole process.
_SUSPECT_ATTRIBUTES = frozenset(
    _words(
        "__dict__ __del__ __globals__ __builtins__ finalize getcontext setcontext stack_size settrace setprofile"
        " settrace_all_threads setprofile_all_threads excepthook ProcessPoolExecutor sys os modules"
    )
)


def repeatable(sources: Iterable[str], beside: Iterable[str]) -> bool:
    """True if the program made of these sources can be run again in one process. beside: names of its own modules."""
    own = set(beside)
    return all(_leaves_nothing(ast.parse(source), own) for source in sources)


def _leaves_nothing(tree: ast.Module, own: set[str]) -> bool:
    tree.body = [statement for statement in tree.body if not is_script_part(statement)]
    imported: set[str] = set()
    watched: dict[str, str] = {}
    for node in ast.walk(tree):
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            if not all(_is_clean(node, module, own) for module in _modules(node)):
                return False
            imported.update((alias.asname or alias.name).partition(".")[0] for alias in node.names)
            watched.update(_watched(node))
    return not any(_is_suspect(node, imported) for node in ast.walk(tree)) and _used_harmlessly(tree, watched)


def _modules(node: ast.Import | ast.ImportFrom) -> Iterator[str]:
    if isinstance(node, ast.Import):
        yield from (alias.name for alias in node.names)
    else:
        yield "." if node.level else node.module or "."


def _is_clean(node: ast.Import | ast.ImportFrom, module: str, own: set[str]) -> bool:
    first = module.partition(".")[0]
    if isinstance(node, ast.ImportFrom) and module in _HARMLESS:
        return all(alias.name in _HARMLESS[module] and alias.name not in _ONLY for alias in node.names)
    return first in _CLEAN or first in own or module in (*_HARMLESS, "os.path")


def _watched(node: ast.Import | ast.ImportFrom) -> Iterator[tuple[str, str]]:
    """(name, module) for each name by which `os` or `sys` themselves are known."""
    for alias in node.names if isinstance(node, ast.Import) else ():
        module = alias.name if alias.asname else alias.name.partition(".")[0]
        if module in _HARMLESS:
            yield alias.asname or module, module


def is_script_part(statement: ast.stmt) -> bool:
    """`if __name__ == "__main__":` is never executed here."""
    if not isinstance(statement, ast.If):
        return False
    return any(isinstance(node, ast.Name) and node.id == "__name__" for node in ast.walk(statement.test))


def _is_suspect(node: ast.AST, imported: set[str]) -> bool:
    if isinstance(node, ast.Name):
        return node.id in _SUSPECT_NAMES
    if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
        return node.name == "__del__"
    if isinstance(node, ast.alias):
        return node.name.rpartition(".")[2] in _SUSPECT_ATTRIBUTES | _SUSPECT_NAMES and node.name not in _HARMLESS
    if not isinstance(node, (ast.Attribute, ast.Subscript)):
        return False
    of_a_module = _root(node) in imported
    changes = isinstance(node.ctx, (ast.Store, ast.Del)) and of_a_module
    if not isinstance(node, ast.Attribute):
        return changes
    private = of_a_module and node.attr.startswith("_") and node.attr != "_is_gil_enabled"
    return changes or private or node.attr in _SUSPECT_ATTRIBUTES


def _used_harmlessly(tree: ast.Module, watched: dict[str, str]) -> bool:
    """Whether `os` and `sys` occur as `os.getpid` and the like only, and never by themselves."""
    held = {id(node.value): node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
    read = {id(node.value) for node in ast.walk(tree) if isinstance(node, ast.Subscript)}
    printed_to = {
        id(word.value)
        for node in ast.walk(tree)
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Name) and node.func.id == "print"
        for word in node.keywords
        if word.arg == "file"
    }
    for node in ast.walk(tree):
        if isinstance(node, ast.Name) and node.id in watched and held.get(id(node)) not in _HARMLESS[watched[node.id]]:
            return False
        if isinstance(node, ast.Attribute) and node.attr in _ONLY and _root(node) in watched:
            simple = id(node) in printed_to or (node.attr == "environ" and id(node) in read)
            if not simple and held.get(id(node)) not in _ONLY[node.attr]:
                return False
    return True


def _root(node: ast.AST) -> str:
    """The name that a chain of attributes and subscripts starts from."""
    while isinstance(node, (ast.Attribute, ast.Subscript)):
        node = node.value
    return node.id if isinstance(node, ast.Name) else ""
