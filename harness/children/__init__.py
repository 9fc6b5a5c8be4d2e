"""Free threads in child processes: what a program really does on this machine, one throw-away process per run.

    harness (any number of threads)
      └─ warm parent   parent.py    started fresh, single-threaded for life; compiles the program once, forks per run
           └─ child    child.py     own session, own deadline; runs main(), judges, says one line, is killed
                └─ watchdog         stacks.py: an idle thread that is asked for all stacks when the child hangs

The warm parent never runs the program and never starts a thread, so what it forks is as clean as a new interpreter
and costs about a millisecond. A child is beyond trust: it may exit, crash, spin, flood its output or fork. Its
parent therefore only ever waits in `poll`, with a deadline, and kills the whole process group after every run.

job.py           what is to be run, and what one run came to
blocked.py       certainty, from /proc, that no thread of a child can ever move again: no need to wait for the deadline
modules.py       the program and the modules beside it, compiled once
perturbation.py  the seeded pauses of mode "stress"; locks.py puts them, and the scaled clock, into `threading`
scaled_time.py   the program's clock, faster than the wall's
spawning.py      a new interpreter per run, where fork is missing
"""
