"""Files, directories, databases: the world outside is one place that all threads share."""

from __future__ import annotations

import os
import pathlib
import shutil
import sqlite3
import tempfile
from pathlib import Path

import pytest

from harness.budget import Budget
from harness.explore import Options, explore
from harness.world.program import load_program
from tests.real_programs import searched
from tests.recording import accesses

READ, WRITE = ["read FileSystem[*]"], ["write FileSystem[*]"]


@pytest.mark.parametrize(
    ("body", "log"),
    [
        ("open(name).close()", READ + WRITE),
        ("open(name, 'rb').close()", READ + WRITE),
        ("open(name, 'w').close()", WRITE * 2),
        ("open(name, mode='a', encoding='utf8').close()", WRITE * 2),
        ("with open(name) as f: f.read()", READ + WRITE * 2),
        ("for line in f: pass", WRITE * 3),
        ("next(f)", WRITE),
        ("for found in path.parent.glob('*'): pass", READ + WRITE * 2),
        ("path.exists()", READ),
        ("path.read_text()", READ),
        ("path.write_text('x')", WRITE),
        ("(path / 'x').with_suffix('.y').name, str(path), path == path", []),
        ("pathlib.Path(name, 'x')", []),
        ("os.path.exists(name), os.listdir('.')", READ * 2),
        ("os.path.join(name, 'x'), os.getpid(), os.fspath(path)", []),
        ("os.stat(name)", READ),
        ("os.utime(name)", WRITE),
        ("shutil.copyfile(name, name + '2')", WRITE),
        ("with tempfile.TemporaryFile(): pass", WRITE * 2),
        ("with tempfile.TemporaryDirectory(): pass", WRITE * 2),
        ("db.execute('select 1').fetchone()", WRITE * 2),
        ("with db: pass", WRITE),
        ("look = os.path.isfile; look(name)", READ),
        ("[*map(os.path.getsize, [name, name])]", READ * 2),
    ],
)
def test_what_goes_outside_reads_or_writes_it(tmp_path: Path, body: str, log: list[str]) -> None:
    path = tmp_path / "file"
    path.write_text("1\n2\n")
    modules = {"os": os, "pathlib": pathlib, "shutil": shutil, "tempfile": tempfile}
    with open(path) as file, sqlite3.connect(":memory:") as database:
        found = accesses(body, name=str(path), path=path, f=file, db=database, **modules)
    database.close()
    assert [step for step in found if "FileSystem" in step] == log


MAIN = """
def main():
    open(PLACE, "w").write("0")
    threads = [threading.Thread(target=work, name=name) for name in ("ann", "bob")]
    for thread in threads: thread.start()
    for thread in threads: thread.join()
    return RESULT()
"""


def explored(body: str, place: Path) -> tuple[int, set[tuple[str, str | None]]]:
    found = searched(f"import os, threading, pathlib\nPLACE = {str(place)!r}\n{body}\n{MAIN}")
    assert found.redundant == 0
    return found.executions, found.ends


def test_a_directory_made_between_the_look_and_the_making_is_found(tmp_path: Path) -> None:
    body = """
def work():
    if not (pathlib.Path(PLACE).parent / "made").exists(): (pathlib.Path(PLACE).parent / "made").mkdir()
def RESULT(): (pathlib.Path(PLACE).parent / "made").rmdir()
"""
    assert explored(body, tmp_path / "file") == (4, {("passed", "None"), ("crashed", "None")})


def test_an_update_lost_in_a_file_is_found(tmp_path: Path) -> None:
    body = """
def work():
    number = int(pathlib.Path(PLACE).read_text())
    pathlib.Path(PLACE).write_text(str(number + 1))
def RESULT(): return pathlib.Path(PLACE).read_text()
"""
    assert explored(body, tmp_path / "file") == (4, {("passed", "'1'"), ("passed", "'2'")})


def test_what_was_written_is_there_for_others_when_the_file_is_closed(tmp_path: Path) -> None:
    body = """
done = []
def work():
    if threading.current_thread().name == "ann":
        with open(PLACE, "w") as file:
            file.write("1")
            done.append(1)
    elif done: done.append(pathlib.Path(PLACE).read_text())
def RESULT(): return done
"""
    executions, ends = explored(body, tmp_path / "file")
    assert ends == {("passed", "[1]"), ("passed", "[1, '']"), ("passed", "[1, '1']")}


def test_a_search_of_a_program_that_changes_files_has_one_worker_because_they_share_the_disk(tmp_path: Path) -> None:
    """Two would find each other's file: such a program had results that it has not, and was called nondeterministic."""
    program, data = tmp_path / "program.py", tmp_path / "log.txt"
    program.write_text(f"""
import os, threading
def work():
    with open({str(data)!r}, "a") as file:
        file.write(f"{{os.getpid()}}\\n")
def main():
    threads = [threading.Thread(target=work, name=name) for name in ("ann", "bob", "cleo")]
    for thread in threads: thread.start()
    for thread in threads: thread.join()
""")
    found = explore(load_program(program), Options(jobs=2, strategy="random", budget=Budget(executions=1500)))
    assert (found.outcome.value, found.executions) == ("passed", 1500), found.message
    assert len(set(data.read_text().split())) == 1
