"""A visit to a page in each jurisdiction that differs: before a choice, after a no, after a yes, and under the signal."""

from __future__ import annotations

import asyncio
import re
import secrets
import tempfile
from collections.abc import AsyncIterator, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from dataclasses import dataclass, field, replace
from typing import Any

from playwright.async_api import Browser, Error, Page, Response, Route

from consentkit.audit.log import AuditLog
from consentkit.core.consent import Signals, resolve
from consentkit.core.errors import ConsentkitError
from consentkit.core.jurisdiction import Shown
from consentkit.core.policy import Policy
from consentkit.lint.site import NOON, House, Site
from consentkit.lint.walked import Steps, Walk
from consentkit.scan.browse import QUIET, Asked
from consentkit.scan.judge import Judge
from consentkit.scan.render.early import early
from consentkit.scan.render.links import CONTROL, shut, unlinked
from consentkit.scan.render.page import Shop
from consentkit.scan.render.press import LOOK, PATIENCE, USABLE, steps_to
from consentkit.scan.serve import serving
from consentkit.web.answer import App
from consentkit.web.middleware import ConsentMiddleware
from consentkit.web.shown import shows

PREFIX = "/_consent"
AT_ONCE = 3
LONGEST = 240
"""Seconds for one visit."""
WINDOW = {"width": 1280, "height": 900}
KEPT = "[...Object.keys(localStorage), ...Object.keys(sessionStorage)]"
_HASH = re.compile("[0-9a-f]{64}")
SPOKEN = f"""() => {{
  {LOOK}
  const button = all('#consentkit-banner button:not(#consentkit-close)')[0];
  const notice = button?.closest('[lang]') ?? document.getElementById('consentkit');
  return button ? [document.documentElement.lang, notice.lang] : null;
}}"""
SAYS = f"""words => {{
  {LOOK}
  const says = each => each.innerText.includes(words) && ![...each.children].some(child => child.innerText?.includes(words));
  const inside = ({{top, bottom}}) => top >= 0 && bottom <= innerHeight;
  return all('*').some(each => each.innerText && says(each) && shown(each) && inside(each.getBoundingClientRect()));
}}"""


class NoVisitError(ConsentkitError):
    """A visit could not be ended."""


@dataclass(slots=True)
class Visit:
    """A visitor on the page.

    :param page: in a browser of their own.
    :param asked: what was asked of others.
    """

    page: Page
    asked: list[Asked] = field(default_factory=list)


async def walked(
    browser: Browser, site: Site, houses: Sequence[House], one_more: Callable[[], None] = lambda: None
) -> list[Walk]:
    """A visit in each of some of a site's houses.

    :param one_more: told after each.
    :raises NoVisitError: one could not be ended.
    """
    free = asyncio.Semaphore(AT_ONCE)
    with _served(site, houses) as origins:

        async def one(house: House, origin: str) -> Walk:
            async with free, asyncio.timeout(LONGEST):
                walk = await _Round(browser, site, house, origin).walk()
                one_more()
                return walk

        ended = await asyncio.gather(*map(one, houses, origins), return_exceptions=True)
    return [_ended(each) for each in ended]


def _ended(walk: Walk | BaseException) -> Walk:
    if isinstance(walk, Error):
        raise NoVisitError(f"a page could not be looked at: {walk.message.partition(chr(10))[0]}")
    if isinstance(walk, TimeoutError):
        raise NoVisitError(f"a visit took longer than {LONGEST} seconds")
    if isinstance(walk, BaseException):
        raise walk
    return walk


def alike(site: Site) -> Iterator[House]:
    """The houses; those that look and do the same as one, under all their codes."""
    found: dict[object, House] = {}
    for house in site.houses:
        policy = house.policy
        own = [each for each in site.layers if each.codes == house.codes]
        # What a law only writes down is in the notice's hash too, and nobody sees it.
        looks = tuple(_HASH.sub("", each.html) for each in own if each.language == site.policy.language)
        law = (shows(policy, Shown.OPT_OUT_LINK), shows(policy, Shown.SIGNAL_STATUS))
        key = (looks, tuple(policy.regimes.items()), tuple(policy.exempted.items()), law)
        before = found.get(key)
        found[key] = replace(before, codes=(*before.codes, *house.codes)) if before else house
    yield from found.values()


@contextmanager
def _served(site: Site, houses: Sequence[House]) -> Iterator[list[str]]:
    shop = Shop(site.policy, site.known)
    with tempfile.TemporaryDirectory(prefix="consentkit-") as kept:
        # Here nobody waits for a yes, and a busy machine must not refuse one.
        log = AuditLog(f"sqlite:///{kept}/log.db", log_id="scan", timeout=PATIENCE / 1000)

        def app(house: House) -> App:
            made = ConsentMiddleware(
                shop,
                policy=site.policy,
                secret_key=secrets.token_urlsafe(48),
                audit=log,
                prefix=PREFIX,
                jurisdiction=house.codes[0] if house.codes else None,
                templates=house.templates,
                grants_per_second=None,
            )
            if made.fault is not None:
                raise made.fault
            return made

        with serving([app(house) for house in houses], log) as origins:
            yield origins


class _Round:
    """One visit to each state of one house."""

    def __init__(self, browser: Browser, site: Site, house: House, origin: str) -> None:
        self._browser = browser
        self._site = site
        self._house = house
        self._policy: Policy = house.policy
        self._origin = origin
        self._state = f"{origin}{PREFIX}/state"
        self._start = f"{origin}/{site.policy.language}"

    async def walk(self) -> Walk:
        walk = Walk(self._house.codes)
        if not self._policy.askable:
            return walk
        async with self._visit() as visit:
            walk = replace(walk, early=await self._before(visit), languages=await self._languages(visit.page))
            walk = replace(walk, shut=await self._shut(visit.page))
            walk = replace(walk, **await self._refused(visit.page))
        async with self._visit() as visit:
            walk = replace(walk, **await self._accepted(visit.page))
        if self._must_say:
            async with self._visit(signal=True) as visit:
                walk = replace(walk, signal=await visit.page.evaluate(SAYS, self._words("gpc")))
        return walk

    @asynccontextmanager
    async def _visit(self, *, signal: bool = False) -> AsyncIterator[Visit]:
        headers = {"Sec-GPC": "1"} if signal else {}
        context = await self._browser.new_context(
            viewport={"width": WINDOW["width"], "height": WINDOW["height"]},
            extra_http_headers=headers,
            service_workers="block",
        )
        try:
            visit = Visit(await context.new_page())

            async def answer(route: Route) -> None:
                address = route.request.url
                visit.asked.append(Asked(address, route.request.resource_type))
                own = address.startswith((f"{self._origin}/", "data:", "blob:"))
                await (route.continue_() if own else route.abort())

            await context.route("**/*", answer)
            if signal:
                await context.add_init_script(
                    "Object.defineProperty(navigator, 'globalPrivacyControl', {value: true})"
                )
            await self._open(visit.page)
            yield visit
        finally:
            await context.close()

    async def _open(self, page: Page, address: str = "") -> Response | None:
        try:
            answer = await page.goto(address or self._start)
        except Error:  # a choice makes the page load itself anew, and that goes first now and then
            await page.wait_for_timeout(QUIET * 1000)
            answer = await page.goto(address or self._start)
        await page.wait_for_timeout(QUIET * 1000)
        return answer

    async def _before(self, visit: Visit) -> tuple[str, ...]:
        """What was fetched or kept that may not be yet."""
        judge = Judge(self._policy, self._site.known, [self._origin])
        cookies = [each.get("name", "") for each in await visit.page.context.cookies(self._origin)]
        return early(self._policy, judge, visit.asked, cookies, await visit.page.evaluate(KEPT))

    async def _languages(self, page: Page) -> tuple[tuple[str, str], ...]:
        found = []
        for language in self._site.looked_at:
            await page.goto(f"{self._origin}/{language}")
            spoken = await page.evaluate(SPOKEN)
            if spoken and spoken[0].lower() != spoken[1].lower():
                found.append((spoken[0], spoken[1]))
        return tuple(found)

    async def _shut(self, page: Page) -> tuple[str, ...]:
        await self._open(page)
        preferences = f"{self._origin}{PREFIX}/?lang={self._site.policy.language}"
        return await shut(page, self._open, self._origin, self._policy.privacy_url, preferences)

    async def _refused(self, page: Page) -> dict[str, Any]:
        """What refusing took, and what stands there afterwards."""
        await self._open(page)
        refuse = await self._steps(page, "reject")
        await self._open(page)
        told: dict[str, Any] = {"refuse": refuse, "walled": not await page.evaluate(USABLE)}
        told["control"] = await page.evaluate(CONTROL) is not None
        if shows(self._policy, Shown.OPT_OUT_LINK):
            told["link"] = await unlinked(page, self._open, self._origin, self._state)
        return told

    async def _accepted(self, page: Page) -> dict[str, Any]:
        accept = await self._steps(page, "accept")
        await self._open(page)
        return {"accept": accept, "withdraw": await self._steps(page, "withdraw")}

    async def _steps(self, page: Page, action: str) -> Steps | None:
        try:
            return await steps_to(page, action, self._state)
        except Error:
            return None

    @property
    def _must_say(self) -> bool:
        signal = resolve(self._policy, Signals(gpc=True), None, NOON).signal
        return shows(self._policy, Shown.SIGNAL_STATUS) and bool(signal) and bool(self._policy.selling)

    def _words(self, name: str) -> str:
        return self._house.book.words[self._site.policy.language](name)
