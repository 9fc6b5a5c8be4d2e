"""CPython's own tests of Thread and what is around it: names, daemons, excepthook, enumerate, join, Timer."""

from suites import classes, run
from test import lock_tests
from test import test_threading as suite

C_INTERNALS = "reaches into C structures of the interpreter"
PROCESS = "starts a process of its own"
FORK = "forks"
LOCKS = {name: "is run by lock_tests.py" for name in vars(suite) if hasattr(lock_tests, name) and name != "unittest"}
CASES = classes(suite, {
    **LOCKS,
    "PyRLockTests": "is run by lock_tests.py",
    "CRLockTests": "is run by lock_tests.py",
    "ConditionAsRLockTests": "is run by lock_tests.py",
    "ExceptHookTests": "is run by excepthook_tests.py: its threads crash on purpose",
    "ThreadJoinOnShutdown": PROCESS,
    "AtexitTests": PROCESS,
    "SubinterpThreadingTests": "starts interpreters of its own",
    "InterruptMainTests": "is about signals",
})  # fmt: skip
LEFT_OUT = {
    "test_disallow_instantiation": "the lab's lock is a class on every version, as CPython's is from 3.13 on",
    "test_limbo_cleanup": "replaces the function by which CPython starts a thread",
    "test_shutdown_locks": "looks at the locks by which CPython awaits threads",
    "test_tstate_lock": "looks at the locks by which CPython awaits threads",
    "test__all__": "looks in which file `local` is written: the lab's is the one in Python",
    "test_PyThreadState_SetAsyncExc": C_INTERNALS,
    "test_finalize_running_thread": PROCESS,
    "test_finalize_with_trace": PROCESS,
    "test_join_nondaemon_on_shutdown": PROCESS,
    "test_dummy_thread_after_fork": FORK,
    "test_is_alive_after_fork": FORK,
    "test_main_thread_after_fork": FORK,
    "test_main_thread_after_fork_from_nonmain_thread": FORK,
    "test_main_thread_after_fork_from_foreign_thread": FORK,
    "test_main_thread_after_fork_from_dummy_thread": FORK,
    "test_main_thread_during_shutdown": PROCESS,
    "test_finalization_shutdown": PROCESS,
    "test_locals_at_exit": PROCESS,
    "test_import_from_another_thread": PROCESS,
    "test_start_new_thread_at_finalization": PROCESS,
    "test_recursion_limit": PROCESS,
    "test_print_exception": PROCESS,
    "test_print_exception_stderr_is_none_1": PROCESS,
    "test_print_exception_stderr_is_none_2": PROCESS,
    "test_print_exception_gh_102056": PROCESS,
}


def main():
    return run(CASES, LEFT_OUT)
