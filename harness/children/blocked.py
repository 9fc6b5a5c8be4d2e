"""Certainty that a process can never move again, read from outside, without disturbing it.

A thread that waits for a lock of its own process without a timeout sits in the system call futex(WAIT) with the
"private" flag and no timeout. Only a thread of the same process can end that wait. If at one instant every thread
sits there, none ever will: the process is deadlocked, and there is nothing to gain by waiting for its deadline.

The threads are read one after the other, which is no instant. So all are read twice: a thread whose count of context
switches is the same both times has not run between its two readings, and every such interval contains the moment
between the two rounds. At that moment all of them were blocked.
"""

from __future__ import annotations

import os
from collections.abc import Container, Mapping
from time import monotonic
from typing import NamedTuple


class _Calls(NamedTuple):
    """The numbers of system calls. limited: where a call's time limit stands among its arguments, from 1."""

    futex: int
    read: int
    sleeps: tuple[int, ...]  # nanosleep, clock_nanosleep
    milliseconds: Mapping[int, int] = {}  # poll, epoll_wait, epoll_pwait: without a limit where negative
    pointer: Mapping[int, int] = {}  # select, pselect6, ppoll: without a limit where null


# As the kernel numbers them; elsewhere nothing is certain and the deadline decides.
_GENERIC = _Calls(98, 63, (101, 115), {22: 4}, {72: 5, 73: 3})
_MACHINES = {
    "x86_64": _Calls(202, 0, (35, 230), {7: 3, 232: 4, 281: 4}, {23: 5, 270: 5, 271: 3}),
    "aarch64": _GENERIC,
    "riscv64": _GENERIC,
    "ppc64le": _Calls(221, 3, (162, 248)),
    "s390x": _Calls(238, 3, (162, 262)),
}
_CALLS = _MACHINES.get(os.uname().machine if hasattr(os, "uname") else "", _Calls(-1, -1, ()))
_WAITS = (0, 9)  # FUTEX_WAIT, FUTEX_WAIT_BITSET
_PRIVATE = 128
_COMMAND = 127


def surely_blocked(pid: int, control: int) -> bool:
    """True if no thread of the process can ever run again. Its watchdog, reading descriptor `control`, is no thread.

    Not considered: a signal (an alarm, say) whose handler would release a lock; the watchdog itself looks for that.
    """
    if _CALLS.futex < 0:
        return False
    try:
        first = _switches_of_waiters(pid, control)
        return bool(first) and first == _switches_of_waiters(pid, control)
    except (OSError, ValueError, IndexError):
        return False  # a thread or the process ended meanwhile, or the kernel does not tell


def _switches_of_waiters(pid: int, control: int) -> dict[str, list[str]] | None:
    """Context switches so far of each thread, if all wait for a lock without a timeout; None if one does not."""
    waiters = {}
    for thread in os.listdir(f"/proc/{pid}/task"):
        call = _read(f"/proc/{pid}/task/{thread}/syscall").split()
        if call[:1] == [str(_CALLS.read)] and int(call[1], 16) == control:
            continue
        if not _waits_for_ever(call):
            return None
        status = _read(f"/proc/{pid}/task/{thread}/status")
        waiters[thread] = [line for line in status.splitlines() if "ctxt_switches" in line]
    return waiters


def others_go_on(known: Container[int], since: float) -> bool:
    """Whether a thread of this very process that was started `since` then (monotonic clock) may still do something.

    None of `known`. What C libraries have started when they were loaded is older, and does nothing with the program.
    """
    try:
        up = float(_read("/proc/uptime").split()[0])
        began = up - (monotonic() - since)
        others = [f"/proc/self/task/{thread}" for thread in os.listdir("/proc/self/task") if int(thread) not in known]
        young = [task for task in others if _start(task) > began - 2 / os.sysconf("SC_CLK_TCK")]
        return any(not _waits_for_ever(_read(f"{task}/syscall").split()) for task in young)
    except (OSError, ValueError, IndexError):
        return False


def _start(task: str) -> float:
    """When it started, in seconds since the system did, to the tick."""
    return int(_read(f"{task}/stat").rpartition(")")[2].split()[19]) / os.sysconf("SC_CLK_TCK")


def waits_with_a_limit(thread: str) -> bool:
    """True if the thread (`self/task/NUMBER`, a path below /proc) sleeps, or waits for anything with a timeout."""
    try:
        call = _read(f"/proc/{thread}/syscall").split()
        return _sleeps(call) or (call[:1] == [str(_CALLS.futex)] and int(call[4], 16) != 0)
    except (OSError, ValueError, IndexError):
        return False


def sleeps(pid: int) -> bool:
    """True if a thread of the process sleeps, or waits with a timeout for something else than a lock."""
    try:
        threads = os.listdir(f"/proc/{pid}/task")
        return any(_sleeps(_read(f"/proc/{pid}/task/{thread}/syscall").split()) for thread in threads)
    except (OSError, ValueError, IndexError):
        return False


def _sleeps(call: list[str]) -> bool:
    number = int(call[0])  # "running" has none
    if number in _CALLS.milliseconds:
        return int(call[_CALLS.milliseconds[number]], 16) & 0x80000000 == 0
    if number in _CALLS.pointer:
        return int(call[_CALLS.pointer[number]], 16) != 0
    return number in _CALLS.sleeps


def _waits_for_ever(call: list[str]) -> bool:
    if call[:1] != [str(_CALLS.futex)]:
        return False
    operation, timeout = int(call[2], 16), int(call[4], 16)
    return operation & _COMMAND in _WAITS and bool(operation & _PRIVATE) and timeout == 0


def is_replaced(pid: int) -> bool:
    """True if the process runs another program than this one."""
    try:
        return os.readlink(f"/proc/{pid}/exe") != os.readlink("/proc/self/exe")
    except OSError:
        return False


def processor_time(pid: int) -> float:
    """Seconds of processor time the process has used so far; 0 where the system does not tell."""
    try:
        fields = _read(f"/proc/{pid}/stat").rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")
    except (OSError, ValueError, IndexError):
        return 0.0


def children_of(pid: int) -> list[int]:
    """The processes whose parent this is, by a walk through /proc: for the rare case that some were left behind."""
    found = []
    for entry in os.listdir("/proc") if os.path.isdir("/proc") else []:
        try:
            if entry.isdigit() and int(_read(f"/proc/{entry}/stat").rpartition(")")[2].split()[1]) == pid:
                found.append(int(entry))
        except (OSError, ValueError, IndexError):
            pass  # gone while we looked
    return found


def _read(path: str) -> str:
    with open(path, encoding="ascii", errors="replace") as file:
        return file.read()
