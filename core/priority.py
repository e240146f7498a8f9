"""Who gets the processor first: pages, and then what nobody waits for."""

import os

NICENESS = 5
"""A third of a processor's time is left even where pages want all of it."""


def give_way() -> None:
    """Let pages go first from here on; said again, it changes nothing more. On Linux it is said of
    this thread, and of threads and processes that it starts later."""
    if os.getpriority(os.PRIO_PROCESS, 0) < NICENESS:
        os.setpriority(os.PRIO_PROCESS, 0, NICENESS)
