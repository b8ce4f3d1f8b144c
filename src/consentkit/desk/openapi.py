"""The API described as OpenAPI 3.1 (checked 2026-11), out of the table of its operations and their types."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from pydantic import BaseModel
from pydantic.json_schema import JsonSchemaMode, models_json_schema

from consentkit.desk.access import Role
from consentkit.desk.models import Failure
from consentkit.desk.route import Handler

REF = "#/components/schemas/{model}"
FAILURES = {
    "400": "What was asked for cannot be meant.",
    "401": "Nobody that we know asks.",
    "403": "Not theirs to do.",
    "404": "There is no such thing.",
    "503": "The log cannot be read now.",
}
OF_A_BODY = {"413": "Too large.", "415": "Not JSON."}


@dataclass(frozen=True, slots=True)
class Operation:
    """One thing that a program may ask for.

    :param summary: what it is, for its reader.
    :param result: what it gives.
    :param query: what it takes in the address.
    :param body: what it takes as JSON.
    """

    path: str
    answer: Handler
    summary: str
    result: type[BaseModel]
    query: type[BaseModel] | None = None
    body: type[BaseModel] | None = None
    role: Role = Role.VIEWER
    method: str = "GET"


def described(operations: Sequence[Operation], title: str, server: str) -> dict[str, Any]:
    """The whole description.

    :param title: of the site.
    :param server: where the desk is mounted, as a path.
    """
    types: list[tuple[type[BaseModel], JsonSchemaMode]] = [(Failure, "serialization")]
    for each in operations:
        types.append((each.result, "serialization"))
        types += [(each.body, "validation")] if each.body else []
    refs, schemas = models_json_schema(types, by_alias=True, ref_template=REF)
    paths: dict[str, dict[str, Any]] = {}
    for each in operations:
        answers = {
            "200": _content("As asked for.", refs[each.result, "serialization"]),
            **{
                status: _content(text, refs[Failure, "serialization"])
                for status, text in {**FAILURES, **(OF_A_BODY if each.body else {})}.items()
            },
        }
        operation: dict[str, Any] = {
            "operationId": each.answer.__name__,
            "summary": each.summary,
            "description": f"Role: {each.role.name.lower()}.",
            "parameters": [*_in_path(each.path), *(_in_query(each.query) if each.query else ())],
            "responses": answers,
        }
        if each.body:
            operation["requestBody"] = {"required": True, **_content("", refs[each.body, "validation"])}
            del operation["requestBody"]["description"]
        paths.setdefault(each.path, {})[each.method.lower()] = operation
    return {
        "openapi": "3.1.0",
        "info": {"title": f"Consent desk of {title}", "version": "1"},
        "servers": [{"url": server or "/"}],
        "paths": paths,
        "components": {
            "schemas": schemas.get("$defs", {}),
            "securitySchemes": {"token": {"type": "http", "scheme": "bearer"}},
        },
        "security": [{"token": []}],
    }


def _content(text: str, schema: dict[str, Any]) -> dict[str, Any]:
    return {"description": text, "content": {"application/json": {"schema": schema}}}


def _in_path(path: str) -> list[dict[str, Any]]:
    names = [part[1:-1] for part in path.split("/") if part.startswith("{")]
    return [
        {"name": name, "in": "path", "required": True, "schema": {"type": "string", "minLength": 1}}
        for name in names
    ]


def _in_query(model: type[BaseModel]) -> list[dict[str, Any]]:
    schema = model.model_json_schema(by_alias=True)
    return [
        {
            "name": name,
            "in": "query",
            "required": name in schema.get("required", ()),
            "description": told.pop("description", ""),
            "schema": _without_null(told),
        }
        for name, told in schema["properties"].items()
    ]


def _without_null(schema: dict[str, Any]) -> dict[str, Any]:
    """A query holds no null: what may be left out is not required instead."""
    kinds = [kind for kind in schema.get("anyOf", ()) if kind.get("type") != "null"]
    rest = {name: value for name, value in schema.items() if name not in ("anyOf", "title")}
    if len(kinds) == 1:
        rest = {**rest, **kinds[0]}
    if rest.get("default", "") is None:
        del rest["default"]
    return rest
