"""Whether a visitor has chosen again meanwhile."""

from __future__ import annotations

import asyncio

import pytest

from consentkit.audit.errors import LogUnavailable
from consentkit.audit.later import VIEW_BYTES, Act, Later, Question, answered
from consentkit.audit.log import AuditLog
from consentkit.audit.spool import Kept, Spool

VIEW = b"\x00view of a page\xff"
OTHER = b"\x00view of a pagf\x00"


@pytest.mark.parametrize(
    ("act", "yes"),
    [
        (Act("other", 11, VIEW + b"reject"), True),
        (Act("other", 10, VIEW + b"reject"), False),
        (Act("own", 11, VIEW + b"accept"), False),
        (Act("other", 11, OTHER + b"reject"), False),
    ],
    ids=["later", "not later", "the event itself", "from another page view"],
)
def test_a_later_act_from_the_same_page_view_answers(act, yes):
    question = Question(VIEW, 10, "own")

    assert len(VIEW) == len(OTHER) == VIEW_BYTES
    assert answered([question], [act]) == ({question} if yes else set())


async def test_an_act_is_found_in_the_store_and_in_the_spool(url, tmp_path, make_event, make_refusal):
    log = AuditLog(url, timeout=20.0, spool=tmp_path / "a.spool")
    grant = make_event()
    await log.record(grant, once=VIEW + b"grant")
    assert not await log.followed(VIEW, grant.time)
    assert await log.followed(VIEW, grant.time - 1)
    assert not await log.followed(OTHER, 0)

    refusal = make_refusal(time=grant.time + 1)
    await log.record_refusal(refusal, once=VIEW + b"\xff\xff")
    assert await log.followed(VIEW, grant.time)
    assert not await log.followed(VIEW, grant.time, by_other_than=refusal.id)
    await log.close()

    Spool(tmp_path / "a.spool").append([Kept(make_refusal(), once=OTHER + b"refusal")])
    assert await log.followed(OTHER, grant.time)
    await log.close()


async def test_many_who_ask_are_answered_each_for_itself_by_few_looks(
    url, tmp_path, make_refusal, monkeypatch
):
    log = AuditLog(url, timeout=20.0, spool=tmp_path / "a.spool")
    views = [b"%016d" % number for number in range(250)]
    for view in views[::2]:
        await log.record_refusal(make_refusal(time=20), once=view + b"refusal")
    looks, look = [], log._look_later
    monkeypatch.setattr(log, "_look_later", lambda asked: looks.append(len(asked)) or look(asked))

    answers = await asyncio.gather(*(log.followed(view, 10) for view in views))
    await log.close()

    assert answers == [number % 2 == 0 for number in range(250)]
    assert sum(looks) == 250
    assert len(looks) <= 3


async def test_a_look_that_fails_fails_those_who_asked_and_the_next_one_looks_again():
    away = True

    def look(questions):
        if away:
            raise LogUnavailable("away")
        return questions

    later = Later(asyncio.get_running_loop(), look)
    asked = [later.ask(Question(VIEW, number, "")) for number in range(3)]
    failed = await asyncio.gather(*asked, return_exceptions=True)
    away = False

    assert [type(one) for one in failed] == [LogUnavailable] * 3
    assert len({id(one) for one in failed}) == 3
    assert await later.ask(Question(VIEW, 1, ""))


async def test_a_log_that_is_not_there_cannot_tell(tmp_path):
    log = AuditLog(f"sqlite:///{tmp_path / 'none.db'}")

    with pytest.raises(LogUnavailable):
        await log.followed(VIEW, 0)
