"""Crawlers are known by their names."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.asgi import OURS, get, serving

from consentkit.web.crawlers import CRAWLERS, READ, is_crawler

NAMES = [name for names in CRAWLERS.values() for name in names]
CHROME = "Mozilla/5.0 (Linux; Android {}) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/156.0.0.0 Mobile Safari/537.36"


@pytest.mark.parametrize(
    "agent",
    [
        "Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)",
        "Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; bingbot/2.0; +http://www.bing.com/bingbot.htm)",
        "DuckDuckBot/1.1; (+http://duckduckgo.com/duckduckbot.html)",
        "Version/8.0.2 Safari/600.2.5 (Applebot/0.1)",
        "Mozilla/5.0 (compatible; YandexBot/3.0; +http://yandex.com/bots)",
        "Mozilla/5.0 (compatible; Baiduspider-render/2.0; +http://www.baidu.com/search/spider.html)",
        "Baiduspider+(+http://www.baidu.com/search/spider_jp.html)",
        "facebookexternalhit/1.1",
        "Twitterbot/1.0",
        "LinkedInBot/1.0 (compatible; Mozilla/5.0; Jakarta Commons-HttpClient/4.3 +http://www.linkedin.com)",
        "Slackbot-LinkExpanding 1.0 (+https://api.slack.com/robots)",
        "Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; GPTBot/1.0; +https://openai.com/gptbot)",
        "Mozilla/5.0 AppleWebKit/537.36 (KHTML, like Gecko; compatible; ClaudeBot/1.0; +claudebot@anthropic.com)",
        "CCBot/2.0 (https://commoncrawl.org/faq/)",
        "Mozilla/5.0 (compatible;PetalBot;+https://webmaster.petalsearch.com/site/petalbot)",
        "Mozilla/5.0 (compatible; archive.org_bot/heritrix-1.15.4 +http://www.archive.org)",
        "Mozilla/5.0 (compatible; Yahoo! Slurp; http://help.yahoo.com/help/us/ysearch/slurp)",
        "GOOGLEBOT",
    ],
)
def test_what_a_crawler_sends_is_known(agent):
    assert is_crawler(agent.encode())


@pytest.mark.parametrize(
    "agent",
    [
        CHROME.format("9; CUBOT_X18"),
        CHROME.format("11; CUBOT X30 Build/RP1A.200720.011"),
        CHROME.format("10; CUBOT_NOTE_20_PRO"),
        CHROME.format("12; Cubot KingKong 5 Pro"),
        CHROME.format("13; ROBOT-1"),
        CHROME.format("13; SM-S911B"),
        "Mozilla/5.0 (Windows NT 10.0; Win64; x64; rv:150.0) Gecko/20100101 Firefox/150.0",
        CHROME.format("14; K") + " DuckDuckGo/5",
        CHROME.format("14; K") + " [Pinterest/Android]",
        CHROME.format("14; K") + " [LinkedInApp]",
        CHROME.format("14; K") + " [FBAN/FBIOS;FBAV/512]",
        "MyGooglebot/1.0",
        "Googlebot2/1.0",
        "Googlebot_/1.0",
        "Not-Googlebot/1.0",
        "Googlebot-Fan/1.0",
        "Browser/1.0 (+https://example.org/googlebot.html)",
        "bot",
        "Google",
        "",
    ],
)
def test_people_and_strangers_are_not_taken_for_one(agent):
    assert not is_crawler(agent.encode())


def test_no_name_is_no_crawler():
    assert not is_crawler(None)


@pytest.mark.parametrize("name", NAMES)
def test_each_name_of_the_table_is_known_alone_and_not_within_a_longer_word(name):
    assert is_crawler(f"Mozilla/5.0 (compatible; {name}/1.0)".encode())
    assert not is_crawler(f"Mozilla/5.0 (compatible; x{name}/1.0)".encode())
    assert not is_crawler(f"Mozilla/5.0 (compatible; {name}x/1.0)".encode())


def test_the_table_names_each_once_with_its_address():
    assert len({name.lower() for name in NAMES}) == len(NAMES)
    assert all(source.startswith(("http://", "https://")) for source in CRAWLERS)


def test_only_the_beginning_is_looked_at_and_no_cut_makes_a_name():
    end = READ - len(b"Googlebot")

    assert is_crawler(b" " * end + b"Googlebot")
    assert is_crawler(b" " * (end - 3) + b"Googlebot x" + b"x" * 10_000)
    assert not is_crawler(b" " * end + b"Googlebots")
    assert not is_crawler(b" " * READ + b"Googlebot x")


@given(st.binary(max_size=2000))
def test_any_bytes_get_an_answer(agent):
    assert is_crawler(agent) in (True, False)


@given(st.from_regex(r"[A-Za-z0-9._-]{0,30}bot[A-Za-z0-9._-]{0,30}", fullmatch=True))
def test_the_letters_alone_never_do(word):
    assert is_crawler(word.encode()) is (word.lower() in {name.lower() for name in NAMES})


@pytest.mark.parametrize(
    ("agent", "notice"),
    [
        (b"Mozilla/5.0 (compatible; Googlebot/2.1; +http://www.google.com/bot.html)", False),
        (b"Mozilla/5.0 (Linux; Android 9; CUBOT_X18_Plus) AppleWebKit/537.36", True),
    ],
    ids=["crawler", "phone"],
)
async def test_a_crawler_gets_a_gated_page_without_notice_and_a_phone_one_with(
    wrap, agent: bytes, notice: bool
) -> None:
    page = b'<html><head><script src="https://counter.example/c.js"></script></head><body>x</body></html>'
    reply = await get(wrap(serving(page)), headers=[(b"user-agent", agent)])

    assert (OURS in reply.body) is notice
    assert b'data-ck-src="https://counter.example/c.js"' in reply.body
