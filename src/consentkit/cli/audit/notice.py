"""``consentkit audit notice``: a notice as it was served."""

from __future__ import annotations

import sys
from collections.abc import Iterator
from typing import Annotated, Any

import typer

from consentkit.audit.reader import Reader
from consentkit.cli.audit.options import DEFAULT, LogId, Url
from consentkit.cli.audit.papers import paper
from consentkit.cli.output import say, stop
from consentkit.web.served import draw, read


def notice(
    name: Annotated[str, typer.Argument(metavar="HASH", help="The notice's hash, or its beginning.")],
    audit: Url = DEFAULT,
    log: LogId = None,
    *,
    as_html: Annotated[
        bool, typer.Option("--html", help="A page that shows it; open it in a browser.")
    ] = False,
    raw: Annotated[bool, typer.Option("--raw", help="The stored document itself.")] = False,
) -> None:
    """Show a notice as visitors were served it: its words, language, layout, buttons and their order.

    Exit code: 0 shown, 1 no such notice or a changed one, 2 could not look.
    """
    known, body = paper(Reader(audit, log), "notice", name)
    if as_html or raw:
        data = body if raw else draw(body, known).encode()
        if sys.stdout.isatty():
            for line in data.decode().splitlines():
                say(line)
        else:
            sys.stdout.buffer.write(data)
            sys.stdout.buffer.flush()
        return
    try:
        lines = list(_lines(known, read(body)))
    except (KeyError, TypeError, AttributeError):
        stop("The stored notice has a form that this version cannot show: see it with --raw.")
    for line in lines:
        say(line)


def _lines(known: str, shown: dict[str, Any]) -> Iterator[str]:
    banner = shown["banner"]
    yield f"notice {known}"
    yield f"{shown['site']['name']}, {shown['site']['address']}; responsible: {shown['controller']['name']}"
    yield f"language {shown['language']}, layout {shown['layout']} at the {shown['position']}, regime {banner['regime']}"
    yield ""
    yield "First layer:"
    yield f"  {banner['text']}"
    yield f"  {banner['details']}"
    yield f"  {'  '.join('[' + button['text'] + ']' for button in banner['buttons'])}"
    yield ""
    yield "Second layer:"
    for purpose in shown["purposes"]:
        yield f"  {purpose['title']} ({purpose['id']}, {purpose['regime']}): {purpose['text']}"
        for name, service in shown["services"].items():
            if service["purposes"][0] == purpose["id"]:
                yield f"    {name}: {service['vendor']}"
