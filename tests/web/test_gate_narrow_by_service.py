"""A policy narrowed by who may run: the model of a browser says what that comes to."""

from __future__ import annotations

from hypothesis import given, settings
from hypothesis import strategies as st
from tests.web.csp_model import CHAINS, allowed

from consentkit.core.service import Service
from consentkit.web.gate.narrow import narrow
from consentkit.web.gate.reach import Reach, left_of

ADDRESSES = {
    "open": ("open.example", "www.mixed.example", "shared.example/open/"),
    "shut": (
        "shut.example",
        "*.shut.example",
        "ads.mixed.example",
        "shared.example/shut/",
        "cdn.example/shut/",
        "/own-shut/",
    ),
}
OPEN = ["https://open.example/a.js", "https://www.mixed.example/a.js", "https://shared.example/open/a.js"]
SHUT = ["https://shut.example/a.js", "https://x.shut.example/a/b.js", "https://ads.mixed.example/p.gif"]
SHUT_PATH = "https://cdn.example/shut/a.js"
OTHERS = [
    "https://paper.example/a.js",
    "https://nobody.example/a.js",
    "https://cdn.example/a.js",
    "https://www.cdn.example/a.js",
    "data:text/plain,x",
]
BROAD = ["https:", "*", "https://*", "*.example"]
SHARED = ["cdn.example", "https://cdn.example:443/", "*.cdn.example", "cdn.example/a.js"]
"""Where a service that may not run has a path, or nobody anything."""
SOURCES = [
    "'self'",
    "'none'",
    "'nonce-abc'",
    "'strict-dynamic'",
    "open.example",
    "https://shut.example",
    "*.shut.example",
    "x.shut.example:443",
    "*.mixed.example",
    "https://*.mixed.example:*",
    "ads.mixed.example/p.gif",
    "shared.example",
    "shared.example/shut/",
    "cdn.example/shut/",
    "cdn.example/shut/a.js",
    "cdn.example/sh",
    "nobody.example",
    "paper.example",
    "data:",
]
REACH = Reach(
    {
        name: Service(vendor="V", purposes=("analytics",), addresses=addresses)
        for name, addresses in ADDRESSES.items()
    },
    "paper.example",
    lambda host: host == "paper.example",
    lambda host: host == "example",
)


def policies(*sources: str) -> st.SearchStrategy[str]:
    names = sorted({name for chain in CHAINS.values() for name in chain})
    directive = st.tuples(st.sampled_from(names), st.lists(st.sampled_from(sources), max_size=5))
    return st.lists(directive, max_size=7).map(
        lambda parts: "; ".join(" ".join([name, *found]) for name, found in parts)
    )


def narrowed(policy: str) -> str:
    return narrow(policy.encode(), lambda _, source: left_of(source, REACH.of(source), {"open"})).decode()


@settings(max_examples=400)
@given(policies(*SOURCES, *SHARED))
def test_a_service_that_may_not_run_is_shut_out_wherever_the_policy_speaks(policy):
    after = narrowed(policy)

    for kind, chain in CHAINS.items():
        if any(name in policy.split() for name in chain):
            assert not any(allowed(after, kind, url) for url in SHUT), (kind, after)


@settings(max_examples=400)
@given(policies(*SOURCES))
def test_a_path_that_is_a_closed_services_is_shut_out_where_the_policy_names_paths(policy):
    after = narrowed(policy)

    for kind, chain in CHAINS.items():
        if any(name in policy.split() for name in chain):
            assert not allowed(after, kind, SHUT_PATH), (kind, after)


@settings(max_examples=400)
@given(policies(*SOURCES, *BROAD, *SHARED))
def test_what_may_run_and_what_nobody_is_known_for_stay_as_they_were(policy):
    after = narrowed(policy)

    for kind in CHAINS:
        for url in (*OPEN, *OTHERS):
            assert allowed(after, kind, url) == allowed(policy, kind, url), (kind, url, after)


@settings(max_examples=400)
@given(policies(*SOURCES, *BROAD, *SHARED))
def test_no_request_is_let_through_that_was_not_before(policy):
    after = narrowed(policy)

    for kind in CHAINS:
        for url in (*OPEN, *SHUT, SHUT_PATH, *OTHERS):
            assert not allowed(after, kind, url) or allowed(policy, kind, url), (kind, url, after)
