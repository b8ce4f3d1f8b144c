"""Which elements of a page are live although what they need is not granted."""

from __future__ import annotations

from consentkit.core.parts import NECESSARY
from consentkit.core.policy import Policy
from consentkit.html.rewriter import Rewriter
from consentkit.html.rules import PASS, Verdict
from consentkit.html.tag import Tag
from consentkit.web.gate.markup import MarkupRules, known_names
from consentkit.web.gate.park import FETCHES

LONGEST_SHOWN = 120


class _Watch(MarkupRules):
    """Looks at the same elements as the gate and changes none of them."""

    def __init__(self, policy: Policy, granted: frozenset[str]) -> None:
        super().__init__(known_names(policy), granted | {NECESSARY})
        self.memo = None  # every tag is looked at, also one seen before
        self.live: list[tuple[str, tuple[str, ...]]] = []

    def judge(self, tag: Tag) -> Verdict:
        """Note a live element that needs what is not granted."""
        fetches = FETCHES.get(tag.name)
        if fetches is None:
            return PASS
        needed = self.needed(tag.attributes) - self._allowed
        if needed and _runs(tag, fetches):
            shown = tag.raw[:LONGEST_SHOWN].decode("utf-8", "replace")
            self.live.append((shown, tuple(sorted(needed))))
        return PASS


def live_elements(page: bytes, policy: Policy, granted: frozenset[str]) -> list[tuple[str, tuple[str, ...]]]:
    """Openers of live elements with what each would need, in the page's order."""
    open_purposes = granted | {NECESSARY}
    open_services = {
        name for name, each in policy.services.items() if open_purposes.issuperset(each.purposes)
    }
    watch = _Watch(policy, granted | open_services)
    Rewriter(watch, None).whole(page)
    return watch.live


def _runs(tag: Tag, fetches: frozenset[bytes]) -> bool:
    kind = tag.get(b"type")
    if tag.name == b"script" and kind is not None and kind.text.strip().lower() == "text/plain":
        return False
    if tag.name == b"script" and tag.get(b"src") is None:
        return True
    return any(attribute.name in fetches and attribute.name != b"type" for attribute in tag.attributes)
