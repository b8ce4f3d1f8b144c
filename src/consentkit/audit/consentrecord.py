"""An event and the notice that it answers, as a consent record after ISO/IEC TS 27560:2023, in the terms of DPV 2.3.

The terms are those of the W3C guide on consent records of 15 February 2026 (checked 2026-11); ``docs/reference/receipt.md``
maps the fields, and names those that nothing we know could fill. Pure: the same values give the same record, so that
whoever holds a receipt can make it again and compare.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from consentkit.audit.export import moment
from consentkit.core.duration import DAY

CONTEXT = {
    "dct": "http://purl.org/dc/terms/",
    "dpv": "https://w3id.org/dpv#",
    "eu-gdpr": "https://w3id.org/dpv/legal/eu/gdpr#",
    "loc": "https://w3id.org/dpv/loc#",
    "rdf": "http://www.w3.org/1999/02/22-rdf-syntax-ns#",
    "schema": "https://schema.org/",
    "skos": "http://www.w3.org/2004/02/skos/core#",
}
RECORD_SCHEMA = "https://w3id.org/dpv/schema/dpv-27560#record"
EEA = frozenset(
    "AT BE BG CY CZ DE DK EE ES FI FR GR HR HU IE IS IT LI LT LU LV MT NL NO PL PT RO SE SI SK".split()  # noqa: SIM905 - a line
)
"""Where the GDPR is law (EEA Agreement, Joint Committee Decision 154/2018, checked 2026-11)."""
KINDS_OF_PURPOSE = {
    "necessary": "dpv:ServiceProvision",
    "functional": "dpv:Personalisation",
    "analytics": "dpv:ServiceUsageAnalytics",
    "marketing": "dpv:Marketing",
}
"""What our own purposes are kinds of; a site's own purposes are kinds of ``dpv:Purpose``."""

Values = Mapping[str, Any]


def consent_receipt(
    event: Values, notice: Values | None, visitor: str | None, stated: Values
) -> dict[str, Any]:
    """The receipt: who holds it, when it was made, and the record of the decision.

    :param event: what an event commits to, parsed.
    :param notice: the notice that it names, parsed; ``None`` where it names none that is known.
    :param visitor: the visitor's id; ``None`` for whoever refused.
    :param stated: what the server says of itself: ``created`` (a moment), ``lifetime`` (seconds), ``preferences`` (the
        address where the choice is changed).
    :raises KeyError, TypeError, ValueError, AttributeError: the values are no event and no notice.
    """
    return {
        "@context": CONTEXT,
        "@type": "dpv:ConsentReceipt",
        "dct:identifier": event["id"],
        "dct:created": stated["created"],
        "dpv:hasRecordOfActivity": [_record(event, notice, visitor, stated)],
    }


def _record(event: Values, notice: Values | None, visitor: str | None, stated: Values) -> dict[str, Any]:
    shown = notice or {}
    return {
        "@type": "dpv:ConsentRecord",
        "dct:conformsTo": RECORD_SCHEMA,
        "dct:identifier": event["id"],
        "dpv:hasDataSubject": {
            "@type": "dpv:DataSubject",
            **({} if visitor is None else {"dct:identifier": visitor}),
        },
        **(
            {
                "dpv:hasNotice": {
                    "@type": "dpv:ConsentNotice",
                    "dct:identifier": event["notice"],
                    "dct:language": shown["language"],
                }
            }
            if notice
            else {}
        ),
        "dpv:hasProcess": [
            _process(event, shown, name, stated) for name in (*event["granted"], *event["denied"])
        ],
    }


def _process(event: Values, notice: Values, name: str, stated: Values) -> dict[str, Any]:
    where, regime = event["jurisdiction"], event["regimes"].get(name)
    services = list(_services(event, notice, name))
    process: dict[str, Any] = {
        "@type": "dpv:Process",
        "dpv:hasPurpose": _purpose(notice, name),
        "dpv:hasConsentStatus": _status(event, name, stated),
        "dpv:hasConsentControl": {
            "@type": "dpv:WithdrawConsent",
            "dpv:isExercisedAt": stated["preferences"],
        },
    }
    if notice:
        process["dpv:hasDataController"] = _controller(notice)
        process["dpv:hasRecipient"] = [
            {"@type": "dpv:Recipient", "dpv:hasName": one["vendor"]} for one in services
        ]
        process["dpv:hasPersonalData"] = [
            {
                "@type": "dpv:PersonalData",
                "dct:title": f"cookie {cookie.get('name') or cookie.get('pattern')}",
            }
            for one in services
            for cookie in one["cookies"]
        ]
    if regime == "opt-in":
        process["dpv:hasLegalBasis"] = "eu-gdpr:A6-1-a" if where in EEA else "dpv:Consent"
    if where:
        process["dpv:hasJurisdiction"] = f"loc:{where}"
    return process


def _purpose(notice: Values, name: str) -> dict[str, Any]:
    shown: Values = next((one for one in notice.get("purposes", ()) if one["id"] == name), {})
    return {
        "@type": "dpv:Purpose",
        "dct:identifier": name,
        "skos:broader": KINDS_OF_PURPOSE.get(name, "dpv:Purpose"),
        **({"dct:title": shown["title"], "dct:description": shown["text"]} if shown else {}),
    }


def _controller(notice: Values) -> dict[str, Any]:
    who = notice["controller"]
    return {
        "@type": "dpv:DataController",
        "dct:identifier": notice["site"]["address"],
        "dpv:hasName": who["name"],
        "schema:contactPoint": who["contact"],
        **({"dpv:hasAddress": who["address"]} if who["address"] else {}),
    }


def _services(event: Values, notice: Values, name: str) -> Iterator[Values]:
    """The services that may run for a purpose: the granted ones, and none but exceptions where it is denied."""
    granted = name in event["granted"]
    for key, service in notice.get("services", {}).items():
        if name in service["purposes"]:
            excepted = event["services_denied"] if granted else event["services_granted"]
            if granted != (key in excepted):
                yield service


def _status(event: Values, name: str, stated: Values) -> dict[str, Any]:
    granted = name in event["granted"]
    refused = "dpv:ConsentWithdrawn" if event["act"] == "withdraw" else "dpv:ConsentRefused"
    return {
        "@type": ["dpv:ExpressedConsent", "dpv:ConsentGiven"] if granted else [refused],
        "dpv:isIndicatedAtTime": moment(event["time"]),
        "dpv:isIndicatedBy": "dpv:DataSubject",
        "dpv:hasIndicationMethod": _method(event),
        "dpv:hasDuration": {
            "@type": "dpv:TemporalDuration",
            "rdf:value": _duration(stated["lifetime"]) if granted else "P0D",
        },
    }


def _duration(seconds: int) -> str:
    """ISO 8601: in days where they are whole."""
    return f"PT{seconds}S" if seconds % DAY else f"P{seconds // DAY}D"


def _method(event: Values) -> str:
    where = {"banner": "first layer of the notice", "page": "preferences page"}.get(
        event["how"], event["how"]
    )
    signal = ", Sec-GPC sent" if event["signal"] == "gpc" else ""
    return f"{event['act']}, {where}{signal}"
