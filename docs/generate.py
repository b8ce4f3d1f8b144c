"""Write what is generated from the code and its data: references of the policy, the command line, the catalogue and the
jurisdictions, and the policy's JSON Schema.

``python docs/generate.py`` writes; ``--check`` writes nothing, names what differs, and exits 1 if anything does.
"""

from __future__ import annotations

import ast
import datetime
import inspect
import json
import sys
from collections.abc import Iterable, Iterator, Mapping
from enum import Enum
from itertools import pairwise
from pathlib import Path
from types import UnionType
from typing import Annotated, Any, Literal, Union, get_args, get_origin

import gallery
import typer
from babel import Locale
from pydantic import BaseModel, BeforeValidator, WithJsonSchema
from pydantic.fields import FieldInfo

from consentkit.catalogue.entry import Entry
from consentkit.catalogue.load import catalogue
from consentkit.cli.app import app
from consentkit.cli.starter import starter
from consentkit.core.duration import DAY
from consentkit.core.form import Form
from consentkit.core.jurisdiction import Binding, Category, Fact, Jurisdiction, Reference, Rule, Shown
from consentkit.core.parts import Controller, Override, PageRule, Purpose, Site
from consentkit.core.policy import Policy
from consentkit.core.service import Cookie, Loader, Service
from consentkit.core.theme import Colours, Theme
from consentkit.jurisdictions import atlas
from consentkit.languages import languages
from consentkit.lint.rule import Rule as LintRule
from consentkit.lint.rules import RULES
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
    Theme: "`[theme]`",
    Colours: "`[theme.dark]`",
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
JURISDICTIONS_INTRO = """\
This is reading matter for engineers, with its sources. It is no legal advice. A row says what a source says. It never
makes a site lawful.

{count} rows, checked on {checked}. The table shows what holds on that day; what comes later, or was before, stands in the
section of its row. A star (*) marks the stricter reading where the sources are silent or unsure. What is necessary is
exempt everywhere. [How a row is chosen, overridden and corrected](../explanation/law.md).

- **Regimes**: `opt-in` closed until granted; `opt-out` open until refused; `notice` open, with the sentence of assumed
  consent and an opt-out in the same view; `exempt` open and not asked. "or exempt" means that a service is exempt if it
  states [facts](#facts); the section of the row names them.
- **Assumed**: what the sentence "we'll assume you're ok with this, but you can opt-out" may cover.
- **Refusing**: `equal` beside accepting on the first layer, as easy; `recommended` the same by guidance; `opt-out` a control
  to opt out instead.
- **Asked again** and **lives**: months before a refusal is asked again, and the longest life of a choice.
- **Signals**: how Global Privacy Control (GPC) and Do Not Track (DNT) bind; those that do not are left out.
- **Age**: years under which nobody consents alone.
"""
FACTS_INTRO = """\
What a service states in a policy (`facts`) to be exempt where a row lets it. consentkit sees to `informed` and `objection`
itself.
"""
CATEGORIES: tuple[Category, ...] = ("functional", "analytics", "marketing")
HOW_READ = {"official": "official text", "secondary": "another's account", "memory": "not read: check it"}
MONTH = 30 * DAY
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
    if field.default is None or field.default in ("", (), {}) or isinstance(field.default, BaseModel):
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


def jurisdictions_page() -> str:
    """The table of the jurisdictions, and a section for each."""
    rows = atlas().rows.values()
    day = max(rule.checked for row in rows for rule in row.rules)
    heads = (
        "code",
        "name",
        *CATEGORIES,
        "assumed",
        "refusing",
        "asked again",
        "lives",
        "signals",
        "shown",
        "age",
    )
    parts = [
        NOTE.replace("the code's docstrings", "src/consentkit/jurisdictions/rows"),
        "# What each jurisdiction asks\n",
        JURISDICTIONS_INTRO.format(count=len(rows), checked=day),
        f"| {' | '.join((*heads, 'confidence', 'checked'))} |",
        "| --- " * (len(heads) + 2) + "|",
        *(
            f"| [{row.code}](#{row.code}) | {row.name} | {' | '.join(_law_cells(row.on(day)))} |"
            for row in rows
        ),
        "\n## Facts\n",
        FACTS_INTRO,
        *_members(Fact),
        "\n## What is shown\n",
        *_members(Shown),
    ]
    for row in rows:
        parts += ["", *_law_section(row, row.on(day))]
    return "\n".join(parts) + "\n"


def _law_cells(rule: Rule) -> Iterator[str]:
    for category in CATEGORIES:
        exempt = " or exempt" if category in rule.exemptions else ""
        yield f"{rule.regime(category)}{exempt}{_star(rule, category, *(['exemptions'] if exempt else []))}"
    yield (", ".join(rule.implied) or "none") + _star(rule, "implied")
    yield rule.reject + _star(rule, "reject")
    yield f"{rule.ask_again // MONTH}{_star(rule, 'ask_again')}"
    yield f"{rule.lifetime // MONTH}{_star(rule, 'lifetime')}"
    yield _signals(rule) or "none"
    yield (", ".join(rule.shows) or "none") + (_star(rule, "shows"))
    yield f"{'none' if rule.age is None else rule.age}{_star(rule, 'age')}"
    yield rule.confidence
    yield str(rule.checked)


def _star(rule: Rule, *fields: str) -> str:
    return "\\*" if {*fields} & {*rule.stricter} else ""


def _signals(rule: Rule) -> str:
    bound = {"GPC": (rule.gpc, "gpc"), "DNT": (rule.dnt, "dnt")}
    return ", ".join(
        f"{name} {binding}{_star(rule, field)}"
        for name, (binding, field) in bound.items()
        if binding is not Binding.NO
    )


def _law_section(row: Jurisdiction, now: Rule) -> Iterator[str]:
    yield f"## {row.name} ({row.code}) {{ #{row.code} }}\n"
    if row.within:
        yield f"Lies within [{row.within}](#{row.within}).{_covered(row)}\n"
    if row.children:
        yield "Consent cannot cure its rules for minors.\n"
    above = atlas().rows[row.within].on(now.checked) if row.within else None
    for rule in (now, *(rule for rule in row.rules if rule is not now)):
        if rule is not now:
            yield f"\n**{_span(rule)}**\n"
            names = (
                *CATEGORIES,
                "assumed",
                "refusing",
                "asked again after months",
                "lives months",
                "signals",
                "shown",
                "age",
            )
            cells = zip((*names, "confidence"), _law_cells(rule), strict=False)
            yield "; ".join(f"{name}: {cell}" for name, cell in cells) + ".\n"
        elif len(row.rules) > 1:
            yield f"**{_span(rule)}**\n"
        yield from _law_points(rule, above)
        yield from (f"- Source: {_source(source)}" for source in rule.sources)


def _covered(row: Jurisdiction) -> str:
    return f" Its law holds in {', '.join(row.covers)} too." if row.covers else ""


def _span(rule: Rule) -> str:
    first, last = rule.valid_from, rule.valid_until
    return " ".join([f"From {first}" if first else "", f"Until {last}" if last else ""]).strip()


def _law_points(rule: Rule, above: Rule | None) -> Iterator[str]:
    """What the table does not say, and the row does not share with the one that it lies within."""
    if rule.notes and (above is None or rule.notes != above.notes):
        yield f"{_plain(rule.notes)}\n"
    for category, facts in rule.exemptions.items():
        yield f"- Exempt for {category} purposes: a service that states {', '.join(f'`{fact}`' for fact in facts)}."
    if rule.preticked:
        yield f"- May be on at first display: {', '.join(rule.preticked)}."
    if rule.rests_through_changes:
        yield "- A refusal rests although the policy changes."
    if rule.proof:
        yield f"- Proof: {_plain(rule.proof)}"
    if rule.stricter:
        yield f"- The stricter reading: {', '.join(name.replace('_', ' ') for name in rule.stricter)}."


def _source(source: Reference) -> str:
    act = f"[{_plain(source.act)}]({source.link})" if source.link else _plain(source.act)
    return f"{act} ({HOW_READ[source.read]})"


def _plain(text: str) -> str:
    """A text whose signs mean nothing to Markdown."""
    return "".join(f"\\{char}" if char in "\\`*_[]<>|" else char for char in text)


def _members(kind: type[Enum]) -> Iterator[str]:
    """The members of an enumeration with their docstrings, which stand in its source alone."""
    [stated] = ast.parse(inspect.getsource(kind)).body
    lines = stated.body if isinstance(stated, ast.ClassDef) else []
    for line, after in pairwise(lines):
        match line, after:
            case ast.Assign(value=ast.Constant(value=str(name))), ast.Expr(
                value=ast.Constant(value=str(text))
            ):
                yield f"- `{name}`: {text}"


RULES_INTRO = """\
What `consentkit check` looks at ([how](../how-to/check.md)): the policy as it applies in each jurisdiction that it names, and
both layers of the notice that it draws, in each language, with the site's own templates where `--templates` names them.

This is reading matter with sources, no legal advice. A rule says what a source says; that none of them finds anything makes
no site lawful.

An **error** ends the check with exit code 1, a **warning** and a **note** do not.
"""


def rules_page() -> str:
    """The linter's rules."""
    head = [NOTE.replace("docstrings", "rules"), "# The rules of the check\n", RULES_INTRO]
    table = ["| rule | name | weighs |", "| --- | --- | --- |", *map(_rule_row, RULES), ""]
    return "\n".join([*head, *table, *map(_rule_section, RULES)])


def _rule_row(rule: LintRule) -> str:
    return f"| [{rule.id}](#{rule.id.lower()}-{rule.name}) | {rule.name} | {_weights(rule)} |"


def _weights(rule: LintRule) -> str:
    others = [f"{severity} in {code}" for code, severity in rule.instead.items()]
    return "; ".join([str(rule.severity), *others])


def _rule_section(rule: LintRule) -> str:
    parts = [
        f"## {rule.id} {rule.name}\n\n{rule.does}\n",
        f"**Why it is bad.** {rule.why}\n",
        f"**An example.**\n\n```text\n{rule.example}\n```\n",
        *([f"**What to know.** {rule.kept}\n"] if rule.kept else []),
        f"**It weighs:** {_weights(rule)}.\n",
        f"**Where it stands** (checked {rule.checked}):\n",
        *(f"- {source}" for source in rule.sources),
        "",
    ]
    return "\n".join(parts)


LANGUAGES_INTRO = """\
{count} languages, ordered by their tags. A visitor gets the one of the page, see [how](../how-to/languages.md); it can be
corrected there, too.

**Read** says which words a native speaker has read, and so what can be relied on: `notice` is what visitors see, `desk` what
officers see.
"""


def languages_page() -> str:
    """The table of the languages."""
    known = dict(sorted(languages("notice").items()))
    officers = languages("desk")
    words = {tag: ("notice", "desk") if tag in officers else ("notice",) for tag in known}
    rows = [
        f"| `{tag}` | {each.name} | {_english(tag)} | {'right to left' if each.direction == 'rtl' else 'left to right'} "
        f"| {', '.join(words[tag])} | {', '.join(word for word in words[tag] if word in each.reviewed) or 'not yet'} |"
        for tag, each in known.items()
    ]
    parts = [
        NOTE.replace("the code's docstrings", "src/consentkit/languages"),
        "# The languages that there are\n",
        LANGUAGES_INTRO.format(count=len(known)),
        "| tag | name | in English | written | words | read |",
        "| --- | --- | --- | --- | --- | --- |",
        *rows,
    ]
    return "\n".join(parts) + "\n"


def _english(tag: str) -> str:
    return str(Locale.parse(tag, sep="-").get_display_name("en"))


GENERATED = {
    "docs/gallery.md": gallery.page,
    "docs/reference/languages.md": languages_page,
    "docs/reference/rules.md": rules_page,
    "docs/reference/policy.md": policy_page,
    "docs/reference/cli.md": cli_page,
    "docs/reference/services.md": services_page,
    "docs/reference/jurisdictions.md": jurisdictions_page,
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
