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

# (futex, read, clock_nanosleep) as the kernel numbers them; elsewhere nothing is certain and the deadline decides.
_CALLS = {
    "x86_64": (202, 0, 230),
    "aarch64": (98, 63, 115),
    "riscv64": (98, 63, 115),
    "ppc64le": (221, 3, 248),
    "s390x": (238, 3, 262),
}
_FUTEX, _READ, _SLEEP = _CALLS.get(os.uname().machine if hasattr(os, "uname") else "", (-1, -1, -1))
_WAITS = (0, 9)  # FUTEX_WAIT, FUTEX_WAIT_BITSET
_PRIVATE = 128
_COMMAND = 127


def surely_blocked(pid: int, control: int) -> bool:
    """True if no thread of the process can ever run again. Its watchdog, reading descriptor `control`, is no thread.

    Not considered: a signal (an alarm, say) whose handler would release a lock; the watchdog itself looks for that.
    """
    if _FUTEX < 0:
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
        if call[:1] == [str(_READ)] and int(call[1], 16) == control:
            continue
        if not _waits_for_ever(call):
            return None
        status = _read(f"/proc/{pid}/task/{thread}/status")
        waiters[thread] = [line for line in status.splitlines() if "ctxt_switches" in line]
    return waiters


def waits_with_a_limit(thread: str) -> bool:
    """True if the thread (`self/task/NUMBER`, a path below /proc) sleeps, or waits for a lock with a timeout."""
    try:
        call = _read(f"/proc/{thread}/syscall").split()
        return call[:1] == [str(_SLEEP)] or (call[:1] == [str(_FUTEX)] and int(call[4], 16) != 0)
    except (OSError, ValueError, IndexError):
        return False


def _waits_for_ever(call: list[str]) -> bool:
    if call[:1] != [str(_FUTEX)]:
        return False
    operation, timeout = int(call[2], 16), int(call[4], 16)
    return operation & _COMMAND in _WAITS and bool(operation & _PRIVATE) and timeout == 0


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
