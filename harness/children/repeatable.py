"""Whether a program can be run again in the same process as if the process were new.

A fork per run costs milliseconds, most of them page faults, and it is needed only for what a run leaves behind in
its process. A program leaves nothing behind but threads (which are seen at run time) if it imports only modules that
keep no state for it, changes none of them, and has no way round that. This is decided from the source and errs on
the side of a new process.
"""

from __future__ import annotations

import ast
from collections.abc import Iterable, Iterator

_words = str.split

# Modules in which an ordinary use changes nothing that a later run could see. (`random` is seeded before each run.)
_CLEAN = frozenset(
    _words(
        "__future__ abc bisect collections concurrent contextlib copy dataclasses datetime decimal enum fractions"
        " functools hashlib heapq itertools json math numbers operator queue random re statistics string textwrap"
        " threading time traceback types typing uuid zlib"
    )
)
# Functions by which a program could change a module after all, or print (whose output was it?).
_SUSPECT_NAMES = frozenset(
    _words(
        "setattr delattr exec eval globals vars compile open print input breakpoint"
        " __import__ __builtins__ __del__ finalize"
    )
)
# Attributes that lead out of a program's own modules, or to settings of the whole process.
_SUSPECT_ATTRIBUTES = frozenset(
    _words(
        "__dict__ __del__ finalize getcontext setcontext stack_size settrace setprofile settrace_all_threads"
        " setprofile_all_threads excepthook _python_exit print_exc print_exception print_stack print_tb"
        " ProcessPoolExecutor sys os modules"
    )
)


def repeatable(sources: Iterable[str], beside: Iterable[str]) -> bool:
    """True if the program made of these sources can be run again in one process. beside: names of its own modules."""
    own = set(beside)
    return all(_leaves_nothing(ast.parse(source), own) for source in sources)


def _leaves_nothing(tree: ast.Module, own: set[str]) -> bool:
    tree.body = [statement for statement in tree.body if not _is_script_part(statement)]
    imported: set[str] = set()
    for node in ast.walk(tree):
        if isinstance(node, (ast.Import, ast.ImportFrom)):
            if not {name.partition(".")[0] for name in _modules(node)} <= _CLEAN | own:
                return False
            imported.update((alias.asname or alias.name).partition(".")[0] for alias in node.names)
    return not any(_is_suspect(node, imported) for node in ast.walk(tree))


def _modules(node: ast.Import | ast.ImportFrom) -> Iterator[str]:
    if isinstance(node, ast.Import):
        yield from (alias.name for alias in node.names)
    else:
        yield "." if node.level else node.module or "."


def _is_script_part(statement: ast.stmt) -> bool:
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
        return node.name.rpartition(".")[2] in _SUSPECT_ATTRIBUTES | _SUSPECT_NAMES
    if not isinstance(node, (ast.Attribute, ast.Subscript)):
        return False
    changes = isinstance(node.ctx, (ast.Store, ast.Del)) and _root(node) in imported
    return changes or (isinstance(node, ast.Attribute) and node.attr in _SUSPECT_ATTRIBUTES)


def _root(node: ast.AST) -> str:
    """The name that a chain of attributes and subscripts starts from."""
    while isinstance(node, (ast.Attribute, ast.Subscript)):
        node = node.value
    return node.id if isinstance(node, ast.Name) else ""
