"""What a jurisdiction's rule makes of a policy: the regime of a purpose there, and which services are exempt."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from dataclasses import dataclass, field

from consentkit.core.jurisdiction import Category, Fact, Rule
from consentkit.core.regime import Regime, strictest
from consentkit.core.service import Service


@dataclass(frozen=True, slots=True)
class Terms:
    """The law that a policy is applied under.

    :param code: the visitor's jurisdiction, such as ``FR``; ``None`` where it is unknown and the strictest one stands in.
    :param rule: what holds there today.
    :param row: code of the row that the rule is of.
    :param overrides: regimes that the site sets instead.
    :param lax_elsewhere: whether some visitor of the site may be in another state than closed before any choice.
    :param link_somewhere: whether some visitor of the site must be shown a lasting link to an opt-out.
    """

    code: str | None
    rule: Rule
    row: str
    overrides: Mapping[Category, Regime] = field(default_factory=dict)
    lax_elsewhere: bool = False
    link_somewhere: bool = False

    def regime(self, category: Category, own: Regime | None, services: Iterable[Service]) -> Regime:
        """The regime of a purpose.

        :param category: what laws take the purpose for.
        :param own: what the site's policy says for everywhere. Assumed consent holds where the rule knows it; elsewhere it
            asks.
        :param services: the services with this purpose: where each is exempt by what it states, so is the purpose.
        """
        if category in self.overrides:
            return self.overrides[category]
        by_law = self.rule.regime(category)
        if own is Regime.NOTICE:
            return own if category in self.rule.implied else Regime.OPT_IN
        if own is not None:
            return own
        exempt = [self.exemption({category}, service) for service in services]
        if exempt and by_law.asked:
            return strictest(regime or by_law for regime in exempt)
        return by_law

    def asks(self, category: Category) -> bool:
        """Whether the rule asks about a category, and the site sets nothing else."""
        return category not in self.overrides and self.rule.regime(category).asked

    def exemption(self, asked: Collection[Category], service: Service) -> Regime | None:
        """The regime of a service of its own; ``None`` where it has none.

        :param asked: the categories of its purposes that are asked.
        """
        if not asked or any(category not in self.rule.exemptions for category in asked):
            return None
        wanted = {fact for category in asked for fact in self.rule.exemptions[category]}
        if missing(wanted, service):
            return None
        return Regime.OPT_OUT if Fact.OBJECTION in wanted else Regime.EXEMPT


def missing(wanted: Iterable[Fact], service: Service) -> list[str]:
    """The facts that a service does not state. What our notice does for each, to tell and to take an objection, is there."""
    return sorted(fact.value for fact in set(wanted) - {*service.facts, Fact.INFORMED, Fact.OBJECTION})
