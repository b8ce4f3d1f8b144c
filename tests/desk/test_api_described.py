"""Requests made up out of the API's own description, the wrong ones too: none breaks it, all are answered as it says."""

from __future__ import annotations

import asyncio
import json
import os
from typing import Any

import pytest
import schemathesis
from hypothesis import HealthCheck, given, settings
from schemathesis import GenerationMode
from schemathesis.checks import not_a_server_error
from schemathesis.specs.openapi.checks import (
    content_type_conformance,
    negative_data_rejection,
    response_schema_conformance,
    status_code_conformance,
)
from tests.asgi import KEY, POLICY, get

from consentkit.audit.log import AuditLog
from consentkit.audit.sample import append_sample
from consentkit.core.policy import Policy
from consentkit.desk.api import OPERATIONS
from consentkit.desk.app import ComplianceDesk
from consentkit.desk.openapi import Operation
from consentkit.desk.passes import Kind, Passes

EXAMPLES = int(os.environ.get("CONSENTKIT_FUZZ", "0")) // 10 or 25
"""Requests of each kind for each operation."""
CHECKS = [
    not_a_server_error,
    status_code_conformance,
    content_type_conformance,
    response_schema_conformance,
]


@pytest.fixture(scope="module")
def described(tmp_path_factory: pytest.TempPathFactory) -> Any:
    policy = Policy.model_validate(POLICY)
    log = AuditLog(f"sqlite:///{tmp_path_factory.mktemp('api') / 'consent.db'}", log_id=policy.site.address)
    append_sample(log.url, log.log_id, 300, 30)
    desk = ComplianceDesk(policy, log, secret_key=KEY)
    document = json.loads(asyncio.run(get(desk, "/openapi.json", [_token(log)])).body)
    del document["security"]  # or most of the wrong requests would have a wrong token, and see no more
    schema = schemathesis.openapi.from_dict(document)
    schema.app = desk
    name, value = _token(log)
    yield schema, {name.decode(): value.decode()}
    asyncio.run(log.close())


def _token(log: AuditLog) -> tuple[bytes, bytes]:
    token = Passes(log.url, log.log_id).issue(Kind.TOKEN, "officer", 3600)
    return b"authorization", f"Bearer {token}".encode()


REQUESTS = [
    pytest.param(each, mode, id=f"{each.method} {each.path} {mode.value}")
    for each in OPERATIONS
    for mode in GenerationMode
    if mode is GenerationMode.POSITIVE or each.query or each.body  # else nothing can be wrong
]


@pytest.mark.parametrize(("asked", "mode"), REQUESTS)
def test_every_request_is_answered_as_described(
    described: Any, asked: Operation, mode: GenerationMode
) -> None:
    schema, token = described
    operation = schema[asked.path][asked.method]

    @given(case=operation.as_strategy(generation_mode=mode))
    @settings(max_examples=EXAMPLES, database=None, suppress_health_check=list(HealthCheck))
    def ask(case: Any) -> None:
        checks = [*CHECKS, negative_data_rejection] if mode is GenerationMode.NEGATIVE else CHECKS
        response = case.call(headers=token)
        assert response.status_code not in (401, 403)
        case.validate_response(response, checks=checks)

    ask()
