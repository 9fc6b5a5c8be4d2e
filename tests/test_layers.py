"""The house's floors hold: imports go downward, in no circle, and the harness needs the standard library only."""

from __future__ import annotations

import ast
import sys
from collections.abc import Iterator
from pathlib import Path

from harness.strategies import STRATEGIES

ROOT = Path(__file__).resolve().parent.parent
HARNESS = ROOT / "harness"

# Floor by name below harness/ (a package's name covers all in it). What is not listed is an error:
# a new room has to say where in the house it is.
FLOORS: dict[str, int] = {
    "__init__": 7,
    "__main__": 7,
    "commands": 6,
    "reproduce": 6,
    "report": 6,
    "corpus": 6,
    "laws": 6,
    "workshop": 6,
    "campaign": 5,
    "explore": 5,
    "search": 5,
    "laboratory": 5,
    "crew": 5,
    "worker": 5,
    "watchdog": 5,
    "guards": 5,
    "memory": 5,
    "crashes": 5,
    "prctl": 5,
    "execution": 5,
    "recording": 5,
    "minimize": 5,
    "patience": 5,
    "discriminate": 5,
    "explain": 5,
    "critical": 5,
    "swaps": 5,
    "debugger": 5,
    "stress": 5,
    "children": 5,
    "rates": 5,
    "budget": 5,
    "world": 4,
    "scheduler": 3,
    "carriers": 3,
    "bypasses": 3,
    "steps": 3,
    "task": 3,
    "unwinding": 3,
    "strategies": 2,
    "detectors": 2,
    "schedule": 1,
    "trace": 1,
    "outcome": 1,
}

# What taking turns means is said once, for the strategies and for the tail in which loops are looked for.
COMMON_GROUND = {"harness.strategies.turns"}


def modules() -> dict[str, Path]:
    return {name(path): path for path in sorted(HARNESS.rglob("*.py"))}


def name(path: Path) -> str:
    parts = list(path.relative_to(ROOT).with_suffix("").parts)
    return ".".join(parts[:-1] if parts[-1] == "__init__" and len(parts) > 2 else parts)


def room(module: str) -> str:
    parts = module.split(".")
    return parts[1] if len(parts) > 1 else "__init__"


def imports(module: str, path: Path) -> Iterator[tuple[int, str]]:
    """Every import of the file, also those inside functions and those for types only, with absolute names."""
    package = module if path.name == "__init__.py" else module.rpartition(".")[0]
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        if isinstance(node, ast.Import):
            yield from ((node.lineno, alias.name) for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            above = package.split(".")[: len(package.split(".")) - node.level + 1] if node.level else []
            base = ".".join([*above, *([node.module] if node.module else [])])
            yield from ((node.lineno, f"{base}.{alias.name}") for alias in node.names)


def inner_imports() -> Iterator[tuple[str, int, str]]:
    """(module, line, imported module) for every import of one room of the house by another file of it."""
    known = modules()
    for module, path in known.items():
        for line, target in imports(module, path):
            if target.split(".")[0] == "harness":
                yield module, line, target if target in known else target.rpartition(".")[0]


def test_every_room_has_a_floor() -> None:
    assert [module for module in modules() if room(module) not in FLOORS] == []


def test_imports_go_downward_or_stay_on_their_floor() -> None:
    upward = [
        f"{module}:{line} (floor {FLOORS[room(module)]}) imports {target} (floor {FLOORS[room(target)]})"
        for module, line, target in inner_imports()
        if FLOORS[room(target)] > FLOORS[room(module)]
    ]
    assert upward == []


def test_strategies_and_detectors_know_neither_each_other_nor_anything_above_the_vocabulary() -> None:
    wrong = [
        f"{module}:{line} imports {target}"
        for module, line, target in inner_imports()
        if room(module) in ("strategies", "detectors")
        and FLOORS[room(target)] != 1
        and room(target) != room(module)
        and target not in COMMON_GROUND
    ]
    assert wrong == []


def test_no_policy_knows_another_policy_by_name() -> None:
    concrete = {place.partition(":")[0] for place in STRATEGIES.values()}
    assert [f"{m}:{line} imports {target}" for m, line, target in inner_imports() if target in concrete] == []


def test_no_module_is_part_of_an_import_circle() -> None:
    graph: dict[str, set[str]] = {}
    for module, _, target in inner_imports():
        graph.setdefault(module, set()).add(target)
    # A package's registry imports its members, and a member names its package's base class: that is one room.
    for package in ("harness.strategies", "harness.detectors"):
        graph[package] = {target for target in graph.get(package, ()) if not target.startswith(package + ".")}
    assert circle(graph) == []


def circle(graph: dict[str, set[str]]) -> list[str]:
    """The modules of one import circle in order, or nothing."""
    done: set[str] = set()

    def walk(module: str, path: list[str]) -> list[str]:
        if module in path:
            return [*path[path.index(module) :], module]
        if module not in done:
            for target in sorted(graph.get(module, ())):
                if target != module and (found := walk(target, [*path, module])):
                    return found
            done.add(module)
        return []

    return next((found for module in sorted(graph) if (found := walk(module, []))), [])


def test_a_circle_would_be_seen() -> None:
    assert circle({"a": {"b"}, "b": {"c"}, "c": {"b"}}) == ["b", "c", "b"]
    assert circle({"a": {"b", "c"}, "b": {"c"}, "c": set()}) == []


def test_the_harness_needs_the_standard_library_only_and_never_faulthandler() -> None:
    allowed = (set(sys.stdlib_module_names) | {"harness", "__future__"}) - {"faulthandler"}
    foreign = [
        f"{module}:{line} imports {target}"
        for module, path in modules().items()
        for line, target in imports(module, path)
        if target.split(".")[0] not in allowed
    ]
    assert foreign == []


def test_no_file_of_the_harness_outgrows_a_reader() -> None:
    sizes = {module: len(path.read_text(encoding="utf-8").splitlines()) for module, path in modules().items()}
    assert {module: size for module, size in sizes.items() if size > 400} == {}
