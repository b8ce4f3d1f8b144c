"""Which of our sheets a page needs, and the site's theme in front of them.

A page that asks nothing carries the small control's alone. What a law makes it show comes with a sheet of its own, so that
nobody else pays for it.
"""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product

from consentkit.core.jurisdiction import Shown
from consentkit.core.policy import Policy
from consentkit.core.theme import Theme
from consentkit.web import client
from consentkit.web.shown import layout_of, shows

LAYOUTS = ("bar", "box", "modal", "inline")
_SCOPE = ":root,:host"


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
    return client.sheet(*names, before=theme(policy.theme))


def page(policy: Policy, name: str = "page") -> client.Asset:
    """The sheet of the visitor's pages."""
    return client.sheet(name, before=theme(policy.theme))


def sheets(policy: Policy) -> Iterator[client.Asset]:
    """Those of every law: a page that is the same for all may be drawn under another one than its visitor's."""
    flow = policy.place == "start"
    for shape, foot, close in product(("", *LAYOUTS), (False, True), (False, True)):
        yield client.sheet(*_names(shape, foot=foot, close=close, flow=flow), before=theme(policy.theme))
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
    return (
        f"{_SCOPE}{{{';'.join(f'--consentkit-{name}:{text}' for name, text in values.items())}}}"
        if values
        else ""
    )


def _under(scheme: str, block: str) -> str:
    return f"@media(prefers-color-scheme:{scheme}){{{block}}}" if block else ""
