"""A policy made narrower: checked against a model of how browsers match sources, so that nothing is ever widened."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from tests.web.csp_model import CHAINS, allowed

from consentkit.web.gate.narrow import narrow, speaks_of_scripts, strict_dynamic

URLS = [
    "https://paper.example/a.js",
    "https://t.example/t.js",
    "http://t.example/t.js",
    "https://t.example:8443/t.js",
    "https://t.example/deep/er/t.js",
    "https://x.t.example/t.js",
    "https://ok.t.example/t.js",
    "wss://t.example/s",
    "https://ok.example/a.js",
    "data:text/plain,x",
    "blob:https://paper.example/1",
]
NAMES = ["default-src", *sorted({name for chain in CHAINS.values() for name in chain} - {"default-src"})]
SOURCES = [
    "'self'",
    "'none'",
    "'unsafe-inline'",
    "'nonce-abc'",
    "'strict-dynamic'",
    "t.example",
    "*.t.example",
    "https://t.example/deep/",
    "HTTP://T.EXAMPLE",
    "t.example:*",
    "t.example:8443",
    "wss://t.example",
    "ok.example",
    "https:",
    "data:",
    "blob:",
    "*",
    "*.example",
    "café",
    "://",
]
policies = st.lists(
    st.tuples(
        st.sampled_from([*NAMES, "SCRIPT-SRC", "form-action", "x-unknown", "report-uri"]),
        st.lists(st.sampled_from(SOURCES), max_size=5),
        st.sampled_from([";", "; ", ";\t", ",", " ; ;"]),
    ),
    max_size=8,
).map(lambda parts: "".join(f"{name} {' '.join(sources)}{end}" for name, sources, end in parts))


def trackers(directive: bytes, source: bytes) -> list[bytes]:
    """A caller that closes all of t.example, but for one host below it, and keeps the rest.

    It is never asked about keywords, nonces and hashes.
    """
    assert not source.startswith(b"'")
    if b"*.t.example" in source.lower():
        return [source.replace(b"*.t.example", b"ok.t.example")]
    return [] if b"t.example" in source.lower() else [source]


@settings(max_examples=400)
@given(policies)
def test_nothing_that_was_shut_is_opened_and_nothing_denied_stays_open(policy):
    after = narrow(policy.encode(), trackers).decode()

    for kind in CHAINS:
        for url in URLS:
            if allowed(after, kind, url):
                assert allowed(policy, kind, url), (kind, url, after)


@settings(max_examples=400)
@given(policies)
def test_what_is_not_of_a_closed_host_is_as_open_as_before(policy):
    after = narrow(policy.encode(), trackers).decode()

    for kind in CHAINS:
        for url in URLS:
            if "t.example" not in url:
                assert allowed(after, kind, url) == allowed(policy, kind, url), (kind, url, after)


@settings(max_examples=200)
@given(st.binary(max_size=200) | policies.map(str.encode))
def test_where_all_stays_every_byte_does(value):
    assert narrow(value, lambda _, source: [source]) == value


@settings(max_examples=200)
@given(st.binary(max_size=200))
def test_any_bytes_are_read_without_a_fault(value):
    narrow(value, lambda *_: [])
    speaks_of_scripts(value)
    strict_dynamic(value)


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("script-src t.example", "script-src 'none'"),
        ("default-src 'self' t.example ok.example", "default-src 'self' ok.example"),
        ("default-src 'self'; img-src t.example; x", "default-src 'self'; img-src 'none'; x"),
        ("Script-Src  T.example\tok.example ;a b", "Script-Src ok.example;a b"),
        ("script-src 'nonce-x' t.example 'sha256-abc='", "script-src 'nonce-x' 'sha256-abc='"),
        ("script-src t.example, img-src t.example", "script-src 'none', img-src 'none'"),
        (
            "form-action t.example; frame-ancestors t.example",
            "form-action t.example; frame-ancestors t.example",
        ),
        (
            "base-uri t.example; sandbox; report-to t.example",
            "base-uri t.example; sandbox; report-to t.example",
        ),
        (
            "trusted-types t.example; require-trusted-types-for 'script'",
            "trusted-types t.example; require-trusted-types-for 'script'",
        ),
        ("navigate-to t.example; fancy-src t.example", "navigate-to t.example; fancy-src t.example"),
        ("script-src", "script-src"),
        ("script-src *.t.example ok.t.example", "script-src ok.t.example"),
        ("script-src 'none'", "script-src 'none'"),
        ("  ;; script-src\n t.example;  ", "  ;; script-src 'none';  "),
        ("worker-src t.example; child-src 'self'", "worker-src 'none'; child-src 'self'"),
    ],
)
def test_directives_are_narrowed_each_and_the_rest_stays_byte_for_byte(before, after):
    assert narrow(before.encode(), trackers) == after.encode()


@pytest.mark.parametrize(
    ("policy", "speaks"),
    [
        ("default-src *", True),
        ("x, SCRIPT-SRC 'self'", True),
        ("script-src-elem 'self'", True),
        ("frame-ancestors 'self'; upgrade-insecure-requests", False),
        ("script-src-attr 'none'", False),
        ("", False),
    ],
)
def test_a_policy_that_does_not_limit_scripts_is_told_from_one_that_does(policy, speaks):
    assert speaks_of_scripts(policy.encode()) is speaks


def test_strict_dynamic_is_seen_where_it_speaks_of_scripts():
    assert strict_dynamic(b"script-src 'nonce-x' 'STRICT-dynamic'")
    assert not strict_dynamic(b"style-src 'strict-dynamic'; script-src 'self'")


@pytest.mark.parametrize(
    "unit", [b"t.example ", b";", b",", b"script-src ", b"; img-src t.example", b"\t\n ", b"'"]
)
def test_a_field_of_64_kb_is_read_to_its_end(unit):
    value = b"default-src " + unit * (65_536 // len(unit))

    assert b"t.example" not in narrow(value, trackers)
