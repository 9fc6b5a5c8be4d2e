"""scenarios/README.md is true: its map is what the files say, and what it names is there and as it says."""

from __future__ import annotations

import re
import shlex
import subprocess
import sys
from dataclasses import replace

import pytest

from harness import corpus, laws
from harness.commands import listing, parser

PAGE = corpus.ROOT / "README.md"
TEXT = PAGE.read_text(encoding="utf-8")
SCENARIOS = {directory.name: corpus.load(directory) for directory in corpus.directories()}
IN_BLOCKS = re.findall(r"^python -m harness (.+)$", TEXT, flags=re.MULTILINE)
IN_PROSE = re.findall(r"`python\s+-m\s+harness ([^`]+)`", TEXT)


def section(title: str) -> str:
    """From a heading, or a line that begins with a bold title, to the next of its kind."""
    start = TEXT.index(title)
    following = re.search(r"^(#{2,3} |\*\*)", TEXT[start + len(title) :], flags=re.MULTILINE)
    return TEXT[start : start + len(title) + following.start()] if following else TEXT[start:]


def entries() -> dict[str, str]:
    """The list "Scenario by scenario": each one's name and what stands there."""
    listed = section("### Scenario by scenario").split("\n- **`")[1:]
    return {entry.partition("`")[0]: entry for entry in listed}


def test_the_map_is_what_the_files_say() -> None:
    shown = TEXT.split("<!-- the map -->\n")[1].split("<!-- end of the map -->")[0]
    command = [sys.executable, "-m", "harness", "list", "--markdown"]
    printed = subprocess.run(command, capture_output=True, text=True, timeout=60, cwd=corpus.ROOT.parent).stdout
    assert shown == printed, f"put this between the marks of scenarios/README.md:\n{printed}"


def test_a_title_cannot_break_the_table() -> None:
    scenario = replace(SCENARIOS["lost_update"], title="a | b")
    assert listing._table([scenario])[-1] == (
        "| race_condition | [`lost_update`](race_condition/lost_update/) | 1 | Lock | violated | a \\| b |"
    )


def test_every_link_leads_somewhere() -> None:
    links = re.findall(r"\]\(([^)]+)\)", TEXT)
    assert len(links) >= len(SCENARIOS)
    assert [link for link in links if not (PAGE.parent / link).exists()] == []


@pytest.mark.parametrize("command", dict.fromkeys(IN_BLOCKS + IN_PROSE))
def test_every_command_can_be_typed_as_it_stands(command: str) -> None:
    options, unknown = parser().parse_known_args(shlex.split(command))
    assert unknown == []
    if target := getattr(options, "target", None):
        name, _, variant = target.partition(":")
        scenario = SCENARIOS[name.rpartition("/")[2]]
        assert scenario.name == name
        assert scenario.path(variant or "broken")


def pages() -> list[tuple[str, str]]:
    """Every command that a scenario's own page shows, with the scenario."""
    shown = [(s.name, (s.directory / "README.md").read_text(encoding="utf-8")) for s in SCENARIOS.values()]
    return [
        (name, line) for name, text in shown for line in re.findall(r"^python -m harness (.+)$", text, re.MULTILINE)
    ]


def test_every_command_on_a_scenarios_page_can_be_typed_as_it_stands() -> None:
    assert len(pages()) >= 2 * len(SCENARIOS)
    for name, command in pages():
        options, unknown = parser().parse_known_args(shlex.split(command))
        assert unknown == [] and name in (getattr(options, "target", None), *getattr(options, "scenarios", ())), command


def test_what_a_page_sweeps_is_a_parameter_of_main() -> None:
    swept = {(name, found) for name, line in pages() for found in re.findall(r"--sweep (\w+)=", line)}
    taken = {
        (name, parameter)
        for name, scenario in ((s.name, s) for s in SCENARIOS.values())
        for parameter in re.findall(r"(\w+)=", re.findall(r"def main\((.*)\)", scenario.program("broken").source)[0])
    }
    assert swept == taken


def test_every_law_is_explained_by_the_name_that_check_prints() -> None:
    explained = re.findall(r"^\| \*\*(.+?)\*\* \|", section("### The laws"), flags=re.MULTILINE)
    assert explained == [laws.title(law) for law in laws.STATIC + laws.DYNAMIC]
    numbers = re.findall(r"at most (\d+)|in at most (\d+)|within (\d+) s", section("### The laws"))
    limits = [laws.MAX_LINES, laws.MAX_DIFF, laws.TO_FAIL.seconds]
    assert [float("".join(found)) for found in numbers] == [float(limit or 0) for limit in limits]


def test_every_scenario_is_in_the_teachers_list_once_under_its_class() -> None:
    listed = re.findall(r"^#### (.+)$|^- \*\*`(\w+)`\*\* \(\d+\) ", section("### Scenario by scenario"), re.MULTILINE)
    heading, found = "", []
    for title, name in listed:
        heading = title or heading
        if name:
            found.append((heading.lower().replace(" ", "_").rstrip("s"), name))
    assert sorted(found) == sorted((scenario.bug_class, name) for name, scenario in SCENARIOS.items())


@pytest.mark.parametrize("name", SCENARIOS)
def test_the_teachers_list_names_every_wrong_fix_of_a_scenario(name: str) -> None:
    named = set(re.findall(r"`([a-z][a-z_]*_[a-z_]*)`", entries()[name])) - {name}
    wrong = {fix.name for fix in SCENARIOS[name].wrong_fixes}
    assert named - wrong <= {"notify_all"}
    assert {fix for fix in wrong if f"`{fix}`" not in entries()[name]} == set()


def test_self_study_goes_through_all_scenarios_once() -> None:
    rows = "\n".join(line for line in section("**Self-study**").splitlines() if line.startswith("| "))
    assert sorted(re.findall(r"`(\w+)`", rows)) == sorted(SCENARIOS)


@pytest.mark.parametrize("route", ["**One hour", "**Half a day**", "**A day**", "**Self-study**"])
def test_a_route_names_scenarios_that_there_are(route: str) -> None:
    tables = [line for line in section(route).splitlines() if line.startswith("| ") and "`" in line]
    names = {name for line in tables for name in re.findall(r"`(\w+)`", line)}
    assert names - set(SCENARIOS) == ({"lock_only_the_write"} if "hour" in route else set())


def test_the_minutes_of_the_short_routes_add_up() -> None:
    def total(route: str) -> int:
        return sum(int(minutes) for minutes in re.findall(r"^\| (\d+) \|", section(route), flags=re.MULTILINE))

    assert (total("**One hour"), total("**Half a day**") + 2 * 15) == (60, 240)


def test_the_number_of_scenarios_that_is_written_out_is_right() -> None:
    assert set(re.findall(r"\b(?:Of the|all) (\d+)\b", TEXT)) == {str(len(SCENARIOS))}


def test_no_line_of_prose_is_longer_than_a_screen() -> None:
    assert [line for line in TEXT.splitlines() if len(line) > 120 and not line.startswith("|")] == []
