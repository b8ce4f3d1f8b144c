"""Checks an evidence file of consentkit. Unpack it, then: python verify.py

Needs Python 3.11 or newer and the package "cryptography" (pip install cryptography); no network, nothing else of consentkit's.
It reads the folder in which it lies and changes nothing. Exit code: 0 all is well, 1 something is wrong, 2 could not check.

What it checks is told in README.txt. The public keys are those of the log's keeper: compare the lines that are printed with
the ones that they publish, or give the file that you got from them: python verify.py --key FILE.pub
"""

import sys

if __name__ == "__main__":
    sys.excepthook = lambda kind, *_: print(f"WRONG: verify.py itself cannot be run: {kind.__name__}")
    if not getattr(sys.flags, "safe_path", False):
        del sys.path[0]  # nothing in the folder passes for a module of Python's

import base64
import csv
import json
import re
from collections import Counter
from collections.abc import Iterable, Iterator
from datetime import UTC, datetime, timedelta
from hashlib import sha256
from itertools import zip_longest
from pathlib import Path
from types import ModuleType
from typing import Any
from urllib.parse import quote

FORM = "consentkit-evidence/1"
SUMS = "SHA256SUMS"
COLUMNS = (
    "seq", "id", "time", "site", "visitor", "act", "granted", "denied", "regime", "jurisdiction", "signal",
    "policy", "notice", "language", "how",
)  # fmt: skip
STRICTEST_FIRST = ("opt-in", "opt-out", "notice", "exempt")
_SUM = re.compile(r"([0-9a-f]{64})  ((?:[a-z]+/)?[A-Za-z0-9.]+)\n")
_KEY = re.compile(r"([^\s+]{1,200})\+([0-9a-f]{8})\+([A-Za-z0-9+/]{44})")
_SIGNED = re.compile(r"— ([^\s+]+) ([A-Za-z0-9+/]+={0,2})")
_EPOCH = datetime(1970, 1, 1, tzinfo=UTC)


class Wrong(Exception):  # noqa: N818 - what is found, not an error of this program
    """Something is not what it should be; the text says what."""


def require(right: bool, otherwise: str) -> None:
    """Go on if it is right."""
    if not right:
        raise Wrong(otherwise)


def main(folder: Path, arguments: list[str]) -> int:
    """Check a folder, and print what came of it; the exit code."""
    try:
        given = _given(arguments)
        import cryptography  # noqa: F401 - said at once where it is missing
    except ModuleNotFoundError:
        print('Could not check: pip install "cryptography"', file=sys.stderr)
        return 2
    except (OSError, ValueError):
        print("Could not check: --key FILE.pub, a file of public keys", file=sys.stderr)
        return 2
    try:
        for line in check(folder, given):
            print(_printable(line))
    except Wrong as error:
        print(_printable(f"WRONG: {error}"))
        return 1
    except Exception as error:
        print(f"WRONG: the evidence cannot be read: {type(error).__name__}")
        return 1
    return 0


def check(folder: Path, given: str | None = None) -> Iterator[str]:
    """What holds of an evidence file, a sentence each.

    :param given: public keys from elsewhere, a line each; those of the folder count for nothing then.
    :raises Wrong: something does not hold.
    """
    names = sums(folder)
    yield f"{len(names)} files are those that the file was made with"
    facts = json.loads((folder / "evidence.json").read_text("utf-8"))
    require(facts["form"] == FORM, f"evidence.json is not of the form {FORM}")
    merkle, summary = (_module(folder, name) for name in ("merkle.py", "summary.py"))
    keys = [_key(line) for line in (given or (folder / "keys.pub").read_text("utf-8")).splitlines() if line]
    require(bool(keys), "there is no public key")
    for name, _, line in keys:
        yield f"public key of {name}: {line}"
    size, root = checkpoints(folder, names, facts, keys, merkle)
    yield f"the checkpoint over {size} events of the log is signed"
    seen = records(folder, facts, merkle, size, root)
    yield f"{seen} events are in the log that was signed, and records.csv tells of them what they say"
    papers(folder, names, facts)
    yield f"the notices and policies are those that they name; not in the file: {len(facts['not_stored'])}"
    rendered = "".join(summary.render(facts, _records(folder), lambda name: _notice(folder, name)))
    require(rendered.encode() == (folder / "summary.html").read_bytes(), "summary.html says something else")
    yield "summary.html says what the events say"
    yield "All is well."


def sums(folder: Path) -> dict[str, str]:
    """Hashes of the files by name: all of them are there, none is besides, each is as it was."""
    listed: dict[str, str] = {}
    for line in (folder / SUMS).read_text("utf-8").splitlines(keepends=True):
        found = _SUM.fullmatch(line)
        require(found is not None and found[2] not in listed, f"{SUMS} holds a line that it cannot hold")
        if found is not None:
            listed[found[2]] = found[1]
    present = {
        path.relative_to(folder).as_posix()
        for path in folder.rglob("*")
        if path.is_file() and not any(part.startswith(".") for part in path.relative_to(folder).parts)
    } - {SUMS}
    require(present == set(listed), f"missing or not of the file: {sorted(present ^ set(listed))[:3]}")
    for name, wanted in listed.items():
        with (folder / name).open("rb") as file:
            found_sum = sha256()
            while part := file.read(1 << 20):
                found_sum.update(part)
        require(found_sum.hexdigest() == wanted, f"{name} was changed")
    return listed


def checkpoints(
    folder: Path, names: Iterable[str], facts: dict[str, Any], keys: list[Any], merkle: Any
) -> tuple[int, bytes]:
    """Size and root of the checkpoint that all proofs lead to: it is signed, and so are the earlier ones it goes on from."""
    notes = {
        name: _note(folder / name, facts["log"], keys) for name in names if name.startswith("checkpoints/")
    }
    require(facts["checkpoint"] in notes, "the checkpoint is missing")
    size, root = notes[facts["checkpoint"]]
    require(size == facts["size"], "the checkpoint is not the one that evidence.json names")
    proofs = {one["from"]: [bytes.fromhex(each) for each in one["hashes"]] for one in facts["consistency"]}
    for earlier, earlier_root in notes.values():
        if earlier == size:
            require(earlier_root == root, "two checkpoints over as many events disagree")
            continue
        holds = earlier in proofs and merkle.verify_consistency(
            earlier, size, proofs[earlier], earlier_root, root
        )
        require(holds, f"the log does not go on from the checkpoint over {earlier} events")
    return size, root


def records(folder: Path, facts: dict[str, Any], merkle: Any, size: int, root: bytes) -> int:
    """How many events there are: each is in the log, says what records.csv says of it, and is counted."""
    acts: Counter[str] = Counter()
    place, seen, gone = (-1, -1), 0, 0
    csv.field_size_limit(1 << 27)
    with (folder / "records.csv").open(encoding="utf-8", newline="") as file:
        rows = csv.reader(file)
        require(next(rows, None) == list(COLUMNS), "records.csv has other columns")
        for record, row in zip_longest(_records(folder), rows):
            require(record is not None and row is not None, "records.csv and records.jsonl are not as long")
            event = json.loads(record["event"])
            seq = record["seq"]
            leaf = sha256(b"\0" + record["event"].encode()).digest()
            require(leaf.hex() == record["leaf"], f"event {seq} is not the one that its leaf was made of")
            proof = [bytes.fromhex(one) for one in record["proof"]]
            included = merkle.verify_inclusion(seq - 1, size, leaf, proof, root)
            require(included, f"the proof of event {seq} does not lead to the checkpoint")
            gone += _opened(record, event)
            told = [cell.replace("'", "") for cell in cells(record, event)]
            require(
                told == [cell.replace("'", "") for cell in row],
                f"records.csv says something else of event {seq}",
            )
            require((event["time"], seq) > place, f"event {seq} stands out of order, or twice")
            place = event["time"], seq
            acts[event["act"]] += 1
            seen += 1
    require((seen, gone) == (facts["events"], facts["erased"]), "evidence.json tells of more or fewer events")
    require(dict(acts) == facts["acts"], "evidence.json counts other acts")
    return seen


def _opened(record: dict[str, Any], event: dict[str, Any]) -> bool:
    """Whether the personal part is gone; what is there opens the event's commitment."""
    salt, visitor = record["salt"], record["visitor"]
    if salt is None and visitor is None:
        return event["personal"] is not None
    commitment = sha256(bytes.fromhex(salt) + visitor.encode()).hexdigest()
    require(
        commitment == event["personal"], f"the visitor of event {record['seq']} is not whom it commits to"
    )
    return False


def cells(record: dict[str, Any], event: dict[str, Any]) -> list[str]:
    """A line of records.csv, but for the apostrophes that keep spreadsheets from running it."""

    def answers(name: str) -> str:
        return " ".join([*event[name], *(f"service:{one}" for one in event[f"services_{name}"])])

    def strict(regime: str) -> int:
        return STRICTEST_FIRST.index(regime) if regime in STRICTEST_FIRST else -1

    time = (_EPOCH + timedelta(microseconds=event["time"])).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    regime = min(event["regimes"].values(), key=strict, default=None)
    values = [
        str(record["seq"]), event["id"], time, event["site"], record["visitor"], event["act"],
        answers("granted"), answers("denied"), regime, event["jurisdiction"], event["signal"], event["policy"],
        event["notice"], event["language"], event["how"],
    ]  # fmt: skip
    return [value or "" for value in values]


def papers(folder: Path, names: Iterable[str], facts: dict[str, Any]) -> None:
    """Every notice and policy that an event names is there and has the hash that names it, or is told as not stored."""
    wanted = set(facts["not_stored"])
    for record in _records(folder):
        event = json.loads(record["event"])
        wanted |= {
            f"{kind}/{event[key]}"
            for kind, key in (("notices", "notice"), ("policies", "policy"))
            if event[key]
        }
    there = {name.removesuffix(".json") for name in names if name.startswith(("notices/", "policies/"))}
    require(
        there == wanted - set(facts["not_stored"]), "a notice or a policy is missing, or belongs to no event"
    )
    for name in there:
        found = sha256((folder / f"{name}.json").read_bytes()).hexdigest()
        require(found == name.partition("/")[2], f"{name}.json is not the one that the events name")


def _note(path: Path, log: str, keys: list[Any]) -> tuple[int, bytes]:
    """Size and root of a checkpoint that one of the keys signed (C2SP tlog-checkpoint, checked 2026-11)."""
    from cryptography.exceptions import InvalidSignature
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PublicKey

    body, _, below = path.read_text("utf-8").rpartition("\n\n")
    origin, size, root, *more = f"{body}\n".split("\n")
    require(more == [""], f"{path.name} is no checkpoint")
    signed = False
    for line in below.splitlines():
        found = _SIGNED.fullmatch(line)
        require(found is not None, f"{path.name} holds a line that is no signature")
        raw = base64.b64decode(found[2], validate=True) if found else b""
        for name, key, _ in keys:
            key_id = sha256(name.encode() + b"\n\x01" + key).digest()[:4]
            if found and (found[1], raw[:4]) == (name, key_id):
                try:
                    Ed25519PublicKey.from_public_bytes(key).verify(raw[4:], f"{body}\n".encode())
                except InvalidSignature:
                    raise Wrong(f"the signature of {path.name} is not good") from None
                signed = signed or origin == (f"{name}/{quote(log, safe='')}" if log else name)
    require(signed, f"none of the keys signed {path.name} for this log")
    require(str(int(size)) == size, f"{path.name} tells no size")
    return int(size), base64.b64decode(root, validate=True)


def _key(line: str) -> tuple[str, bytes, str]:
    found = _KEY.fullmatch(line)
    raw = base64.b64decode(found[3], validate=True) if found else b""
    if found is None or raw[:1] != b"\x01":
        raise Wrong("a line of keys.pub is no public key")
    key_id = sha256(found[1].encode() + b"\n" + raw).hexdigest()[:8]
    require(key_id == found[2], "a public key is not the one that its id names")
    return found[1], raw[1:], line


def _records(folder: Path) -> Iterator[dict[str, Any]]:
    with (folder / "records.jsonl").open(encoding="utf-8") as file:
        yield from map(json.loads, file)


def _notice(folder: Path, name: str) -> Any:
    path = folder / "notices" / f"{name}.json"
    return json.loads(path.read_bytes()) if path.is_file() else None


def _module(folder: Path, name: str) -> Any:
    # Not by import: that would take a compiled copy of something else.
    module = ModuleType(name.removesuffix(".py"))
    exec(compile((folder / name).read_bytes(), name, "exec"), module.__dict__)  # noqa: S102 - our own, its hash checked
    return module


def _given(arguments: list[str]) -> str | None:
    if not arguments:
        return None
    option, file = arguments
    if option != "--key":
        raise ValueError
    return Path(file).read_text("utf-8")


def _printable(text: str) -> str:
    return "".join(letter if letter.isprintable() else "?" for letter in text)


if __name__ == "__main__":
    sys.exit(main(Path(__file__).resolve().parent, sys.argv[1:]))
