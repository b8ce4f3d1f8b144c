"""The evidence file proves itself, without us, and no byte of it can be changed."""

from __future__ import annotations

import csv
import importlib.util
import io
import json
import re
import shutil
import subprocess
import sys
import tracemalloc
import venv
import zipfile
from hashlib import sha256
from pathlib import Path

import pytest
from tests.audit.commands import run, write
from tests.audit.conftest import VISITOR, build_event, build_refusal

from consentkit.audit import evidence, standalone, summary
from consentkit.audit.erase import erase
from consentkit.audit.errors import EventDamaged, EvidenceRefused
from consentkit.audit.event import Document
from consentkit.audit.evidence import About
from consentkit.audit.keys import generate, read_public
from consentkit.audit.reader import Reader
from consentkit.audit.signing import Signing

NOTICE = Document.of(
    "notice",
    json.dumps(
        {"kind": "notice", "banner": {"text": "We & <b>you</b>", "buttons": [{"id": "x", "text": "Nein"}]}}
    ).encode(),
)
POLICY = Document.of("policy", b'{"site":"news.example"}')
HOSTILE = "</td><script>alert(1)</script>=cmd|' /C calc'!A0"
CREATED = 1_790_000_000_000_000


def named(**changes):
    return build_event(**{"notice": NOTICE.hash, "policy": POLICY.hash, **changes})


def some_events(count):
    time = CREATED - 10**12
    make = (named, build_refusal)
    return [
        make[number % 3 == 2](time=time + number, site=HOSTILE if number == 4 else "news.example")
        for number in range(count)
    ]


@pytest.fixture(scope="module")
def key(tmp_path_factory):
    file = tmp_path_factory.mktemp("key") / "log.key"
    generate(file, "news.example")
    return file


@pytest.fixture(scope="module")
def log(tmp_path_factory, key):
    """A log with two checkpoints, over 300 and 310 events, that no test changes."""
    url = f"sqlite:///{tmp_path_factory.mktemp('evidence') / 'consent.db'}"
    write(url, *some_events(300), papers=(NOTICE, POLICY))
    Signing(url, None, key).sign()
    write(url, *(named(visitor="another") for _ in range(10)))
    Signing(url, None, key).sign()
    return url


def signed(url, folder):
    """The file of a new key that signed a log."""
    generate(folder / "k", "k.example")
    Signing(url, None, folder / "k").sign()
    return folder / "k"


def packed(url, about, key):
    file = io.BytesIO()
    done = evidence.write(Reader(url), about, file, read_public([Path(f"{key}.pub")]), created=CREATED)
    return file, done


def unpacked(url, about, key, folder):
    file, _ = packed(url, about, key)
    with zipfile.ZipFile(file) as archive:
        archive.extractall(folder)
    return folder


@pytest.fixture(scope="module")
def whole(log, key, tmp_path_factory):
    return unpacked(log, About(visitor=VISITOR), key, tmp_path_factory.mktemp("whole"))


@pytest.fixture
def folder(whole, tmp_path):
    shutil.copytree(whole, tmp_path / "copy")
    return tmp_path / "copy"


@pytest.fixture(scope="session")
def elsewhere(tmp_path_factory):
    """A Python of its own with nothing but ``cryptography`` and what that needs."""
    home = tmp_path_factory.mktemp("elsewhere")
    venv.create(home, with_pip=False, symlinks=True)
    [site] = home.glob("lib/python*/site-packages")
    for name in ("cryptography", "cffi", "_cffi_backend", "pycparser", "typing_extensions"):
        found = importlib.util.find_spec(name)
        if found is not None and found.origin is not None:
            place = Path(found.origin)
            place = place.parent if found.submodule_search_locations else place
            (site / place.name).symlink_to(place)
    return home / "bin" / "python"


def verify(python, folder, *arguments):
    done = subprocess.run(
        [python, "-I", folder / "verify.py", *arguments],
        capture_output=True,
        text=True,
        check=False,
        cwd=folder.parent,
    )
    assert "Traceback" not in done.stdout + done.stderr
    return done


@pytest.mark.parametrize(
    "about",
    [About(visitor=VISITOR), About(first=0), About(first=CREATED - 10**12, last=CREATED - 10**12 + 50)],
    ids=["a visitor", "all", "a range"],
)
def test_it_is_verified_where_nothing_of_ours_is(elsewhere, log, key, tmp_path, about):
    folder = unpacked(log, about, key, tmp_path / "there")
    alone = subprocess.run([elsewhere, "-I", "-c", "import consentkit"], capture_output=True, check=False)

    done = verify(elsewhere, folder)

    assert b"No module named 'consentkit'" in alone.stderr
    assert (done.returncode, done.stderr) == (0, "")
    assert done.stdout.endswith("All is well.\n")
    assert not list(folder.rglob("__pycache__"))


def test_it_holds_what_was_asked_for_and_nothing_else(whole, log):
    theirs = Reader(log).of_visitor(VISITOR, 1000)

    records = [json.loads(line) for line in (whole / "records.jsonl").read_text().splitlines()]
    facts = json.loads((whole / "evidence.json").read_text())

    assert [record["seq"] for record in records] == [row.seq for row in theirs]
    assert sorted(path.relative_to(whole).as_posix() for path in whole.rglob("*") if path.is_file()) == sorted([
        "README.txt", "SHA256SUMS", "checkpoints/300.txt", "checkpoints/310.txt", "evidence.json", "keys.pub", "merkle.py",
        f"notices/{NOTICE.hash}.json", f"policies/{POLICY.hash}.json", "records.csv", "records.jsonl", "summary.html",
        "summary.py", "verify.py",
    ])  # fmt: skip
    assert (facts["events"], facts["acts"], facts["not_stored"]) == (200, {"accept": 200}, [])
    assert "another" not in (whole / "records.jsonl").read_text()


@pytest.mark.parametrize("url", ["sqlite", "postgresql"], indirect=True)
def test_events_named_one_by_one_on_each_store_with_what_was_erased(url, tmp_path):
    events = [named(), named(visitor="kept"), build_refusal()]
    write(url, *events, papers=(NOTICE, POLICY))
    erase(url, "", VISITOR)
    key = signed(url, tmp_path)

    folder = unpacked(url, About(events=tuple(one.id for one in events)), key, tmp_path / "there")

    assert standalone.main(folder, []) == 0
    facts = json.loads((folder / "evidence.json").read_text())
    assert (facts["events"], facts["erased"]) == (3, 1)
    assert VISITOR not in "".join(path.read_text() for path in folder.rglob("*.*") if path.is_file())


def test_the_same_events_give_the_same_bytes(log, key):
    one, other = (packed(log, About(visitor=VISITOR), key)[0].getvalue() for _ in range(2))

    assert one == other


def test_what_was_handed_out_is_told_in_ranges(log, key):
    assert packed(log, About(first=0, last=CREATED - 10**12 + 9), key)[1] == (10, 0, ((1, 10),), 310)


FILES = ["records.jsonl", "records.csv", "checkpoints/300.txt", "checkpoints/310.txt", "evidence.json", "keys.pub",
         "summary.html", "merkle.py", "summary.py", "verify.py", "README.txt", "SHA256SUMS", f"notices/{NOTICE.hash}.json",
         f"policies/{POLICY.hash}.json"]  # fmt: skip


@pytest.mark.parametrize("name", FILES)
@pytest.mark.parametrize("where", [0.0, 0.37, 0.999])
def test_no_byte_of_it_can_be_changed(folder, name, where, capsys):
    data = bytearray((folder / name).read_bytes())
    data[int(len(data) * where)] ^= 1
    (folder / name).write_bytes(data)

    assert standalone.main(folder, []) == 1
    assert capsys.readouterr().out.splitlines()[-1].startswith("WRONG: ")


def resum(folder):
    """What whoever changes a file does next."""
    lines = [
        f"{sha256(path.read_bytes()).hexdigest()}  {path.relative_to(folder).as_posix()}\n"
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.name != "SHA256SUMS"
    ]
    (folder / "SHA256SUMS").write_text("".join(lines))


def record(change):
    def altered(folder):
        lines = (folder / "records.jsonl").read_text().splitlines()
        one = json.loads(lines[7])
        change(one)
        lines[7] = json.dumps(one, ensure_ascii=False, separators=(",", ":"))
        (folder / "records.jsonl").write_text("\n".join(lines) + "\n")

    return altered


def edit(name, old, new):
    def altered(folder):
        text = (folder / name).read_text()
        assert old in text
        (folder / name).write_text(text.replace(old, new, 1))

    return altered


def another_act(one):
    one["event"] = one["event"].replace('"act":"accept"', '"act":"reject"')
    one["leaf"] = sha256(b"\0" + one["event"].encode()).hexdigest()


def swapped(one):
    one["proof"] = one["proof"][::-1]


def another_key(folder):
    generate(folder.parent / "other.key", "news.example")
    shutil.copy(folder.parent / "other.key.pub", folder / "keys.pub")


def without_a_line(folder):
    for name in ("records.jsonl", "records.csv"):
        lines = (folder / name).read_text().splitlines(keepends=True)
        (folder / name).write_text("".join(lines[:-1]))


CHANGES = {
    "an act": (record(another_act), "proof of event"),
    "an event alone": (record(lambda one: one.update(event=one["event"].replace("fr", "de"))), "leaf was made of"),
    "a number": (record(lambda one: one.update(seq=one["seq"] + 1)), "proof of event"),
    "a visitor": (record(lambda one: one.update(visitor="somebody else")), "whom it commits to"),
    "a salt": (record(lambda one: one.update(salt="00" * 32)), "whom it commits to"),
    "a visitor taken out": (record(lambda one: one.update(salt=None, visitor=None)), "records.csv says"),
    "a proof": (record(swapped), "proof of event"),
    "a proof that is none": (record(lambda one: one.update(proof="x")), "cannot be read"),
    "a record that is none": (record(lambda one: one.clear()), "cannot be read"),
    "an event less": (without_a_line, "more or fewer"),
    "the table": (edit("records.csv", "accept", "reject"), "records.csv says something else"),
    "the table's names": (edit("records.csv", "visitor", "person"), "other columns"),
    "the page": (edit("summary.html", "accept", "reject"), "summary.html says something else"),
    "a notice": (edit(f"notices/{NOTICE.hash}.json", "Nein", "Ja"), "not the one that the events name"),
    "a policy": (edit(f"policies/{POLICY.hash}.json", "news", "other"), "not the one that the events name"),
    "a notice less": (lambda folder: (folder / f"notices/{NOTICE.hash}.json").unlink(), "is missing"),
    "the last checkpoint": (edit("checkpoints/310.txt", "\n310\n", "\n311\n"), "signature of 310.txt is not good"),
    "the first checkpoint": (lambda folder: shutil.copy(folder / "checkpoints/310.txt", folder / "checkpoints/300.txt"), None),
    "the key": (another_key, "none of the keys signed"),
    "the proof between checkpoints": (edit("evidence.json", '"from": 300', '"from": 299'), "does not go on"),
    "how many": (edit("evidence.json", '"events": 200', '"events": 201'), "more or fewer"),
    "the count of acts": (edit("evidence.json", '"accept": 200', '"accept": 199'), "counts other acts"),
    "facts that are none": (lambda folder: (folder / "evidence.json").write_text("[]"), "cannot be read"),
    "a file too many": (lambda folder: (folder / "notices" / "extra.json").write_text("{}"), "belongs to no event"),
}  # fmt: skip


@pytest.mark.parametrize(("change", "says"), CHANGES.values(), ids=CHANGES)
def test_who_changes_it_and_its_sums_is_found_all_the_same(folder, change, says, capsys):
    change(folder)
    resum(folder)

    code = standalone.main(folder, [])

    said = capsys.readouterr().out
    assert (code == 0) is (says is None), (
        said
    )  # a copy of a good checkpoint under another name changes nothing
    assert says is None or says in said


BROKEN = {
    "no text": ("records.jsonl", b"\xff\xfe"),
    "nested without end": ("records.jsonl", b"[" * 100_000),
    "no key": ("keys.pub", b""),
    "no sums": ("SHA256SUMS", b""),
    "a path that leads out": ("SHA256SUMS", b"0" * 64 + b"  ../../etc/passwd\n"),
}


@pytest.mark.parametrize(("name", "data"), BROKEN.values(), ids=BROKEN)
def test_what_cannot_be_read_ends_with_one_line_and_no_traceback(elsewhere, folder, name, data):
    (folder / name).write_bytes(data)
    if name != "SHA256SUMS":
        resum(folder)

    done = verify(elsewhere, folder)

    assert done.returncode == 1
    assert done.stdout.splitlines()[-1].startswith("WRONG: ")


def test_a_check_that_was_changed_itself_fails_without_a_traceback(elsewhere, folder):
    text = (folder / "verify.py").read_text()
    (folder / "verify.py").write_text(text.replace("def _given(", "def _taken("))

    done = verify(elsewhere, folder)

    assert (done.returncode, done.stdout) == (1, "WRONG: verify.py itself cannot be run: NameError\n")


def test_a_file_named_like_a_module_of_pythons_is_never_run(elsewhere, folder):
    (folder / "json.py").write_text("raise SystemExit(0)")

    done = subprocess.run([elsewhere, folder / "verify.py"], capture_output=True, text=True, check=False)

    assert (done.returncode, done.stdout) == (1, "WRONG: missing or not of the file: ['json.py']\n")


def test_a_key_from_elsewhere_is_asked_instead_of_the_one_in_the_file(elsewhere, folder, key, tmp_path):
    generate(tmp_path / "other.key", "news.example")

    assert verify(elsewhere, folder, "--key", Path(f"{key}.pub")).returncode == 0
    assert verify(elsewhere, folder, "--key", tmp_path / "other.key.pub").returncode == 1
    assert verify(elsewhere, folder, "--key", tmp_path / "none").returncode == 2


def test_without_cryptography_it_says_what_to_install(folder, tmp_path):
    venv.create(tmp_path / "bare", with_pip=False, symlinks=True)

    done = verify(tmp_path / "bare" / "bin" / "python", folder)

    assert (done.returncode, done.stdout) == (2, "")
    assert "pip install" in done.stderr


def test_the_page_and_the_table_run_nothing_that_somebody_wrote(log, key, tmp_path):
    folder = unpacked(log, About(first=0), key, tmp_path / "there")

    page = (folder / "summary.html").read_text()
    rows = list(csv.reader(io.StringIO((folder / "records.csv").read_text())))

    assert "<script" not in page
    assert "We &amp; &lt;b&gt;you&lt;/b&gt;" in page
    assert "Nein" in page
    assert not re.search(r"(?i)\bsrc=|href=|javascript:|\son\w+=", page)
    assert not any(re.match(r"[=+\-@]", cell) for row in rows for cell in row)


@pytest.mark.parametrize(
    "body", [b"[]", b'"x"', b"{}", b'{"banner":null}', b'{"banner":{"buttons":[1]}}', b"1"]
)
def test_a_notice_of_another_form_is_handed_out_as_it_is(sqlite_url, tmp_path, body):
    paper = Document.of("notice", body)
    write(sqlite_url, named(notice=paper.hash), papers=(paper, POLICY))

    folder = unpacked(sqlite_url, About(first=0), signed(sqlite_url, tmp_path), tmp_path / "there")

    assert standalone.main(folder, []) == 0
    assert "a form that this page does not read" in (folder / "summary.html").read_text()


def test_a_large_range_takes_no_more_memory_than_a_small_one(tmp_path, monkeypatch):
    monkeypatch.setattr(evidence, "PAGE", 100)
    monkeypatch.setattr(summary, "MOST_EVENTS", 50)
    peaks = []
    for count in (600, 3000):
        there = tmp_path / str(count)
        there.mkdir()
        url = f"sqlite:///{there / 'consent.db'}"
        write(url, *some_events(count), papers=(NOTICE, POLICY))
        keys = read_public([Path(f"{signed(url, there)}.pub")])
        with (there / "e.zip").open("w+b") as file:
            tracemalloc.start()
            evidence.write(Reader(url), About(first=0), file, keys)
            peaks.append(tracemalloc.get_traced_memory()[1])
            tracemalloc.stop()

    assert peaks[1] < 1.5 * peaks[0]


def test_events_that_no_checkpoint_covers_are_refused_in_words(sqlite_url, key, tmp_path):
    generate(tmp_path / "k", "k.example")
    write(sqlite_url, named())
    with pytest.raises(EvidenceRefused, match="no checkpoint that this key signed"):
        packed(sqlite_url, About(first=0), tmp_path / "k")
    Signing(sqlite_url, None, tmp_path / "k").sign()
    write(sqlite_url, named())

    with pytest.raises(EvidenceRefused, match="event 2 is younger than the last checkpoint"):
        packed(sqlite_url, About(first=0), tmp_path / "k")
    with pytest.raises(EvidenceRefused, match="no checkpoint that this key signed"):
        packed(sqlite_url, About(first=0), key)


@pytest.mark.parametrize(
    ("about", "says"),
    [
        (About(visitor="nobody"), "no such events"),
        (About(events=("018f0000-0000-7000-8000-000000000001",)), "1 events named, the log holds 0"),
        (About(first=CREATED * 2), "no such events"),
    ],
    ids=["visitor", "incident", "range"],
)
def test_what_is_not_there_is_refused_in_words(log, key, about, says):
    with pytest.raises(EvidenceRefused, match=says):
        packed(log, about, key)


def test_a_notice_that_is_not_what_was_stored_is_never_handed_out(sqlite_url, tmp_path):
    write(sqlite_url, named(), papers=(Document("notice", NOTICE.hash, b"{}"), POLICY))
    key = signed(sqlite_url, tmp_path)

    with pytest.raises(EventDamaged, match="not what was stored"):
        packed(sqlite_url, About(first=0), key)


def test_a_name_that_is_no_hash_becomes_no_file(sqlite_url, tmp_path):
    name = "../../../evil"
    write(sqlite_url, named(notice=name), papers=(Document("notice", name, b"{}"), POLICY))

    file, _ = packed(sqlite_url, About(first=0), signed(sqlite_url, tmp_path))

    with zipfile.ZipFile(file) as archive:
        assert all(re.fullmatch(r"([a-z]+/)?[A-Za-z0-9.]+", one) for one in archive.namelist())
        archive.extractall(tmp_path / "there")
    assert standalone.main(tmp_path / "there", []) == 0


@pytest.mark.parametrize(
    "values",
    [{}, {"visitor": "a", "first": 1}, {"first": 2, "last": 1}, {"visitor": "a\0"}, {"events": ("x",) * 501}],
    ids=["nothing", "two things", "backwards", "NUL", "too many"],
)
def test_what_is_about_nothing_or_several_things_is_refused(values):
    with pytest.raises(ValueError, match=r"one of these|ends before|at most 500"):
        About(**values)


def test_the_command_writes_it_for_its_owner_alone_and_says_what_is_in_it(log, key, tmp_path):
    file = tmp_path / "evidence.zip"

    done = run(
        "audit",
        "evidence",
        "--visitor",
        "-",
        "--to",
        str(file),
        "--key",
        f"{key}.pub",
        url=log,
        answers=f"{VISITOR}\n",
    )

    assert done.code == 0, done.err
    assert "written: 200 event(s), proven by the checkpoint over 310" in done.out
    assert file.stat().st_mode & 0o777 == 0o600
    assert zipfile.ZipFile(file).testzip() is None
    assert [path.name for path in tmp_path.iterdir()] == ["evidence.zip"]


def test_the_command_signs_first_where_it_is_told_to(sqlite_url, tmp_path):
    generate(tmp_path / "k", "k.example")
    event = named()
    write(sqlite_url, event, papers=(NOTICE, POLICY))
    where = ("audit", "evidence", "--event", event.id, "--to", str(tmp_path / "e.zip"))

    refused = run(*where, "--key", str(tmp_path / "k.pub"), url=sqlite_url)
    done = run(*where, "--sign-key", str(tmp_path / "k"), url=sqlite_url)

    assert refused.code == 1
    assert refused.err.startswith("Nothing was written: the log holds no checkpoint")
    assert done.code == 0, done.err
    with zipfile.ZipFile(tmp_path / "e.zip") as archive:
        archive.extractall(tmp_path / "there")
    assert standalone.main(tmp_path / "there", []) == 0


@pytest.mark.parametrize(
    ("options", "says"),
    [
        (["--key", "{key}.pub"], "one of these: --visitor"),
        (["--visitor", "a", "--event", "b", "--key", "{key}.pub"], "one of these: --visitor"),
        (["--visitor", "a"], "--key FILE.pub"),
        (
            ["--from", "2026-01-02T00:00:00Z", "--until", "2026-01-01T00:00:00Z", "--key", "{key}.pub"],
            "ends before",
        ),
    ],
    ids=["nothing", "two things", "no key", "backwards"],
)
def test_the_command_says_what_it_wants(log, key, tmp_path, options, says):
    given = [option.format(key=key) for option in options]

    done = run("audit", "evidence", "--to", str(tmp_path / "e.zip"), *given, url=log)

    assert (done.code, done.out) == (2, "")
    assert says in done.err
    assert not list(tmp_path.iterdir())


def test_the_programs_in_it_are_ours_as_they_are(whole):
    for name, module in (("verify.py", standalone), ("summary.py", summary)):
        assert (whole / name).read_bytes() == Path(str(module.__file__)).read_bytes()
    assert sys.modules["consentkit.audit.merkle"].__file__ is not None
