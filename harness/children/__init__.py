"""Free threads in child processes: what a program really does on this machine, one throw-away process per run.

    harness (any number of threads)       compiles the program once (preparing.py)
      └─ warm parent   parent.py    started fresh, with little in its memory; forks one process for each job
           └─ the job's own process has set the stage for the program, and forks children, one at a time
                └─ child    child.py     own session, own deadline; runs main(), judges, says one line, is killed
                     └─ watchdog         stacks.py: an idle thread that is asked for all stacks when the child hangs

The processes that fork never run the program and never start a thread, so what they fork is as clean as a new
interpreter. Most of what a fork costs is the memory that the child then touches, so they have little of it, and what
every child would do alike has been done. A child is beyond trust: it may exit, crash, spin, flood its output or fork.
What waits for it therefore only ever waits in `poll`, with a deadline, and kills the whole process group afterwards.

job.py           what is to be run, and what one run came to
blocked.py       certainty, from /proc, that no thread of a child can ever move again: no need to wait for the deadline
preparing.py     the program and the modules beside it, compiled; modules.py executes them anew in every run
timed.py         whether a program goes by the clock; repeatable.py: whether it leaves nothing behind in its process
perturbation.py  the seeded pauses of mode "stress"; locks.py puts them, and the scaled clock, into `threading`
core.py          with the GIL, one core for a perturbed run
progress.py      whether a run that takes long is getting on; stacks.py: where its threads stand
scaled_time.py   the program's clock, faster than the wall's
spawning.py      a new interpreter per run, where fork is missing
"""
