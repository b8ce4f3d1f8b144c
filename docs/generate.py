"""Write what is generated from the code: the policy's reference and JSON Schema, and the command line's reference.

``python docs/generate.py`` writes; ``--check`` writes nothing, names what differs, and exits 1 if anything does.
"""

from __future__ import annotations

import datetime
import inspect
import json
import sys
from collections.abc import Iterable, Iterator, Mapping
from enum import Enum
from pathlib import Path
from types import UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

import typer
from pydantic import BaseModel, BeforeValidator, WithJsonSchema
from pydantic.fields import FieldInfo

from consentkit.catalogue.entry import Entry
from consentkit.catalogue.load import catalogue
from consentkit.cli.app import app
from consentkit.cli.starter import starter
from consentkit.core.duration import DAY
from consentkit.core.form import Form
from consentkit.core.parts import Controller, Override, PageRule, Purpose, Site
from consentkit.core.policy import Policy
from consentkit.core.service import Cookie, Loader, Service
from consentkit.policyfile import schema_text

ROOT = Path(__file__).parents[1]
NOTE = "<!-- Written by docs/generate.py: change the code's docstrings instead. -->\n"
TABLES: dict[type[BaseModel], str] = {
    Policy: "The top of the file",
    Site: "`[site]`",
    Controller: "`[controller]`",
    Purpose: "`[purposes.NAME]`",
    Override: "`[overrides.CODE]`",
    Service: "`[services.NAME]`",
    Cookie: "`[[services.NAME.cookies]]`",
    Loader: "`[[services.NAME.loaders]]`",
    PageRule: "`[[pages]]`",
}
INTRO = """\
TOML 1.0 in UTF-8. A key that is not named here is refused. `consentkit check` tells what is wrong, where, and what would
be right; `consentkit schema` prints the JSON Schema, for editors.
"""
SERVICES_INTRO = """\
{count} services that consentkit knows by their addresses, snippets, cookies and storage keys. A policy takes one by its
id: `use = ["…"]` ([how](../how-to/services.md)). `consentkit services show ID` tells all that is known of one. The
purposes are what a service is commonly used for; whether that holds for a site is for the site to say. The link of a
name leads to the vendor's privacy statement, that of a date to where the facts were read.
"""
WIDTH = 100
SPOKEN = {
    datetime.date: "a date such as 2026-11-25",
    str: "text",
    bool: "true or false",
    int: "a whole number",
}


def policy_page() -> str:
    """The reference of the policy file."""
    parts = [
        NOTE,
        "# The policy file\n",
        INTRO,
    ]
    for model, title in TABLES.items():
        parts += [f"## {title}\n", f"{inspect.getdoc(model)}\n"]
        parts += [_key(name, field) for name, field in model.model_fields.items()]
    parts += ["## A first policy\n", "What `consentkit init` writes:\n", f"```toml\n{starter()}```\n"]
    return "\n".join(parts)


def _key(name: str, field: FieldInfo) -> str:
    description = " ".join((field.description or "").split())
    return f"### `{name}`\n\n{description}\n\n- Value: {_words(field.annotation, field.metadata)}\n- {_default(field)}\n"


def _default(field: FieldInfo) -> str:
    if field.is_required():
        return "Required."
    if field.default_factory is not None:
        return "Default: `necessary`, `functional`, `analytics` and `marketing`."
    if field.default is None or field.default in ("", (), {}):
        return "Default: none."
    if _marked(field.metadata, BeforeValidator):
        return f'Default: `"{field.default // DAY}d"`.'
    return f"Default: `{json.dumps(field.default, default=str)}`."


def _words(kind: Any, metadata: list[Any] | tuple[Any, ...] = ()) -> str:
    """What a value looks like, in words."""
    if form := _marked(metadata, Form):
        return str(form.expected)
    if _marked(metadata, BeforeValidator):
        return 'a length of time such as `"180d"`, `"6mo"`, `"2h"`, or a number of seconds'
    if schema := _marked(metadata, WithJsonSchema):
        return _one_of(schema.json_schema["enum"])
    origin, inner = get_origin(kind), get_args(kind)
    if origin is Annotated:
        return _words(inner[0], inner[1:])
    if origin in (Union, UnionType):
        return _words(next(arg for arg in inner if arg is not type(None)))
    if origin is Literal:
        return _one_of(inner)
    if origin is tuple:
        return f"a list; each: {_words(inner[0])}"
    if origin in (Mapping, dict) or (isinstance(origin, type) and issubclass(origin, Mapping)):
        return f"a table; each name: {_words(inner[0])}; each value: {_words(inner[1])}"
    return _word(kind)


def _marked(metadata: Iterable[Any], kind: type) -> Any:
    return next((mark for mark in metadata if isinstance(mark, kind)), None)


def _one_of(choices: Iterable[str]) -> str:
    return "one of " + ", ".join(f'`"{choice}"`' for choice in choices)


def _word(kind: type) -> str:
    if issubclass(kind, Enum):
        return _one_of([member.value for member in kind])
    if issubclass(kind, BaseModel):
        return f"a table {TABLES[kind]}"
    return SPOKEN[kind]


def cli_page() -> str:
    """The reference of the command line."""
    command = typer.main.get_command(app)
    head = [
        NOTE,
        "# The command line\n",
        'Comes with `pip install "consentkit[cli]"`. Exit codes: 0 fine, 1 found wrong, 2 could not run.\n',
    ]
    return "\n".join([*head, *_helps(command, typer.Context(command, info_name="consentkit", **_width()))])


def _width() -> dict[str, Any]:
    return {"terminal_width": WIDTH, "max_content_width": WIDTH}


def _helps(command: Any, context: Any) -> Iterator[str]:
    yield f"## {context.command_path}\n\n```text\n{command.get_help(context)}\n```\n"
    for name in command.list_commands(context) if hasattr(command, "list_commands") else ():
        inner = command.get_command(context, name)
        yield from _helps(inner, typer.Context(inner, info_name=name, parent=context, **_width()))


def services_page() -> str:
    """The table of the catalogue."""
    entries = catalogue().entries
    rows = [f"| {' | '.join(_service_cells(name, entry))} |" for name, entry in entries.items()]
    parts = [
        NOTE.replace("the code's docstrings", "src/consentkit/catalogue/vendors"),
        "# The services that are known\n",
        SERVICES_INTRO.format(count=len(entries)),
        "| id | service | vendor | kind | purposes | cookies | checked |",
        "| --- | --- | --- | --- | --- | --- | --- |",
    ]
    return "\n".join([*parts, *rows]) + "\n"


def _service_cells(name: str, entry: Entry) -> Iterator[str]:
    yield f"`{name}`"
    title = _cell(entry.title or name)
    yield f"[{title}]({entry.privacy_url})" if entry.privacy_url else title
    yield _cell(entry.vendor)
    yield entry.kind
    yield ", ".join(entry.purposes)
    yield ", ".join(f"`{_cell(cookie.name or cookie.pattern or '')}`" for cookie in entry.cookies) or "none"
    yield f"[{entry.checked}]({entry.source})"


def _cell(text: str) -> str:
    return text.replace("|", "\\|")


GENERATED = {
    "docs/reference/policy.md": policy_page,
    "docs/reference/cli.md": cli_page,
    "docs/reference/services.md": services_page,
    "src/consentkit/schema/consent.schema.json": schema_text,
}


def main(arguments: list[str]) -> int:
    """Write the files, or with ``--check`` name those that differ."""
    different = []
    for name, make in GENERATED.items():
        file, text = ROOT / name, make()
        if not file.is_file() or file.read_text(encoding="utf-8") != text:
            different.append(name)
            if "--check" not in arguments:
                file.parent.mkdir(parents=True, exist_ok=True)
                file.write_text(text, encoding="utf-8")
    verb = "differs from the code" if "--check" in arguments else "written"
    sys.stdout.writelines(f"{name}: {verb}\n" for name in different)
    return 1 if different and "--check" in arguments else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
