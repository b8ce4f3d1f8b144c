"""What the rules say of a visit: what a page did before a choice, which presses a choice took, and what was left after it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from consentkit.lint.judge import Finding, once
from consentkit.lint.rule import Found
from consentkit.lint.rules import by_id


@dataclass(frozen=True, slots=True)
class Steps:
    """What it took to do something.

    :param presses: of the mouse.
    :param scrolls: times that something had to be scrolled to.
    :param fields: that had to be filled in.
    """

    presses: int
    scrolls: int = 0
    fields: int = 0

    @property
    def all(self) -> int:
        """All of them."""
        return self.presses + self.scrolls + self.fields

    def __str__(self) -> str:
        parts = [f"{self.presses} presses" if self.presses > 1 else "1 press"]
        parts += [f"{self.scrolls} scrolls"] if self.scrolls else []
        parts += [f"{self.fields} fields"] if self.fields else []
        return ", ".join(parts)


@dataclass(frozen=True, slots=True)
class Walk:
    """A visit to a page of the policy's services, in the jurisdictions where it goes alike.

    :param codes: which; none: the policy tells none apart.
    :param early: what was fetched or kept before a choice and may not be.
    :param accept: what accepting took; ``None``: it could not be done.
    :param refuse: what refusing took.
    :param withdraw: what withdrawing took after a yes, from any page.
    :param walled: whether the page cannot be scrolled or used after a refusal.
    :param control: whether the lasting control can be seen and pressed on a page after a refusal.
    :param link: what is wrong with the lasting link to an opt-out, where the law wants one; empty for nothing.
    :param signal: whether a page under the signal says that it was honored; ``None``: it need not.
    :param languages: of each page whose notice was in another: the page's, and the notice's.
    :param shut: links that lead nowhere or cannot be reached, in words.
    """

    codes: tuple[str, ...] = ()
    early: tuple[str, ...] = ()
    accept: Steps | None = Steps(1)
    refuse: Steps | None = Steps(1)
    withdraw: Steps | None = Steps(2)
    walled: bool = False
    control: bool = True
    link: str = ""
    signal: bool | None = None
    languages: tuple[tuple[str, str], ...] = ()
    shut: tuple[str, ...] = ()


def judge_walked(walks: Iterable[Walk]) -> list[Finding]:
    """All that the rules find in what was walked."""
    found: dict[str, list[Found]] = {}
    for walk in walks:
        for rule, each in _faults(walk):
            found.setdefault(rule, []).append(each)
    return [finding for name in sorted(found) for finding in once(by_id[name], found[name])]


def _faults(walk: Walk) -> Iterator[tuple[str, Found]]:
    for rule, (found, expected) in _told(walk):
        yield rule, Found((), found, expected, walk.codes)


def _told(walk: Walk) -> Iterator[tuple[str, tuple[str, str]]]:
    if walk.accept and (walk.refuse is None or walk.refuse.all > walk.accept.all):
        took = walk.refuse or "no way"
        yield "R03", (f"{took} to refuse, and {walk.accept} to accept", "no more than it takes to accept")
    for each in walk.early:
        yield "R13", (f"{each} before a choice", "nothing that is not exempt")
    if walk.walled:
        yield "R14", ("a page that cannot be used after a refusal", "the page as it is after a yes")
    if not walk.control:
        yield (
            "R15",
            ("no way back to the preferences on a page after a choice", "a link or icon on every page"),
        )
    elif walk.accept and not walk.link and not _as_easy(walk.withdraw, walk.accept):
        took = walk.withdraw or "no way"
        # The notice opens by itself, the preferences by a press.
        yield "R16", (f"{took} to withdraw, and {walk.accept} to accept", "one press more at most")
    for page, notice in walk.languages:
        yield "R29", (f"a notice in {notice} on a page in {page}", "the language of the page")
    for each in walk.shut:
        yield "R34", (each, "a link that can be reached, and leads there")
    yield from _american(walk)


def _as_easy(withdraw: Steps | None, accept: Steps) -> bool:
    return withdraw is not None and withdraw.presses + withdraw.fields <= accept.presses + accept.fields + 1


def _american(walk: Walk) -> Iterator[tuple[str, tuple[str, str]]]:
    if walk.signal is False:
        yield "R36", ("no word on the signal to be seen", "that it was honored")
    if walk.control and walk.link:
        yield "R37", (walk.link, '"Your Privacy Choices", to a page of the site where one can opt out')
