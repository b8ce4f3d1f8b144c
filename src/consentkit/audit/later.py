"""Whether a visitor has chosen again meanwhile, asked by many at once and answered by one look at the store.

Those who ask are grants that waited long, so they come together: a look for each would hold up the loop that they wait
for, and make more of them.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Collection, Iterable, Sequence
from typing import NamedTuple

VIEW_BYTES = 16
"""How many bytes of a ``once`` say from which page view the act came; what follows tells the acts of one apart."""


class Question(NamedTuple):
    """Is there an act from this page view, after this time, that is not this event?

    :param since: microseconds since 1970, UTC.
    """

    view: bytes
    since: int
    event: str


class Act(NamedTuple):
    """An act that the store or the spool holds."""

    id: str
    time: int
    once: bytes


Look = Callable[[Sequence[Question]], Collection[Question]]


class Later:
    """The questions of one event loop.

    :param look: tells which of them are to be answered with yes; called in a thread, by one at a time.
    """

    def __init__(self, loop: asyncio.AbstractEventLoop, look: Look) -> None:
        self.loop = loop
        self._look = look
        self._asked: list[tuple[Question, asyncio.Future[bool]]] = []
        self._looking: asyncio.Task[None] | None = None

    async def ask(self, question: Question) -> bool:
        """Whether there is such an act. Raises what the look raised."""
        answer: asyncio.Future[bool] = self.loop.create_future()
        self._asked.append((question, answer))
        if self._looking is None:
            self._looking = self.loop.create_task(self._run())
        return await answer

    async def _run(self) -> None:
        while self._asked:
            batch, self._asked = self._asked, []
            try:
                found = await asyncio.to_thread(self._look, [question for question, _ in batch])
            except Exception as error:
                for _, answer in batch:
                    if not answer.done():
                        answer.set_exception(type(error)(str(error)))
                continue
            for question, answer in batch:
                if not answer.done():
                    answer.set_result(question in found)
        self._looking = None


def answered(questions: Iterable[Question], acts: Iterable[Act]) -> set[Question]:
    """The questions to which one of the acts says yes."""
    by_view: dict[bytes, list[Act]] = {}
    for act in acts:
        by_view.setdefault(act.once[:VIEW_BYTES], []).append(act)
    return {
        one
        for one in questions
        if any(act.time > one.since and act.id != one.event for act in by_view.get(one.view, ()))
    }
