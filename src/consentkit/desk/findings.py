"""What the linter's rules find in the policy in force.

For a policy of many jurisdictions they draw a great many notices, which takes a processor seconds to a minute. So they
run in a process of their own, once for a policy and day, and no request waits for them.
"""

from __future__ import annotations

import datetime
import json
import math
import os
import subprocess
import sys
import threading
import time
from collections.abc import Mapping
from typing import Any, NamedTuple

from consentkit.core.policy import Policy
from consentkit.web.laws import today

LONGEST = 900
"""Seconds after which they are given up."""
AGAIN = 300.0
"""Seconds after a failure until they are tried again."""
KEPT = 16
"""Policies and days whose findings are remembered."""
_START = "from consentkit.desk.findings import main; main()"
_NICE = 10


class Looked(NamedTuple):
    """How far it is.

    :param state: ``running``, ``done`` or ``failed``.
    :param findings: for each its ``rule``, ``name``, ``severity``, ``key``, ``found``, ``expected``, ``nearest``, ``where``,
        ``why`` and ``sources``.
    :param until: when it is worth no more, by the monotonic clock.
    """

    state: str
    findings: tuple[Mapping[str, Any], ...] = ()
    until: float = math.inf


_known: dict[tuple[str, datetime.date], Looked] = {}
_lock = threading.Lock()


def findings(policy: Policy, seen: Mapping[str, int]) -> Looked:
    """What is found, or how far it is; the first question about a policy and day starts it.

    :param seen: how often the server gated something of a service, or would have, by its id.
    """
    key = (policy.version, today())
    with _lock:
        found = _known.get(key)
        if found is not None and time.monotonic() < found.until:
            return found
        while len(_known) >= KEPT:
            del _known[next(iter(_known))]
        _known[key] = Looked("running")
    asked = json.dumps({"policy": policy.document.decode(), "seen": dict(seen)}).encode()
    threading.Thread(target=_look, args=(key, asked), daemon=True).start()
    return Looked("running")


def _look(key: tuple[str, datetime.date], asked: bytes) -> None:
    path = os.pathsep.join(filter(None, sys.path))
    try:
        done = subprocess.run(  # noqa: S603 - our own words alone
            [sys.executable, "-c", _START],
            input=asked,
            stdout=subprocess.PIPE,
            stderr=subprocess.DEVNULL,
            env={**os.environ, "PYTHONPATH": path},
            timeout=LONGEST,
            check=True,
        )
        looked = Looked("done", tuple(json.loads(done.stdout)))
    except (OSError, subprocess.SubprocessError, ValueError):
        looked = Looked("failed", until=time.monotonic() + AGAIN)
    with _lock:
        _known[key] = looked


def main() -> None:
    """What that process does: asked on standard input, answered on standard output."""
    from consentkit.lint.judge import judge
    from consentkit.lint.site import Site

    asked = json.load(sys.stdin)
    if hasattr(os, "nice"):
        os.nice(_NICE)
    site = Site(Policy.model_validate_json(asked["policy"]), today(), seen=asked["seen"])
    told = [
        {
            "rule": each.rule.id,
            "name": each.rule.name,
            "severity": each.severity.value,
            "key": each.problem.key,
            "found": each.problem.found,
            "expected": each.problem.expected,
            "nearest": each.problem.nearest,
            "where": each.where,
            "why": each.rule.why,
            "sources": each.rule.sources,
        }
        for each in judge(site)
    ]
    json.dump(told, sys.stdout)
