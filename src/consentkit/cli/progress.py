"""How far a long command is: a bar on standard error, where that is a terminal."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager

WORTH = 20_000
"""Things to do; fewer are done before anybody has read a bar."""


@contextmanager
def progress(what: str, total: int, *, worth: int = WORTH) -> Iterator[Callable[[int], None]]:
    """Show a bar while the block runs.

    :param what: one word or two, in front of it.
    :param total: how many things there are to do.
    :param worth: how many of them are worth a bar.
    :returns: a function to be told how many are done; cheap, and without effect where nobody looks.
    """
    if total < worth or not sys.stderr.isatty():
        yield lambda _done: None
        return
    from rich.console import Console
    from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn

    console = Console(stderr=True)
    if console.is_dumb_terminal:  # it would get an empty line, and no bar
        yield lambda _done: None
        return
    count = TextColumn("{task.completed:,} of {task.total:,}")
    columns = (TextColumn("{task.description}"), BarColumn(), count, TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task(what, total=total)
        yield lambda done: bar.update(task, completed=done)
