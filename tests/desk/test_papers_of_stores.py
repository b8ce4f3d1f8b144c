"""Versions of the policy and evidence files, on each store that keeps a log."""

from __future__ import annotations

import zipfile
from pathlib import Path

import pytest
from tests.asgi import POLICY
from tests.audit.commands import write
from tests.audit.conftest import (  # noqa: F401 - fixtures
    VISITOR,
    build_event,
    postgresql,
    postgresql_url,
    sqlite_url,
)

from consentkit.audit.event import Document
from consentkit.audit.evidence import About
from consentkit.audit.keys import generate, read_public
from consentkit.audit.reader import Reader
from consentkit.audit.signing import Signing
from consentkit.core.policy import Policy
from consentkit.desk.errors import NotFound
from consentkit.desk.evidence import pack
from consentkit.desk.versions import Version, versions

SITE = Policy.model_validate(POLICY)
QUARTER = 900_000_000


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request: pytest.FixtureRequest) -> str:
    """A log of three decisions, of which the last two are of the policy that we know."""
    found: str = request.getfixturevalue(f"{request.param}_url")
    times = (QUARTER * 1000, QUARTER * 1001 + 7, QUARTER * 1003 + 5)
    events = [
        build_event(policy=policy, notice="", time=time)
        for policy, time in zip(("a" * 64, SITE.version, SITE.version), times, strict=True)
    ]
    write(found, *events, papers=[Document("policy", SITE.version, SITE.document)])
    return found


def test_versions_are_those_under_which_choices_were_made(url: str) -> None:
    assert versions(Reader(url), SITE.version) == [
        Version(SITE.version, QUARTER * 1001, QUARTER * 1003, 2),
        Version("a" * 64, QUARTER * 1000, QUARTER * 1000, 1),
    ]


@pytest.mark.parametrize(
    "about", [About(visitor=VISITOR), About(first=0, last=QUARTER * 1002)], ids=["visitor", "range"]
)
def test_a_file_is_packed_and_let_go(url: str, tmp_path: Path, about: About) -> None:
    generate(tmp_path / "key", "papers.example")
    Signing(url, None, tmp_path / "key").sign()

    packed = pack(Reader(url), about, read_public([tmp_path / "key.pub"]))

    with packed.file, zipfile.ZipFile(packed.file) as file:
        assert packed.written.events == len(file.read("records.jsonl").splitlines())
        assert "verify.py" in file.namelist()


def test_what_is_not_there_is_told(url: str, tmp_path: Path) -> None:
    with pytest.raises(NotFound):
        pack(Reader(url), About(visitor="nobody"), [])
