"""Where the links lead that a visitor needs: to the privacy statement, to the list of cookies, and to an opt-out."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from urllib.parse import urljoin

from playwright.async_api import Page, Response

from consentkit.scan.render.press import LOOK, USABLE, steps_to

Open = Callable[[Page, str], Awaitable[Response | None]]
PRESSABLE = f"""address => {{
  {LOOK}
  const links = all('#consentkit-banner a').filter(each => each.getAttribute('href') === address && shown(each));
  return links.some(each => {{ each.scrollIntoView({{block: 'nearest', behavior: 'instant'}}); return hit(each); }});
}}"""
ASKS = f"""() => {{
  {LOOK}
  return all('#consentkit-banner button:not(#consentkit-close)').length > 0;
}}"""
CONTROL = f"""() => {{
  {LOOK}
  const control = all('#consentkit-preferences').find(each => shown(each) && hit(each));
  if (!control) return null;
  return {{text: parseFloat(getComputedStyle(control).fontSize) > 0 ? control.innerText.trim() : '', href: control.href}};
}}"""


async def shut(page: Page, go: Open, origin: str, address: str | None, preferences: str) -> tuple[str, ...]:
    """Links that lead nowhere, or lie under something, in words.

    :param page: where the question stands.
    :param go: opens an address and waits until the page is quiet.
    :param address: of the privacy statement.
    :param preferences: address of the second layer.
    """
    found = []
    if address and await page.evaluate(ASKS) and not await page.evaluate(PRESSABLE, address):
        found.append("a link to the privacy statement that cannot be pressed")
    if address and address.startswith("/"):
        await go(page, urljoin(origin, address))
        if not await page.evaluate(USABLE):
            found.append(f"{address} under the notice")
    await go(page, preferences)
    links = page.locator("a[href*='/declaration']")
    if await links.count() == 0 or not await links.first.is_visible():
        found.append("a link to the list of cookies that cannot be seen")
    elif not (await page.context.request.get(await links.first.evaluate("link => link.href"))).ok:
        found.append("a link to the list of cookies that leads nowhere")
    return tuple(found)


async def unlinked(page: Page, go: Open, origin: str, state: str) -> str:
    """What is wrong with the lasting link to an opt-out; empty for nothing.

    :param page: where everything is refused.
    :param go: opens an address and waits until the page is quiet.
    :param state: address that tells what is chosen.
    """
    control = await page.evaluate(CONTROL)
    if control is None:
        return ""  # no control at all is another rule's
    if not control["text"]:
        return "no link in words to be seen after a choice"
    if not control["href"].startswith(f"{origin}/"):
        return "a link in words that leads elsewhere"
    for act in ("accept", "reject"):
        answer = await go(page, control["href"])
        if answer is None or not answer.ok:
            return "a link in words that leads nowhere"
        if await steps_to(page, act, state) is None:
            return f"a link in words to a page on which nobody can {act}"
    return ""
