"""CPython's own tests of `_thread`: threads and locks without `threading`."""

from suites import classes, run
from test import test_thread as suite

CASES = classes(suite, {"TestForkInThread": "forks"})
HANDLES = "3.13's handle, by which `threading` starts and joins: the lab's Thread does that in its own way"
LEFT_OUT = {
    "test_unraisable_exception": "an exception that nobody catches is a crash here, whoever started the thread",
    "test_join_from_self": HANDLES,
    "test_join_several_times": HANDLES,
    "test_join_then_self_join": HANDLES,
    "test_join_thread": HANDLES,
    "test_join_thread_already_exited": HANDLES,
    "test_join_unstarted": HANDLES,
    "test_join_with_timeout": HANDLES,
    "test_joinable_not_joined": HANDLES,
    "test_set_done_unstarted": HANDLES,
    "test_start_duplicate_handle": HANDLES,
    "test_start_with_none_handle": HANDLES,
}


def main():
    return run(CASES, LEFT_OUT)
