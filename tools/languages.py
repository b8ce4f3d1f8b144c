"""Carry the English words over to all languages: their template, and what each translation still needs.

The English text of a message is its ``msgstr`` in ``en/DOMAIN.po``; a comment for translators stands there as ``#.``. Change it
there, run ``python tools/languages.py``, and translate what it names. ``--check`` writes nothing, and exits 1 if anything is to
be done.
"""

from __future__ import annotations

import datetime
import sys
from collections.abc import Iterator
from io import BytesIO
from pathlib import Path

from babel.messages.catalog import Catalog, Message
from babel.messages.pofile import read_po, write_po

FOLDER = Path(__file__).parents[1] / "src" / "consentkit" / "languages"
FIRST = datetime.datetime(2026, 11, 25, tzinfo=datetime.UTC)
"""The date that new files bear. A file's dates are never renewed: the repository knows when it changed."""


def empty(tag: str | None) -> Catalog:
    """A catalogue without messages; of no language: a template."""
    return Catalog(
        locale=tag and tag.replace("-", "_"),
        project="consentkit",
        version="1",
        header_comment=f"# The words of consentkit in {tag}."
        if tag
        else "# The words of consentkit, to be translated.",
        last_translator="consentkit",
        language_team=tag or "LANGUAGE",
        msgid_bugs_address="the issue tracker of consentkit",
        creation_date=FIRST,
        revision_date=FIRST,
        fuzzy=False,
    )


def english(domain: str) -> list[Message]:
    """The messages of a domain, with the English text as both text and translation."""
    catalog = read_po((FOLDER / "en" / f"{domain}.po").open("rb"))
    return [
        Message(each.string, each.string, context=each.context, auto_comments=each.auto_comments)
        for each in catalog
        if each.id
    ]


def renewed(source: list[Message], old: Catalog, tag: str) -> Catalog:
    """A translation with the messages of today: one whose English has changed is fuzzy, a new one is empty."""
    known = {each.context: each for each in old if each.id}
    new = empty(tag)
    for message in source:
        before = known.get(message.context)
        text = before.string if before else ""
        changed = before is not None and tag != "en" and (before.id != message.id or before.fuzzy)
        flags = ("fuzzy",) if changed else ()
        new.add(
            message.id,
            message.string if tag == "en" else text,
            context=message.context,
            flags=flags,
            auto_comments=message.auto_comments,
            user_comments=before.user_comments if before else (),
        )
    return new


def written(catalog: Catalog) -> bytes:
    """The file of a catalogue."""
    file = BytesIO()
    write_po(file, catalog, width=110, include_lineno=False)
    return b"".join(
        line for line in file.getvalue().splitlines(True) if not line.startswith(b'"Generated-By')
    )


def files() -> Iterator[tuple[Path, Catalog]]:
    """All files as they should be."""
    for source in sorted((FOLDER / "en").glob("*.po")):
        messages = english(source.stem)
        template = empty(None)
        for each in messages:
            template.add(each.id, "", context=each.context, auto_comments=each.auto_comments)
        yield FOLDER / f"{source.stem}.pot", template
        for file in sorted(FOLDER.glob(f"*/{source.name}")):
            yield file, renewed(messages, read_po(file.open("rb")), file.parent.name)


def main(check: bool) -> int:
    """Write what differs, and name what is to be done."""
    found = 0
    for file, catalog in files():
        name, text = file.relative_to(FOLDER), written(catalog)
        if not file.is_file() or file.read_bytes() != text:
            found += check
            print(f"{name}: {'differs' if check else 'written'}")
            if not check:
                file.write_bytes(text)
        for each in catalog if file.suffix == ".po" else ():
            if each.id and (each.fuzzy or not each.string):
                found += 1
                print(f"{name}: {each.context}: {'changed in English' if each.fuzzy else 'not translated'}")
    return 1 if found else 0


if __name__ == "__main__":
    sys.exit(main("--check" in sys.argv[1:]))
