"""Stubs of services that are shut for good: what a page calls of them is there, and does nothing.

Those of services that the policy names stand in the page's first script. What else a page holds is known only when its tags
come by, after that script has gone out. So a small script stands right before each script that is shut for such a service,
and takes itself away when it has run: the page's own scripts find the document as the app made it.

It leaves alone whatever is there already. What some other service brings that may run, now or after a grant, gets no stub:
the loader of that one would leave the stub alone.

Under a Content-Security-Policy it runs where any inline script does, or by the nonce that the script which was shut carries.
Where the page's own inline scripts need a nonce and the one that was shut has none, or where none may run at all, there is no
stub: then only a file of the site's own can call what is missing.

Known limit: none inside svg, math, template and noscript.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Final, Literal

from consentkit.catalogue.index import Index
from consentkit.html.rules import Insertion, Memo, Rules, Verdict
from consentkit.html.tag import Context, Tag
from consentkit.web.gate.rules import owners_of

Inlines = Literal["all", "nonce", "none"]
"""Which inline scripts run in a page: all, those with the page's nonce, none."""
LEAVE: Final = b"document.currentScript?.remove()"
"""A library that runs the scripts of a page which it fetched may do so without an element."""


def stubs_of(index: Index) -> Mapping[str, tuple[str, ...]]:
    """What pages call of each service that no grant opens, as statements of a script."""
    services = index.services
    shut = {
        name
        for name in services
        if name not in index.policy.services and not index.may_run(name, frozenset())
    }
    brought = {call for name, service in services.items() if name not in shut for call in service.stubs}
    return {
        name: tuple(_statement(call) for call in services[name].stubs if call not in brought) for name in shut
    }


def _statement(call: str) -> str:
    *path, last = call[:-2].split(".")
    at = "window"
    for name in path:
        at = f"({at}.{name}??={{}})"
    return f"{at}.{last}??={'[]' if call.endswith('[]') else 'function(){}'};"


class StubbedRules:
    """Rules that put a stub before each script which other rules shut for good.

    :param rules: those others.
    :param stubs: as :func:`stubs_of` finds them.
    :param inlines: which inline scripts run in the page.
    """

    def __init__(self, rules: Rules, stubs: Mapping[str, tuple[str, ...]], inlines: Inlines) -> None:
        self._rules = rules
        self._stubs = stubs
        self._inlines: Inlines = inlines
        self.names = rules.names
        self.marks = rules.marks
        self.memo: Memo | None = Memo()

    def judge(self, tag: Tag) -> Verdict:
        """As the others say, with a stub before the tag."""
        return self._stubbed(tag, self._rules.judge(tag))

    def judge_text(self, tag: Tag, text: bytes, complete: bool) -> Verdict:
        """As the others say, with a stub before the tag."""
        return self._stubbed(tag, self._rules.judge_text(tag, text, complete))

    def _stubbed(self, tag: Tag, verdict: Verdict) -> Verdict:
        if verdict.rules is not None:
            return Verdict(rules=StubbedRules(verdict.rules, self._stubs, self._inlines))
        if tag.name != b"script" or not verdict.label or tag.context is not Context.HTML or not tag.complete:
            return verdict
        nonce = _nonce(tag)
        if self._inlines == "nonce" and not nonce:
            return verdict
        found = dict.fromkeys(
            each
            for owner in owners_of(verdict.label)
            if not owner.listed
            for each in self._stubs.get(owner.service, ())
        )
        if not found:
            return verdict
        script = b"<script data-ck-stub%b>%b%b</script>" % (nonce, "".join(found).encode(), LEAVE)
        return replace(verdict, insertions=(Insertion(0, script), *verdict.insertions))


def _nonce(tag: Tag) -> bytes:
    """The tag's own nonce as an attribute, with a blank in front; empty without one. Verdicts are kept by the tag's bytes."""
    held = tag.get(b"nonce")
    return b' nonce="%b"' % held.value.replace(b'"', b"&quot;") if held is not None and held.value else b""
