"""A Content-Security-Policy for a page whose app sends none that speaks of scripts.

It says one thing: from which hosts a page may fetch. What the page itself does, inline scripts and ``eval`` among it, was free
before and stays free: there was no policy that this could widen, and one of the app beside it holds too.

It is one directive, ``default-src``, to which all others fall back. Of forms, of frames around the page and of its base it says
nothing.
"""

from __future__ import annotations

from collections.abc import Iterable

OWN = (
    "'self'",
    "'unsafe-inline'",
    "'unsafe-eval'",
    "data:",
    "blob:",
    "filesystem:",
    "mediastream:",
)
"""The page's own origin, and what it makes itself."""


def allow_list(hosts: Iterable[str]) -> bytes:
    """The policy that lets in the page's own origin and these hosts.

    :param hosts: sources such as ``cdn.example`` and ``*.cdn.example``; each is written once, in their order.
    """
    return b"default-src " + " ".join(dict.fromkeys([*OWN, *hosts])).encode("ascii")


def spelled_out(hosts: Iterable[str], suffixes: Iterable[str]) -> Iterable[str]:
    """Hosts as a policy can say them: one under every country's domain, ``www.google.*``, becomes one under each of these.

    :param suffixes: such as ``com`` and ``co.uk``. A policy has no word for all of them, and a list of all would be longer than
        servers' header buffers.
    """
    for host in hosts:
        name, port = host.partition(":")[::2]
        if name.endswith(".*"):
            yield from (name[:-1] + suffix + (f":{port}" if port else "") for suffix in suffixes)
        else:
            yield host
