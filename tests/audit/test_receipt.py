"""Receipts: what they say, and that none of it can be changed unseen."""

from __future__ import annotations

import copy
import json

import pytest
from tests.audit.commands import run, write
from tests.audit.conftest import build_event, build_refusal

from consentkit.audit.consentrecord import consent_receipt
from consentkit.audit.errors import ReceiptError
from consentkit.audit.event import Document
from consentkit.audit.history import receipts
from consentkit.audit.keys import read_public
from consentkit.audit.receipt import LARGEST, Stated, verify

STATED = Stated("2026-11-25T07:00:00.000000Z", 15_552_000, "https://news.example/_consent/")
NOTICE = Document.of(
    "notice",
    json.dumps(
        {
            "language": "fr",
            "site": {"name": "News", "address": "https://news.example"},
            "controller": {"name": "News SA", "contact": "dpo@news.example", "address": "1 rue X, Paris"},
            "purposes": [
                {"id": "analytics", "title": "Statistiques", "text": "Compter."},
                {"id": "marketing", "title": "Marketing", "text": "Vendre."},
            ],
            "services": {
                "counter": {"vendor": "Counter Inc", "purposes": ["analytics"], "cookies": [{"name": "_c"}]},
                "ads": {"vendor": "Ads Inc", "purposes": ["marketing"], "cookies": []},
                "player": {"vendor": "Player SA", "purposes": ["marketing"], "cookies": []},
            },
        }
    ).encode(),
)


@pytest.fixture
def site(tmp_path, sqlite_url):
    """A log with a decision of a visitor among others', a key, and a checkpoint over it."""
    key = tmp_path / "log.key"
    run("audit", "keygen", str(key))
    write(
        sqlite_url,
        build_refusal(),
        build_event(
            visitor="ann",
            notice=NOTICE.hash,
            act="save",
            granted=("analytics",),
            denied=("marketing",),
            services_granted=("player",),
            signal="gpc",
        ),
        *(build_event(visitor=f"v{number}") for number in range(10)),
        papers=[NOTICE],
    )
    assert run("audit", "checkpoint", "--key", str(key), "--to", "-", url=sqlite_url).code == 0
    return sqlite_url, key


@pytest.fixture
def receipt(site):
    (found,) = receipts(site[0], "", visitor="ann", event_id=None, stated=STATED, timeout=5.0)
    return found


@pytest.fixture
def keys(site):
    return read_public([site[1].with_name("log.key.pub")])


def as_bytes(receipt):
    return json.dumps(receipt, ensure_ascii=False).encode()


def test_a_receipt_as_it_was_saved_is_true_and_proven(receipt, keys):
    checked = verify(as_bytes(receipt), keys)

    assert (checked.faults, checked.proven) == ((), True)
    assert checked.event["granted"] == ["analytics"]


def test_it_says_in_terms_of_the_vocabulary_what_was_decided(receipt):
    record = receipt["receipt"]["dpv:hasRecordOfActivity"][0]
    analytics, marketing = record["dpv:hasProcess"]

    assert record["dct:conformsTo"] == "https://w3id.org/dpv/schema/dpv-27560#record"
    assert record["dpv:hasDataSubject"]["dct:identifier"] == "ann"
    assert record["dpv:hasNotice"] == {
        "@type": "dpv:ConsentNotice",
        "dct:identifier": NOTICE.hash,
        "dct:language": "fr",
    }
    assert analytics["dpv:hasPurpose"]["skos:broader"] == "dpv:ServiceUsageAnalytics"
    assert analytics["dpv:hasLegalBasis"] == "eu-gdpr:A6-1-a"
    assert analytics["dpv:hasJurisdiction"] == "loc:FR"
    assert analytics["dpv:hasDataController"]["dpv:hasAddress"] == "1 rue X, Paris"
    assert analytics["dpv:hasPersonalData"] == [{"@type": "dpv:PersonalData", "dct:title": "cookie _c"}]
    assert analytics["dpv:hasConsentStatus"]["dpv:hasDuration"]["rdf:value"] == "P180D"
    assert analytics["dpv:hasConsentStatus"]["dpv:hasIndicationMethod"] == (
        "save, first layer of the notice, Sec-GPC sent"
    )
    assert marketing["dpv:hasConsentStatus"]["@type"] == ["dpv:ConsentRefused"]
    assert [one["dpv:hasName"] for one in marketing["dpv:hasRecipient"]] == ["Player SA"]


@pytest.mark.parametrize(
    ("changes", "basis"),
    [
        ({"jurisdiction": "US-CA"}, "dpv:Consent"),
        ({"jurisdiction": None}, "dpv:Consent"),
        ({"regimes": {"analytics": "opt-out"}}, None),
        ({"regimes": {"analytics": "notice"}}, None),
        ({"regimes": {}}, None),
    ],
    ids=str,
)
def test_consent_is_named_as_the_basis_only_where_it_was_asked_for(receipt, changes, basis):
    event = {**json.loads(receipt["evidence"]["event"]), **changes}

    made = consent_receipt(event, None, None, STATED.values())

    process = made["dpv:hasRecordOfActivity"][0]["dpv:hasProcess"][0]
    assert process.get("dpv:hasLegalBasis") == basis


def places(value, path=()):
    if isinstance(value, dict | list):
        for key in list(value) if isinstance(value, dict) else range(len(value)):
            yield from places(value[key], (*path, key))
    yield path


def changed(value):
    others = [None, "", "x", 0, 1, -1, True, [], {}, 10**30, 1.5]
    if isinstance(value, str) and value:
        others += [
            value[:-1],
            value + "0",
            ("1" if value[0] == "0" else "0") + value[1:],
            value.upper() + "x",
        ]
    if isinstance(value, int):
        others += [value + 1, value - 1]
    if isinstance(value, list):
        others += [value[1:], [*value, *value[:1]], list(reversed(value)) if len(value) > 1 else "x"]
    return [other for other in others if json.dumps(other) != json.dumps(value)]


def test_whatever_is_changed_in_a_receipt_is_seen(receipt, keys):
    unseen = []
    for path in list(places(receipt))[:-1]:
        for other in changed(at(receipt, path)):
            damaged = copy.deepcopy(receipt)
            at(damaged, path[:-1])[path[-1]] = other
            try:
                checked = verify(as_bytes(damaged), keys)
            except ReceiptError:
                continue
            if not checked.faults and checked.proven:
                unseen.append((path, other))

    assert unseen == []


def test_whatever_is_taken_out_of_a_receipt_is_seen(receipt, keys):
    unseen = []
    for path in list(places(receipt))[:-1]:
        damaged = copy.deepcopy(receipt)
        del at(damaged, path[:-1])[path[-1]]
        try:
            checked = verify(as_bytes(damaged), keys)
        except ReceiptError:
            continue
        if not checked.faults and checked.proven:
            unseen.append(path)

    assert unseen == []


def at(value, path):
    for key in path:
        value = value[key]
    return value


@pytest.mark.parametrize(
    "data",
    [
        b"",
        b"no json",
        b"[]",
        b"null",
        b'{"form": "consentkit-receipt/1"}',
        b'{"form": "consentkit receipt 2", "evidence": {}}',
        b'{"form": "consentkit-receipt/1", "receipt": {}, "evidence": {"event": "[]"}}',
        b'{"form": "consentkit-receipt/1", "receipt": {}, "evidence": {"event": "{}"}}',
        b"\xff\xfe",
        b"[" * 100_000,
        b" " * (LARGEST + 1),
    ],
    ids=lambda data: repr(data[:40]),
)
def test_what_is_no_receipt_is_said_to_be_none(data, keys):
    with pytest.raises(ReceiptError):
        verify(data, keys)


def command(receipt, tmp_path, *keys, name="receipt.json"):
    file = tmp_path / name
    file.write_bytes(receipt if isinstance(receipt, bytes) else as_bytes(receipt))
    return run("receipt", "verify", str(file), *(part for key in keys for part in ("--key", str(key))))


def test_the_command_tells_what_was_decided(site, receipt, tmp_path):
    done = command(receipt, tmp_path, site[1].with_name("log.key.pub"))

    assert (done.code, done.err) == (0, "")
    assert "granted  analytics" in done.out


def test_a_wrong_key_is_named_and_the_right_one_beside_it_is_enough(site, receipt, tmp_path):
    run("audit", "keygen", str(tmp_path / "other.key"))
    right, wrong = site[1].with_name("log.key.pub"), tmp_path / "other.key.pub"

    alone, together = command(receipt, tmp_path, wrong), command(receipt, tmp_path, wrong, right)

    assert alone.code == 1
    assert "none of the keys given signed the checkpoint" in alone.out
    assert together.code == 0


@pytest.mark.parametrize(
    ("data", "told"),
    [(b"{", "no JSON"), (b"{}", "its form is not"), (b'{"form":"consentkit-receipt/1"}', "damaged")],
)
def test_a_damaged_file_is_a_line_and_no_traceback(site, tmp_path, data, told):
    done = command(data, tmp_path, site[1].with_name("log.key.pub"))

    assert (done.code, done.out) == (2, "")
    assert told in done.err
    assert len(done.err.splitlines()) == 1


def test_a_file_or_key_that_is_not_there_is_a_line_and_no_traceback(site, receipt, tmp_path):
    missing = run("receipt", "verify", str(tmp_path / "none.json"), "--key", f"{site[1]}.pub")
    private = command(receipt, tmp_path, site[1])

    assert (missing.code, private.code) == (2, 2)
    assert "cannot be read" in missing.err
    assert "give the file that ends in .pub" in private.err


def test_a_newer_checkpoint_proves_an_older_event(site, keys):
    url, key = site
    write(url, *(build_event(visitor=f"w{number}") for number in range(300)))
    run("audit", "checkpoint", "--key", str(key), "--to", "-", url=url)

    (found,) = receipts(url, "", visitor="ann", event_id=None, stated=STATED, timeout=5.0)

    assert found["evidence"]["proof"]["size"] == 312
    assert verify(as_bytes(found), keys).faults == ()
