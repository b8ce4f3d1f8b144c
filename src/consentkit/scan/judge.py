"""What of the requests of a page is wrong: leaks, and what is lost.

A *leak* is a request before a choice, or after a refusal, to a service that may not run then. *Lost* is a request that the
page makes without us and no longer makes with us, although nobody forbade it. A request counts by its host and path: what
stands behind ``?`` is often new each time, and so are long numbers. What a page does in one of two visits without us only is
not compared.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final, Literal
from urllib.parse import urlsplit

from consentkit.catalogue.index import Index, Owner
from consentkit.catalogue.known import Catalogue
from consentkit.core.policy import Policy
from consentkit.scan.browse import Asked, Seen
from consentkit.scan.explain import open_names

Stage = Literal["before", "rejected", "accepted"]
STAGES: Final[tuple[Stage, ...]] = ("before", "rejected", "accepted")
NOBODY: Final = "(others)"
"""What requests to third parties go by that nobody knows."""
_NUMBER = re.compile(r"[0-9]{6,}|[0-9a-f]{16,}")
_SAID_BY = re.compile(r"^(Uncaught )?(Failed to execute '[a-zA-Z]+' on '[a-zA-Z]+': )?")
"""How Chromium begins an error of a script that another one put in: the error is the same."""


@dataclass(frozen=True, slots=True)
class Leak:
    """A request to a service that may not run.

    :param stage: when.
    :param service: its id.
    :param listed: whether the policy names it.
    :param address: where to, without what stands behind ``?``.
    """

    stage: Stage
    service: str
    listed: bool
    address: str


@dataclass(slots=True)
class Report:
    """What was found on a page.

    :param page: its path or address.
    :param counts: number of requests by service, then by stage; ``without`` is the page without us.
    :param leaks: what should not have been asked for.
    :param lost: addresses that were no longer asked for, by stage.
    :param added: third parties' addresses that were asked for with us only, by stage.
    :param errors: errors of scripts that the page has with us only, by stage.
    :param trouble: why the page could not be looked at, where it could not.
    """

    page: str
    counts: dict[str, dict[str, int]] = field(default_factory=dict)
    leaks: list[Leak] = field(default_factory=list)
    lost: dict[Stage, list[str]] = field(default_factory=dict)
    added: dict[Stage, list[str]] = field(default_factory=dict)
    errors: dict[Stage, list[str]] = field(default_factory=dict)
    trouble: str = ""


@dataclass(frozen=True, slots=True)
class Views:
    """What was seen of a page.

    :param plain: without us, once for each time that it was looked at; none where there is no such page.
    :param stages: with us.
    """

    plain: tuple[Seen, ...]
    stages: Mapping[Stage, Seen]


class Judge:
    """Judges requests under one policy. What it does not name is asked without consent, whatever ``unlisted`` says.

    :param known: the services that there are.
    :param own: origins that the page was served from.
    """

    def __init__(self, policy: Policy, known: Catalogue, own: Iterable[str]) -> None:
        self._index = Index(policy.model_copy(update={"unlisted": "gate"}), known)
        self._own = tuple(f"{origin}/" for origin in own)
        early = frozenset(name for name, regime in policy.regimes.items() if regime.open_by_default)
        self._open: Mapping[Stage, frozenset[str]] = {
            "before": open_names(policy, early),
            "rejected": open_names(policy, frozenset()),
            "accepted": open_names(policy, frozenset(policy.purposes)),
        }

    def report(self, page: str, views: Views) -> Report:
        """The verdict on a page."""
        report = Report(page)
        first = {"without": views.plain[0]} if views.plain else {}
        for name, seen in (first | dict(views.stages)).items():
            for service in (service for asked in seen.asked for service in self.services(asked)):
                row = report.counts.setdefault(service, {})
                row[name] = row.get(name, 0) + 1
        for stage, seen in views.stages.items():
            if stage != "accepted":
                report.leaks += dict.fromkeys(self._leaks(stage, seen))
            if views.plain:
                report.lost[stage] = self._lost(stage, seen, views.plain)
                report.added[stage] = self._added(seen, views.plain)
                known = {self._bare(text) for plain in views.plain for text in plain.errors}
                report.errors[stage] = sorted({self._bare(text) for text in seen.errors} - known)
        return report

    def services(self, asked: Asked) -> tuple[str, ...]:
        """Ids of the services that an address belongs to; none for one of the site's own."""
        host, path = self._where(asked.address)
        owners = self._index.owners(host, path)
        if owners:
            return tuple(owner.service for owner in owners)
        return () if not host or self._index.is_own(host) else (NOBODY,)

    def _leaks(self, stage: Stage, seen: Seen) -> Iterator[Leak]:
        for asked in seen.asked:
            for owner in self._denied(stage, asked):
                yield Leak(stage, owner.service, owner.listed, asked.address.partition("?")[0])

    def _denied(self, stage: Stage, asked: Asked) -> tuple[Owner, ...]:
        return self._index.denied(self._index.owners(*self._where(asked.address)), self._open[stage])

    def _lost(self, stage: Stage, seen: Seen, plain: tuple[Seen, ...]) -> list[str]:
        due = [
            {self._normal(asked) for asked in each.asked if not self._denied(stage, asked)} for each in plain
        ]
        return sorted(set.intersection(*due) - {self._normal(asked) for asked in seen.asked})

    def _added(self, seen: Seen, plain: tuple[Seen, ...]) -> list[str]:
        known = {self._normal(asked) for each in plain for asked in each.asked}
        return sorted({self._normal(asked) for asked in seen.asked if self.services(asked)} - known)

    def _normal(self, asked: Asked) -> str:
        """An address as requests of different visits are compared by."""
        host, path = self._where(asked.address)
        return _NUMBER.sub("#", f"{host}{path.partition('?')[0]}")

    def _where(self, address: str) -> tuple[str, str]:
        """Host and path; the page's own host is the policy's."""
        for origin in self._own:
            if address.startswith(origin):
                return self._index.own_host, address[len(origin) - 1 :]
        parts = urlsplit(address)
        host = parts.netloc.rpartition("@")[2].lower()
        host = host.removesuffix({"https": ":443", "http": ":80"}.get(parts.scheme, ":"))
        return host, (parts.path or "/") + (f"?{parts.query}" if parts.query else "")

    def _bare(self, text: str) -> str:
        """An error without what differs between visits."""
        for origin in self._own:
            text = text.replace(origin, "/")
        return _NUMBER.sub("#", _SAID_BY.sub("", text))
