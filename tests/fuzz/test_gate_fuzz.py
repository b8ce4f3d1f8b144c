"""Pages of trackers in every kind of tag, badly quoted and cut anywhere: a real parser sees none of them live.

``CONSENTKIT_FUZZ`` says how many pages are tried; a few hundred without it.
"""

from __future__ import annotations

import gc
import os
import time

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.live import fetches, lexbor, without_scripts
from tests.web.gate.conftest import Rig

from consentkit.html.rewriter import Rewriter

EXAMPLES = int(os.environ.get("CONSENTKIT_FUZZ", "300"))
RIG = Rig()

HOSTS = [
    "www.google-analytics.com",
    "connect.facebook.net",
    "mc.yandex.ru",
    "paper.example",
    "nobody.example",
]
SPELT = [
    "https://%s/x",
    "//%s/x",
    "HTTPS://%s/x",
    "\thttps://%s/x",
    "https:&#47;/%s/x",
    "https:\\\\%s\\x",
    " https:%s/x",
    "h&#x74;tps://%s",
]
QUOTED = ['"%s"', "'%s'", "%s"]
PATTERNS = [
    "<script src=%s></script>", "<SCRIPT/SRC=%s></SCRIPT>", "<script async src=%s type=module></script>", "<img src=%s>",
    "<img alt='>' src=%s>", "<img\nsrc\n=\n%s>", "<img src=%s src=/own>", "<img src=/own src=%s>", "<iframe src=%s></iframe>",
    "<link rel=preload href=%s>", "<link href=%s rel='x stylesheet'>", "<image src=%s>", "<embed src=%s>", "<object data=%s>",
    "<video poster=%s>", "<audio src=%s>", "<source srcset=%s>", "<input type=image src=%s>", "<svg><image href=%s /></svg>",
    "<svg><script href=%s /></svg>", "<noscript><img src=%s></noscript>", "<template><img src=%s></template>",
    "<p title=%s>", "<a href=%s>", "<body background=%s>", "<math><img src=%s></math>",
]  # fmt: skip
NOISE = [
    "<!--", "-->", "<!-->", "<script>", "</script>", "<style>", "</style>", "<textarea>", "</textarea>", "<title>", "</title>",
    "<p a='", '"', "'", "<", ">", "<svg>", "</svg>", "<table>", "</table>", "<noembed>", "</noembed>", "<xmp>", "</xmp>",
    "<a title=\"<!-- \">", "alt=it's", "<b =\">", "\x00", "é", "<base href='/a/'>", "</p>", "<head>", "<body>",
]  # fmt: skip

address = st.builds(lambda spelt, host: spelt % host, st.sampled_from(SPELT), st.sampled_from(HOSTS))
tag = st.builds(
    lambda pattern, quoted, where: pattern % (quoted % where),
    st.sampled_from(PATTERNS),
    st.sampled_from(QUOTED),
    address,
)
pages = st.lists(tag | st.sampled_from(NOISE), max_size=14).map("".join).map(str.encode)
relaxed = settings(deadline=None, max_examples=EXAMPLES, suppress_health_check=[HealthCheck.too_slow])


@relaxed
@given(pages)
def test_no_real_parser_sees_a_live_address_of_a_service_that_may_not_run(page: bytes) -> None:
    out = RIG.gate(page)

    for parse in (lexbor, without_scripts):
        assert [found for found in fetches(parse(out)) if RIG.denied(found.host, found.path)] == []


@relaxed
@given(pages, st.integers(1, 40))
def test_in_pieces_it_is_the_same_and_insertions_come_out_again(page: bytes, size: int) -> None:
    places: list[tuple[int, int]] = []
    rewriter = Rewriter(RIG.rules(), None, trace=lambda at, length: places.append((at, length)))
    out = b"".join(rewriter.feed(page[at : at + size]) for at in range(0, len(page), size)) + rewriter.close()
    bare = out
    for at, length in reversed(places):
        bare = bare[:at] + bare[at + length :]

    assert out == RIG.gate(page)
    assert bare == page


GA = b"https://www.google-analytics.com/x"
WORST = {
    "angles": lambda n: b"<" * n,
    "quotes never closed": lambda n: b'<img src="' * (n // 10),
    "attributes": lambda n: b"<img " + b"src=//c " * (n // 8) + b">",
    "addresses": lambda n: b"<img " + b"src=%b " % GA * (n // 40) + b">",
    "one srcset": lambda n: b'<img srcset="' + b"a 1x," * (n // 5) + b'">',
    "commas in a srcset": lambda n: b'<img srcset="' + b"a," * (n // 2) + b'">',
    "styles": lambda n: b"<p style='" + b"a:url(//t.example)" * (n // 18) + b"'>",
    "a sheet": lambda n: b"<style>" + b"a{b:url(%b)}" % GA * (n // 46) + b"</style>",
    "imports": lambda n: b"<style>" + b"@import/*" * (n // 9) + b"</style>",
    "image sets": lambda n: b"<style>" + b"image-set(" * (n // 10) + b"</style>",
    "escapes": lambda n: b"<style>" + b"\\75" * (n // 3) + b"</style>",
    "srcdocs": lambda n: b"<iframe srcdoc='<img src=%b>'></iframe>" % GA * (n // 80),
    "loaders": lambda n: b"<script>" + b"fbq('init');" * (n // 12) + b"</script>",
    "small loaders": lambda n: b"<script>gtag('js', %b)</script>" % GA * (n // 66),
}


@pytest.mark.parametrize("worst", WORST.values(), ids=WORST)
def test_ten_times_the_page_costs_at_most_some_twenty_times(worst) -> None:
    def seconds(page: bytes) -> float:
        gc.collect()  # or the garbage of other tests would be counted as this page's time
        start = time.process_time()
        Rewriter(RIG._rules(), None).whole(page)
        return time.process_time() - start

    small = min(seconds(worst(60_000)) for _ in range(3))
    large = min(seconds(worst(600_000)) for _ in range(3))

    assert large <= 20 * small + 0.5
