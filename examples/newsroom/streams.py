"""What the paper sends piece by piece: the live report and the ticker.

Both pause through `Pace`, so that a stopping server does not wait for readers who stay.
"""

import asyncio
import json
from collections.abc import AsyncIterator
from itertools import cycle
from typing import NamedTuple

from jinja2 import Template


class Pace:
    """The time between two pieces, in seconds, cut short once `stop` is called."""

    def __init__(self, seconds: float = 0.6) -> None:
        self.seconds = seconds
        self._stopped = False
        self._resting: set[asyncio.Future[None]] = set()

    def stop(self) -> None:
        """End every rest, now and from now on; to be called from the event loop's thread."""
        self._stopped = True
        for rest in self._resting:
            if not rest.done():
                rest.set_result(None)

    async def rest(self, times: float = 1) -> bool:
        """Wait `times` pauses; false when the server is stopping."""
        if self._stopped:
            return False
        stopping = asyncio.get_running_loop().create_future()
        self._resting.add(stopping)
        try:
            await asyncio.wait_for(stopping, self.seconds * times)
        except TimeoutError:
            return True
        finally:
            self._resting.discard(stopping)
        return False


class Entry(NamedTuple):
    time: str
    text: str


REGATTA = (
    Entry("10:00", "The gun. Fourteen boats over the line, one of them backwards."),
    Entry("10:04", "The baker's dinghy leads. It carries no ballast but bread."),
    Entry("10:11", "Wind backs to the south-west and takes two hats."),
    Entry("10:19", "The vicar tacks early. The choir, in the second boat, follows by habit."),
    Entry("10:26", "First mark. The harbour cat has been counted as crew on three boats."),
    Entry("10:33", "The lifeboat, here as a judge, is overtaken by a duck."),
    Entry("10:41", "Protest flag on the ferry company's boat. The ferry is, as usual, late."),
    Entry("10:48", "Second mark. The school boat is third and singing."),
    Entry("10:55", "The baker throws a roll to the committee boat. It is ruled a gift."),
    Entry("11:02", "Last leg. Nobody on the quay is sitting any more."),
    Entry("11:07", "The school boat by a hand's breadth. The bell rings of its own accord, or nearly."),
    Entry("11:09", "That is all from the regatta. Tea is in the net loft."),
)

HEADLINES = (
    "High water at the quay 14:20, 4.1 metres",
    "Ferry to Skerry Island runs every hour until six",
    "Net loft market extended to Sunday",
    "Lost on Chandler's Row: one oar, answers to nothing",
    "Council meets Thursday on the harbour lights",
    "Library open late: the Arabic reading circle at seven",
)


async def live_page(page: Template, context: dict[str, object], pace: Pace) -> AsyncIterator[str]:
    """The page of `/live`: its top at once, then an entry a pause, then its end."""
    top, _, end = (await page.render_async(context)).partition("<!-- the report -->")
    yield top
    for entry in REGATTA:
        if not await pace.rest():
            break
        yield f'<li class="entry"><time>{entry.time}</time> <p>{entry.text}</p></li>\n'
    yield end


async def ticker_events(pace: Pace) -> AsyncIterator[str]:
    """An endless event stream of headlines, one every three pauses."""
    yield "retry: 2000\n\n"
    for number, headline in enumerate(cycle(HEADLINES), start=1):
        yield f"id: {number}\nevent: headline\ndata: {json.dumps({'text': headline})}\n\n"
        if not await pace.rest(3):
            return
