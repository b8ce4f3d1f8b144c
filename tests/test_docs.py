"""What people read is true: commands, links, names and code of README, docs and the papers beside them."""

from __future__ import annotations

import ast
import http.client
import inspect
import json
import os
import re
import subprocess
import sys
import tomllib
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple
from urllib.parse import urlsplit

import pytest
import typer.main
from starlette.applications import Starlette
from starlette.responses import HTMLResponse
from starlette.routing import Route
from starlette.testclient import TestClient

import consentkit
from consentkit import AuditLog, ConsentMiddleware, Policy, testing
from consentkit.catalogue.load import catalogue
from consentkit.cli.app import app as command_line
from consentkit.policyfile.use import resolved
from consentkit.web.gate.park import FETCHES
from consentkit.web.words import words_of

ROOT = Path(__file__).parents[1]
TOP = [ROOT / name for name in ("README.md", "CONTRIBUTING.md", "SECURITY.md", "CHANGELOG.md")]
PAGES = sorted((ROOT / "docs").rglob("*.md"))
READ = [*TOP, *PAGES]
REFERENCE = ROOT / "docs" / "reference"
TUTORIAL = ROOT / "docs" / "tutorial" / "index.md"
BIN = Path(sys.executable).parent
NAMES = {path: str(path.relative_to(ROOT)) for path in READ}

SITE = {"name": "Tides", "address": "http://localhost"}
CONTROLLER = {"name": "Tides Ltd", "contact": "privacy@tides.example"}


class Block(NamedTuple):
    """A fenced block of a page: its language, its title and its text."""

    language: str
    title: str
    text: str


def blocks(path: Path, language: str | None = None) -> list[Block]:
    found = [
        Block(match["language"], match["title"] or "", match["text"])
        for match in re.finditer(
            r'^```(?P<language>\w*)(?: title="(?P<title>[^"]*)")?\n(?P<text>.*?)^```$',
            path.read_text("utf-8"),
            re.MULTILINE | re.DOTALL,
        )
    ]
    return [block for block in found if language in (None, block.language)]


def commands(path: Path, program: str) -> Iterator[str]:
    """Every command line of a program that a page shows, in a block or between backticks."""
    for block in blocks(path, "sh"):
        for line in block.text.splitlines():
            for found in re.finditer(rf"(?:^|\$\(){program} ([^#)]*)", line):
                yield found[1].strip()
    prose = re.sub(r"^```.*?^```$", "", path.read_text("utf-8"), flags=re.MULTILINE | re.DOTALL)
    for span in re.findall(rf"`{program} ([^`]+)`", prose):
        yield span.strip()


def shown(program: str) -> list[tuple[str, str]]:
    return sorted({(NAMES[path], command) for path in READ for command in commands(path, program)})


def run_in(folder: Path, script: str, env: Mapping[str, str]) -> str:
    whole = {**env, "PATH": f"{BIN}:{os.environ['PATH']}"}
    done = subprocess.run(
        ["bash", "-euc", script], cwd=folder, env=whole, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@contextmanager
def served(folder: Path, command: str, env: Mapping[str, str]) -> Iterator[int]:
    """The port of a uvicorn started by a page's own command, on a free port."""
    whole = {**env, "PATH": f"{BIN}:{os.environ['PATH']}"}
    server = subprocess.Popen(
        [BIN / "uvicorn", *command.split()[1:], "--port", "0"],
        cwd=folder,
        env=whole,
        stderr=subprocess.PIPE,
        text=True,
    )
    assert server.stderr is not None
    try:
        lines = []
        for line in server.stderr:
            lines.append(line)
            if running := re.search(r"running on http://127\.0\.0\.1:(\d+)", line):
                yield int(running[1])
                return
        pytest.fail("".join(lines))
    finally:
        server.terminate()
        server.stderr.close()
        server.wait()


def ask(
    port: int, method: str, path: str, body: object = None, cookie: str = ""
) -> tuple[http.client.HTTPResponse, str]:
    connection = http.client.HTTPConnection("127.0.0.1", port)
    headers = {"Cookie": cookie, "Content-Type": "application/json", "Origin": f"http://127.0.0.1:{port}"}
    connection.request(method, path, json.dumps(body) if body else None, headers)
    response = connection.getresponse()
    text = response.read().decode()
    connection.close()
    return response, text


def test_the_integration_of_the_readme_works_in_an_empty_app(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    key = run_in(tmp_path, "consentkit init >/dev/null; consentkit cookie --new-key", {}).strip()
    monkeypatch.setenv("CONSENTKIT_SECRET_KEY", key)
    monkeypatch.delenv("CONSENTKIT_AUDIT", raising=False)
    integration = next(block for block in blocks(TOP[0], "python") if "add_middleware" in block.text)
    page = '<!doctype html><title>t</title><body><script data-category="analytics" src="/a.js"></script>'
    app = Starlette(routes=[Route("/", lambda _: HTMLResponse(page))])

    exec(compile(integration.text, "README.md", "exec"), {"app": app})
    with TestClient(app, base_url="http://localhost") as client:
        served_page = client.get("/").text

    assert '<span id="consentkit"' in served_page
    assert 'data-ck-src="/a.js"' in served_page
    assert (tmp_path / "consent.db").is_file()


def test_the_tutorial_leads_where_it_says(tmp_path):
    sh = [block.text for block in blocks(TUTORIAL, "sh")]
    install, policy, key, serve, audit, again = sh
    assert "pip install" in install
    for block in blocks(TUTORIAL):
        if block.title == "app.py":
            (tmp_path / "app.py").write_text(block.text)

    run_in(tmp_path, policy, {})
    env = {"CONSENTKIT_SECRET_KEY": run_in(tmp_path, f'{key}printf %s "$CONSENTKIT_SECRET_KEY"', {})}
    with served(tmp_path, serve, env) as port:
        _, before = ask(port, "GET", "/")
        _, state = ask(port, "GET", "/_consent/state")
        accepted, _ = ask(
            port, "POST", "/_consent/", {"action": "accept", "notice": json.loads(state)["notice"]}
        )
        cookie = (accepted.headers["Set-Cookie"] or "").partition(";")[0]
        _, after = ask(port, "GET", "/", cookie=cookie)
    told = run_in(tmp_path, audit, {})
    with (tmp_path / "consent.toml").open("a") as file:
        file.write(next(block.text for block in blocks(TUTORIAL, "toml") if block.title == "consent.toml"))
    run_in(tmp_path, again, {})
    with served(tmp_path, serve, env) as port:
        _, asked_again = ask(port, "GET", "/", cookie=cookie)

    assert '<script type="text/plain" data-ck="analytics" data-category="analytics">' in before
    assert "analytics is not allowed" in before
    assert '<script data-category="analytics">' in after
    assert "analytics is allowed" in after
    assert "accept" in told
    assert "sound: 1 events" in told
    assert 'data-consent="accepted"' in after
    assert 'data-consent="undecided"' in asked_again


def test_the_page_on_testing_shows_tests_that_pass(tmp_path):
    example = next(
        block for block in blocks(ROOT / "docs/how-to/testing.md") if block.title == "test_site.py"
    )
    app = next(block for block in blocks(TUTORIAL) if block.title == "app.py")
    key = run_in(tmp_path, "consentkit init >/dev/null; consentkit cookie --new-key", {}).strip()
    (tmp_path / "app.py").write_text(app.text)
    (tmp_path / "test_site.py").write_text(re.sub(r'KEY = ".*"', f'KEY = "{key}"', example.text))

    told = run_in(
        tmp_path,
        "pytest -q -p no:cacheprovider -W default .",
        {"CONSENTKIT_SECRET_KEY": key, "PYTHONPATH": "."},
    )

    assert "2 passed" in told


@pytest.mark.parametrize(("page", "command"), shown("consentkit"))
def test_a_command_that_is_shown_exists_with_its_options(page, command):
    here = typer.main.get_command(command_line)
    options: set[str] = set()
    for word in command.split():
        if word.startswith("--"):
            options.add(word.partition("=")[0])
        elif not options and hasattr(here, "get_command"):
            below = here.get_command(None, word)
            assert below is not None, f"{page}: consentkit {command}"
            here = below

    known = {name for parameter in here.params for name in parameter.opts}
    assert options <= known | {"--help", "--"}, f"{page}: consentkit {command}"


@pytest.mark.parametrize(("page", "command"), shown("make"))
def test_a_make_target_that_is_shown_exists(page, command):
    targets = set(re.findall(r"^([a-z]+):", (ROOT / "Makefile").read_text(), re.MULTILINE))

    assert command.split()[0] in targets, page


@pytest.mark.parametrize("path", READ, ids=NAMES.get)
def test_python_and_policies_that_are_shown_are_valid(path):
    for block in blocks(path, "python"):
        ast.parse(block.text)
    for block in blocks(path, "toml"):
        data = {"site": SITE, "controller": CONTROLLER, **tomllib.loads(block.text)}
        words_of(Policy.model_validate(resolved(data, catalogue())))


@pytest.mark.parametrize("path", TOP, ids=NAMES.get)
def test_a_link_of_the_papers_at_the_top_leads_to_a_file(path):
    for target in re.findall(r"\]\(([^)]+)\)", path.read_text("utf-8")):
        parts = urlsplit(target)
        if parts.scheme:
            continue
        file = (path.parent / parts.path) if parts.path else path
        assert file.is_file(), target
        if parts.fragment:
            assert parts.fragment in anchors(file), target


def anchors(path: Path) -> set[str]:
    titles = re.findall(r"^#+ (.*)$", path.read_text("utf-8"), re.MULTILINE)
    return {re.sub(r"[^\w -]", "", title).strip().lower().replace(" ", "-") for title in titles}


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    """The built documentation; every link and anchor in it has been checked by mkdocs."""
    folder = tmp_path_factory.mktemp("site")
    # Not --quiet: it silences the warnings that --strict counts.
    done = subprocess.run(
        [sys.executable, "-m", "mkdocs", "build", "--strict", "--site-dir", folder],
        cwd=ROOT,
        env={**os.environ, "NO_MKDOCS_2_WARNING": "1"},
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    return folder


def test_the_documentation_loads_nothing_from_elsewhere(site):
    loaded = {
        (str(page.relative_to(site)), address)
        for page in site.rglob("*.html")
        for address in re.findall(
            r"<(?:script|link|img|iframe)\b[^>]*?(?:src|href)=\"?((?:https?:)?//[^\s\">]+)",
            page.read_text("utf-8"),
        )
    }

    assert len(list(site.rglob("index.html"))) > 20
    assert not loaded


@pytest.mark.parametrize("name", consentkit.__all__)
def test_a_public_name_is_explained_in_the_code_and_in_the_reference(name):
    told = (REFERENCE / "python.md").read_text("utf-8")

    assert inspect.getdoc(getattr(consentkit, name))
    assert re.search(rf"^## {name}$", told, re.MULTILINE)


@pytest.mark.parametrize(
    "written",
    [
        node
        for block in blocks(REFERENCE / "python.md", "python")
        for node in ast.parse(block.text).body
        if isinstance(node, ast.FunctionDef) and isinstance(node.body[0], ast.Expr)
    ],
    ids=lambda node: node.name,
)
def test_a_signature_in_the_reference_is_that_of_the_code(written):
    real = inspect.signature(
        getattr(consentkit if hasattr(consentkit, written.name) else testing, written.name)
    )

    kinds = {inspect.Parameter.KEYWORD_ONLY: [], inspect.Parameter.POSITIONAL_OR_KEYWORD: []}
    for name, parameter in real.parameters.items():
        default = "" if parameter.default is parameter.empty else repr(parameter.default)
        kinds[parameter.kind].append((name, default))

    told, keywords = written.args, [ast.unparse(each) if each else "" for each in written.args.kw_defaults]
    assert [(each.arg, "") for each in told.args] == kinds[inspect.Parameter.POSITIONAL_OR_KEYWORD]
    assert (
        list(zip([each.arg for each in told.kwonlyargs], keywords, strict=True))
        == (kinds[inspect.Parameter.KEYWORD_ONLY])
    )


def section(title: str) -> str:
    told = (REFERENCE / "python.md").read_text("utf-8")
    return told.partition(f"\n## {title}\n")[2].partition("\n## ")[0]


def test_every_keyword_of_the_middleware_has_its_row_and_no_other():
    rows = re.findall(r"^\| `(\w+)` \|", section("ConsentMiddleware"), re.MULTILINE)
    keywords = [
        name
        for name, parameter in inspect.signature(ConsentMiddleware).parameters.items()
        if parameter.kind is parameter.KEYWORD_ONLY
    ]

    assert rows == keywords


def test_every_parameter_and_method_of_the_log_is_named():
    told = section("AuditLog")
    methods = [name for name, _ in inspect.getmembers(AuditLog, inspect.isfunction) if name[0] != "_"]

    assert [name for name in inspect.signature(AuditLog).parameters if f"`{name}`" not in told] == []
    assert {name: plain(getattr(AuditLog, name)) for name in methods} == dict(
        re.findall(r"^\| `(?:await )?(\w+)\(([^`]*)\)`", told, re.MULTILINE)
    )


def plain(method: Callable[..., object]) -> str:
    """The parameters of a method without ``self`` and types, as the reference writes them."""
    parameters = list(inspect.signature(method).parameters.values())[1:]
    bare = [parameter.replace(annotation=parameter.empty) for parameter in parameters]
    return str(inspect.Signature(bare))[1:-1]


def test_every_part_of_a_consent_is_named():
    told = section("Consent")
    parts = [name for name in dir(consentkit.Consent) if name[0] != "_" and name != "unknown"]

    assert [name for name in parts if not re.search(rf"`{name}(\(\w+\))?`", told)] == []


def test_the_table_of_gated_elements_is_that_of_the_gate():
    rows = re.findall(
        r"^\| (`\w+`[^|]*)\| ([^|]*)\|$", (REFERENCE / "markup.md").read_text("utf-8"), re.MULTILINE
    )

    told = {
        element: set(re.findall(r"`([\w:]+)`", attributes))
        for elements, attributes in rows
        for element in re.findall(r"`(\w+)`", elements)
    }

    assert told == {
        name.decode(): {attribute.decode() for attribute in attributes}
        for name, attributes in FETCHES.items()
    }
