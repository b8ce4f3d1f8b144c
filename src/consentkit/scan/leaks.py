"""Pages as visitors see them: without us, before a choice, after a refusal, after an acceptance.

Each page of a folder is looked at twice without us, so that what it does only now and then is not taken for a difference; then
by a visitor who refuses, and by another who accepts. After a refusal the page is opened anew. Every request to others is
refused in the same way in each visit, and written down before it is.
"""

from __future__ import annotations

import asyncio
import json
import secrets
import tempfile
from collections.abc import Awaitable, Callable, Iterable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TypeVar
from urllib.parse import unquote, urlsplit

from playwright.async_api import Browser
from playwright.async_api import Error as BrowserError

from consentkit.audit.log import AuditLog
from consentkit.catalogue.entry import FREE_KINDS
from consentkit.catalogue.load import catalogue
from consentkit.core.policy import Policy
from consentkit.policyfile import load_text
from consentkit.scan.browse import Seen, Visitor, chromium
from consentkit.scan.explain import explain
from consentkit.scan.judge import STAGES, Judge, Report, Stage, Views
from consentkit.scan.serve import Folder, serving
from consentkit.web.answer import App, Header
from consentkit.web.middleware import ConsentMiddleware

TABS = 3
"""Pages that are looked at at the same time."""
TRIES = 2
"""Times that a page is looked at before its trouble is reported: browsers crash now and then."""
PREFIX = "/_consent"
BANNER = "#consentkit-banner"
Item = TypeVar("Item")
Result = TypeVar("Result")


@dataclass(frozen=True, slots=True)
class Plain:
    """A page without us.

    :param path: its path.
    :param origin: where it was served.
    :param views: what was seen of it, each time.
    """

    path: str
    origin: str
    views: tuple[Seen, ...]


@dataclass(frozen=True, slots=True)
class Guard:
    """What a page is put behind.

    :param policy: the policy.
    :param headers: further header fields of the app.
    :param stages: what is looked at; ``before`` always is.
    """

    policy: Policy
    headers: tuple[Header, ...] = ()
    stages: tuple[Stage, ...] = STAGES


async def of_folder(root: Path, policy: Policy | None) -> list[Report]:
    """What each page of a folder asks for, served on this machine; nothing leaves it.

    :param policy: absent: one for each page, which names every service that is found there.
    :raises PolicyError: the policy cannot be used.
    :raises NoBrowserError: there is no Chromium.
    """
    async with chromium(alone=True) as browser:
        plain = await without_us(browser, root, Folder(root).pages())
        guards = [Guard(policy or naming(found_in(root, page), page.origin)) for page in plain]
        return await with_us(browser, root, plain, guards)


async def of_site(address: str, policy: Policy | None, *, refuse: bool) -> Report:
    """What a page of a site that is up asks for, as a visitor sees it. Choices are made where its notice is ours.

    :param policy: the site's. Absent: one that names nobody.
    :param refuse: fail each request to others instead of letting it go.
    """
    parts = urlsplit(address)
    origin = f"{parts.scheme}://{parts.netloc}"
    path = address[len(origin) :] or "/"
    judge = Judge(policy or naming((), origin), catalogue(), [origin])
    async with chromium(alone=False) as browser:

        async def once() -> Report:
            async with Visitor.of(browser, origin, refuse=refuse) as visitor:
                await visitor.open(address)
                stages = STAGES if await visitor.sees(BANNER) else STAGES[:1]
            return judge.report(address, Views((), await _choices(browser, origin, path, stages, refuse)))

        return await _kept_trying(address, once)


async def without_us(browser: Browser, root: Path, pages: Sequence[str]) -> list[Plain]:
    """Pages of a folder as they are, twice.

    :param pages: their paths.
    """
    with serving([Folder(root)]) as [origin]:

        async def look(path: str) -> Plain:
            seen = [await _first_view(browser, origin, path) for _ in range(2)]
            return Plain(path, origin, tuple(seen))

        return await _all(look, pages)


async def with_us(
    browser: Browser, root: Path, plain: Sequence[Plain], guards: Sequence[Guard]
) -> list[Report]:
    """Each page behind its guard, compared with what it is without.

    :raises PolicyError: a guard's policy cannot be used.
    """
    with guarding(root, guards) as origins:

        async def look(place: tuple[Plain, Guard, str]) -> Report:
            page, guard, origin = place
            judge = Judge(guard.policy, catalogue(), [page.origin, origin])

            async def once() -> Report:
                seen = await _choices(browser, origin, page.path, guard.stages)
                return judge.report(page.path, Views(page.views, seen))

            return await _kept_trying(page.path, once)

        return await _all(look, list(zip(plain, guards, origins, strict=True)))


@contextmanager
def guarding(root: Path, guards: Sequence[Guard]) -> Iterator[list[str]]:
    """Serve a folder through the middleware, once for each guard; the origin of each."""
    with tempfile.TemporaryDirectory(prefix="consentkit-") as kept:
        log = AuditLog(f"sqlite:///{kept}/log.db", log_id="scan")
        apps: list[App] = []
        for guard in guards:
            app = ConsentMiddleware(
                Folder(root, guard.headers),
                policy=guard.policy,
                secret_key=secrets.token_urlsafe(48),
                audit=log,
                prefix=PREFIX,
                grants_per_second=None,
            )
            if app.fault is not None:
                raise app.fault
            apps.append(app)
        with serving(apps, log) as origins:
            yield origins


def found_in(root: Path, page: Plain) -> list[str]:
    """The services of the catalogue that a page asks for or holds, and that would not run by themselves."""
    known, nobody = catalogue(), naming((), page.origin)
    judge = Judge(nobody, known, [page.origin])
    asked = {name for seen in page.views for asked in seen.asked for name in judge.services(asked)}
    file = Folder(root).file(unquote(page.path))
    held = explain(file.read_bytes(), nobody, known, frozenset()) if file else []
    found = known.entries.keys() & (asked | {finding.service for finding in held})
    return sorted(name for name in found if known.entries[name].kind not in FREE_KINDS)


def naming(services: Iterable[str], address: str) -> Policy:
    """A policy that names these services of the catalogue, and says nothing else.

    :raises PolicyError: there are more than a cookie can answer for.
    """
    return load_text(
        f"""
        use = {json.dumps(list(services))}
        [site]
        name = "A site"
        address = {json.dumps(address)}
        [controller]
        name = "Its owner"
        contact = "owner@site.example"
        """
    )


async def _first_view(browser: Browser, origin: str, path: str) -> Seen:
    async with Visitor.of(browser, origin, refuse=True) as visitor:
        await visitor.open(origin + path)
        return visitor.seen()


async def _choices(
    browser: Browser, origin: str, path: str, stages: Sequence[Stage], refuse: bool = True
) -> dict[Stage, Seen]:
    """One visitor who looks and refuses, and one who looks and accepts."""
    found: dict[Stage, Seen] = {}
    async with Visitor.of(browser, origin, refuse=refuse) as visitor:
        await visitor.open(origin + path)
        found["before"] = visitor.seen()
        if "rejected" in stages:
            await _choose(visitor, origin, "reject")
            await visitor.open(origin + path)
            found["rejected"] = visitor.seen()
    if "accepted" in stages:
        async with Visitor.of(browser, origin, refuse=refuse) as visitor:
            await visitor.open(origin + path)
            if not await _choose(visitor, origin, "accept"):
                await visitor.open(origin + path)
            found["accepted"] = visitor.seen()
    return found


async def _choose(visitor: Visitor, origin: str, action: str) -> bool:
    """Press a button of the notice; of the page of choices where a page has none. Whether the page had one."""
    if await visitor.sees(BANNER):
        await visitor.press(f"#consentkit-{action}")
        return True
    await visitor.open(f"{origin}{PREFIX}/")
    await visitor.press(f'button[name="action"][value="{action}"]')
    return False


async def _kept_trying(page: str, look: Callable[[], Awaitable[Report]]) -> Report:
    trouble = ""
    for _ in range(TRIES):
        try:
            return await look()
        except BrowserError as error:
            trouble = error.message.partition("\n")[0]
    return Report(page, trouble=trouble)


async def _all(look: Callable[[Item], Awaitable[Result]], items: Sequence[Item]) -> list[Result]:
    """The results for all items, in their order, a few at a time."""
    free = asyncio.Semaphore(TABS)

    async def one(item: Item) -> Result:
        async with free:
            return await look(item)

    async with asyncio.TaskGroup() as group:
        tasks = [group.create_task(one(item)) for item in items]
    return [task.result() for task in tasks]
