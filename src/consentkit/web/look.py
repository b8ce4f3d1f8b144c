"""Which of our sheets a page needs, and the site's theme behind them.

A page that asks nothing carries the small control's alone. What a law makes it show comes with a sheet of its own, so that
nobody else pays for it.
"""

from __future__ import annotations

from collections.abc import Iterator
from functools import lru_cache
from itertools import product
from urllib.parse import unquote, urlsplit

from consentkit.core.jurisdiction import Shown
from consentkit.core.parts import NoticeRule
from consentkit.core.policy import Policy
from consentkit.core.theme import Theme
from consentkit.web import client
from consentkit.web.shown import layout_of, shows

LAYOUTS = ("bar", "box", "modal", "inline")
_SCOPE = ":host,body"


def notice_rule(policy: Policy, path: str, *, root: str = "", query: str = "") -> NoticeRule:
    """How the notice stands on a page. A modal one frees the pages that explain it: they are read before choosing (GDPR art.
    13, EDPB Guidelines 03/2022 v2.0 on dead ends, the German imprint by section 5 DDG; checked 2026-11).

    :param path: the page's own, without ``root_path``.
    :param root: the app's ``root_path``.
    """
    rule = policy.notice_rule(path) if policy.pages else "default"
    if rule != "default" or policy.layout != "modal":
        return rule
    ways = {way.rstrip("/") for way in (path, root + path)}
    explaining = _explaining(policy.site.address, policy.privacy_url, policy.imprint_url)
    return rule if explaining.isdisjoint({*ways, *(f"{way}?{query}" for way in ways)}) else "inline"


@lru_cache(64)
def _explaining(own: str, *addresses: str | None) -> frozenset[str]:
    """Those of the addresses that are on the site itself, as paths, each with its query if it has one."""
    found = (urlsplit(each.removeprefix(own)) for each in addresses if each)
    return frozenset(
        unquote(each.path).rstrip("/") + (f"?{each.query}" if each.query else "")
        for each in found
        if not each.netloc
    )


def layout(policy: Policy, rule: str) -> str:
    """The shape of the banner on a page, by the policy's rule for it."""
    return "inline" if rule == "inline" else layout_of(policy)


def sheet(policy: Policy, rule: str, *, asks: bool, foot: bool) -> client.Asset:
    """The sheet of a page's piece.

    :param rule: what the policy says for this page.
    :param asks: whether it has the banner.
    :param foot: whether the law, or a signal, makes something stay at its foot.
    """
    names = _names(
        layout(policy, rule) if asks else "",
        foot=foot,
        close=shows(policy, Shown.CLOSE),
        flow=policy.place == "start",
    )
    return client.sheet(*names, after=theme(policy.theme))


def page(policy: Policy, name: str = "page") -> client.Asset:
    """The sheet of the visitor's pages."""
    return client.sheet(name, after=theme(policy.theme))


def sheets(policy: Policy) -> Iterator[client.Asset]:
    """Those of every law: a page that is the same for all may be drawn under another one than its visitor's."""
    flow = policy.place == "start"
    for shape, foot, close in product(("", *LAYOUTS), (False, True), (False, True)):
        yield client.sheet(*_names(shape, foot=foot, close=close, flow=flow), after=theme(policy.theme))
    yield page(policy)


def theme(values: Theme) -> str:
    """A theme as a sheet. Its colours are of one scheme each; the other scheme keeps ours."""
    return "".join(
        (
            _block(values.shape),
            _under("light", _block(values.colours)),
            _under("dark", _block(values.dark.colours)),
        )
    )


def _names(shape: str, *, foot: bool, close: bool, flow: bool) -> tuple[str, ...]:
    names = ["control", *(["foot"] if foot else [])]
    if shape:
        names += ["banner", shape, *(["close"] if close else [])]
        names += ["flow"] if flow and shape != "inline" else []
    return tuple(names)


def _block(values: dict[str, str]) -> str:
    return f"{_SCOPE}{{{';'.join(f'--ck-{name}:{text}' for name, text in values.items())}}}" if values else ""


def _under(scheme: str, block: str) -> str:
    return f"@media(prefers-color-scheme:{scheme}){{{block}}}" if block else ""
