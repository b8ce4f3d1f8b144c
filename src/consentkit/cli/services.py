"""``consentkit services``: what the catalogue knows, and how a policy takes it."""

from __future__ import annotations

import json
from collections.abc import Iterator
from difflib import get_close_matches
from typing import Annotated

import typer

from consentkit.catalogue.entry import FREE_KINDS, Entry
from consentkit.catalogue.load import catalogue
from consentkit.cli.output import WRONG, say, stop
from consentkit.core.addresspattern import addresses_of
from consentkit.core.duration import DAY
from consentkit.core.service import Cookie

app = typer.Typer(help="Look into the catalogue of services.", no_args_is_help=True)
AsJson = Annotated[bool, typer.Option("--json", help="Print the result as JSON.")]

UNITS = ((DAY, "day"), (3600, "hour"), (60, "minute"), (1, "second"))


@app.command()
def search(
    word: Annotated[
        str, typer.Argument(metavar="WORD", help="Part of an id, title, vendor, host, or name of a cookie.")
    ] = "",
    as_json: AsJson = False,
) -> None:
    """Find services by a word; without one, list all that are known.

    Exit code: 0 found, 1 nothing found.
    """
    found = sorted(catalogue().find(word), key=lambda pair: (word.lower() not in pair[0], pair[0]))
    if as_json:
        typer.echo(json.dumps([_brief(name, entry) for name, entry in found], indent=2))
    elif found:
        for line in _aligned([tuple(_brief(name, entry).values()) for name, entry in found]):
            say(line)
    else:
        stop(
            f'The catalogue knows nobody by "{word}". A service of your own: a table [services.NAME].', WRONG
        )
    raise typer.Exit(0 if found else WRONG)


@app.command()
def show(
    name: Annotated[str, typer.Argument(metavar="ID", help="The service's id.")], as_json: AsJson = False
) -> None:
    """Show everything that is known of a service, where it was read and when, and how a policy takes it.

    Exit code: 0 known, 1 unknown.
    """
    entry = catalogue().entries.get(name)
    if entry is None:
        near = get_close_matches(name.lower(), catalogue().entries, 3)
        hint = (
            f" Did you mean {' or '.join(near)}?"
            if near
            else " consentkit services search finds what there is."
        )
        stop(f'The catalogue has no "{name}".{hint}', WRONG)
    if as_json:
        typer.echo(json.dumps({"id": name, **entry.model_dump(mode="json")}, indent=2))
        return
    say(name)
    for line in _aligned([row for row in _rows(entry) if row[1]]):
        say(f"  {line}")
    say()
    for line in _how(name, entry):
        say(line)


def _brief(name: str, entry: Entry) -> dict[str, str]:
    return {"id": name, "vendor": entry.vendor, "kind": entry.kind, "purposes": ", ".join(entry.purposes)}


def _rows(entry: Entry) -> Iterator[tuple[str, str]]:
    yield "title", entry.title
    yield "vendor", entry.vendor
    yield "kind", entry.kind
    yield "purposes", ", ".join(entry.purposes)
    yield "sells", "yes" if entry.sells else ""
    yield "consent mode", "yes" if entry.consent_mode else ""
    yield from _under("addresses", addresses_of(entry))
    yield from _under("cookies", map(_cookie, entry.cookies))
    yield from _under("storage", entry.storage)
    yield from _under("snippets", (" … ".join(loader.parts) for loader in entry.loaders))
    yield from _under("calls", entry.stubs)
    yield from _under("widgets", entry.widgets)
    yield from _under("hides", entry.hides)
    yield "privacy", entry.privacy_url or ""
    yield "source", entry.source
    yield "checked", entry.checked.isoformat()


def _under(label: str, values: Iterator[str] | tuple[str, ...]) -> Iterator[tuple[str, str]]:
    for index, value in enumerate(values):
        yield ("" if index else label, value)


def _cookie(cookie: Cookie) -> str:
    life = "until the browser closes" if cookie.lifetime is None else _span(cookie.lifetime)
    notes = [life, f"{cookie.party} party", *(["partitioned"] if cookie.partitioned else [])]
    return f"{cookie.name or cookie.pattern} ({', '.join(notes)})"


def _span(seconds: int) -> str:
    size, unit = next((pair for pair in UNITS if seconds >= pair[0]), UNITS[-1])
    count = f"{seconds / size:.4g}"
    return f"{count} {unit}{'' if count == '1' else 's'}"


def _how(name: str, entry: Entry) -> Iterator[str]:
    yield "In the policy:"
    yield f'  use = ["{name}"]'
    yield "To change it, a table beside that: lists are added to, single values and purposes replaced:"
    yield f"  [services.{name}]"
    yield f"  purposes = {json.dumps(list(entry.purposes))}"
    if entry.kind in FREE_KINDS:
        yield f"A policy that does not name it leaves it alone: {entry.kind}."
    else:
        yield 'A policy that does not name it shuts it for good, unless it says unlisted = "allow".'


def _aligned(rows: list[tuple[str, ...]]) -> Iterator[str]:
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        yield "  ".join(f"{cell:<{width}}" for cell, width in zip(row, widths, strict=True)).rstrip()
