"""Checkpoints as text: read strictly, signed as other tools sign, worth what their signatures are."""

from __future__ import annotations

import base64

import pytest
from hypothesis import given
from hypothesis import strategies as st

from consentkit.audit.checkpoint import Checkpoint, origin_of, parse, sign
from consentkit.audit.errors import CheckpointError
from consentkit.audit.keys import PrivateKey, parse_public
from consentkit.audit.merkle import LARGEST_SIZE

KEY = PrivateKey("news.example/consent", bytes(range(32)))
NEXT = PrivateKey("news.example/consent", bytes(range(1, 33)))
STRANGER = PrivateKey("witness.example", bytes(range(2, 34)))
HEAD = Checkpoint("news.example/consent", 42, bytes(range(32)))
NOTE = sign(HEAD, KEY)
ROOT = base64.b64encode(HEAD.root).decode()


def test_a_signed_checkpoint_reads_back():
    note = parse(NOTE)

    assert note.checkpoint == HEAD
    assert note.standing([KEY.public]) == "signed"


def test_the_specifications_example_reads():
    example = (
        "example.com/behind-the-sofa\n20852163\nCsUYapGGPo4dkMgIAUqom/Xajj7h2fB2MPA3j2jxq2I=\n\n"
        "— example.com/behind-the-sofa"
        " Az3grlgtzPICa5OS8npVmf1Myq/5IZniMp+ZJurmRDeOoRDe4URYN7u5/Zhcyv2q1gGzGku9nTo+zyWE+xeMcTOAYQ8=\n"
    )

    note = parse(example.encode())

    assert (note.checkpoint.size, note.signatures[0].key_id.hex()) == (20852163, "033de0ae")


def test_signatures_are_those_of_the_tool_that_the_form_comes_from():
    """The key, text and signature in the documentation of Go's sumdb/note."""
    seed = base64.b64decode("AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz")[1:]
    text = "If you think cryptography is the answer to your problem,\nthen you don't know what your problem is.\n"
    signature = "x08go/ZJkuBS9UG/SffcvIAQxVBtiFupLLr8pAcElZInNIuGUgYN1FFYC2pZSNXgKvqfqdngotpRZb6KE6RyyBwJnAM="
    key = PrivateKey("PeterNeumann", seed)

    assert str(key.public) == "PeterNeumann+c74f20a3+ARpc2QcUPDhMQegwxbzhKqiBfsVkmqq/LDE4izWy10TW"
    assert base64.b64encode(key.key_id + key.sign(text.encode())).decode() == signature


STANDINGS = {
    "right-key": (NOTE, [KEY.public], "signed"),
    "right-key-among-others": (NOTE, [STRANGER.public, NEXT.public, KEY.public], "signed"),
    "signed-by-two-one-known": (sign(HEAD, KEY, NEXT), [NEXT.public], "signed"),
    "a-witness-beside-is-ignored": (sign(HEAD, STRANGER, KEY), [KEY.public], "signed"),
    "another-key-of-the-name": (NOTE, [NEXT.public], "wrong-key"),
    "another-name": (NOTE, [STRANGER.public], "wrong-key"),
    "no-key": (NOTE, [], "wrong-key"),
    "no-signature": (HEAD.text() + b"\n", [KEY.public], "unsigned"),
    "no-signature-no-blank-line": (HEAD.text(), [KEY.public], "unsigned"),
    "another-size": (NOTE.replace(b"\n42\n", b"\n43\n"), [KEY.public], "forged"),
    "another-origin": (NOTE.replace(b"news.example/consent\n42", b"n\n42"), [KEY.public], "forged"),
    "one-of-two-is-bad": (
        sign(HEAD, NEXT) + sign(Checkpoint("x", 1, bytes(32)), KEY).split(b"\n\n")[1],
        [KEY.public, NEXT.public],
        "forged",
    ),
    "another-notes-signature": (
        HEAD.text() + b"\n" + sign(Checkpoint(HEAD.origin, 41, HEAD.root), KEY).split(b"\n\n")[1],
        [KEY.public],
        "forged",
    ),
}


@pytest.mark.parametrize(("note", "keys", "standing"), STANDINGS.values(), ids=STANDINGS)
def test_a_note_is_worth_what_its_signatures_are(note, keys, standing):
    assert parse(note).standing(keys) == standing


LINE = NOTE.split(b"\n\n")[1].decode()
NO_CHECKPOINTS = {
    "empty": "",
    "a-word": "hello",
    "no-end-of-line": NOTE.decode()[:-1],
    "two-lines": f"origin\n42\n\n{LINE}",
    "extension-line": f"origin\n42\n{ROOT}\nmore\n\n{LINE}",
    "empty-origin": f"\n42\n{ROOT}\n\n{LINE}",
    "leading-zero": f"origin\n042\n{ROOT}\n\n{LINE}",
    "plus": f"origin\n+42\n{ROOT}\n\n{LINE}",
    "minus": f"origin\n-42\n{ROOT}\n\n{LINE}",
    "space-before-size": f"origin\n 42\n{ROOT}\n\n{LINE}",
    "space-after-size": f"origin\n42 \n{ROOT}\n\n{LINE}",
    "hexadecimal": f"origin\n0x2a\n{ROOT}\n\n{LINE}",
    "other-digits": f"origin\n٤٢\n{ROOT}\n\n{LINE}",
    "underscore": f"origin\n4_2\n{ROOT}\n\n{LINE}",
    "no-size": f"origin\n\n{ROOT}\n\n{LINE}",
    "huge-size": f"origin\n{LARGEST_SIZE + 1}\n{ROOT}\n\n{LINE}",
    "endless-size": f"origin\n{'9' * 100_000}\n{ROOT}\n\n{LINE}",
    "root-no-padding": f"origin\n42\n{ROOT[:-1]}\n\n{LINE}",
    "root-of-31-bytes": f"origin\n42\n{base64.b64encode(bytes(31)).decode()}\n\n{LINE}",
    "root-of-33-bytes": f"origin\n42\n{base64.b64encode(bytes(33)).decode()}\n\n{LINE}",
    "root-with-left-over-bits": f"origin\n42\n{ROOT[:-2]}9=\n\n{LINE}",
    "root-url-safe": f"origin\n42\n{'_' * 43}=\n\n{LINE}",
    "root-hexadecimal": f"origin\n42\n{HEAD.root.hex()}\n\n{LINE}",
    "carriage-returns": NOTE.decode().replace("\n", "\r\n"),
    "nul": NOTE.decode().replace("news", "ne\0ws"),
    "tab": NOTE.decode().replace("news", "ne\tws"),
    "hyphen-for-dash": f"origin\n42\n{ROOT}\n\n{LINE.replace('—', '-')}",
    "no-name": f"origin\n42\n{ROOT}\n\n— {LINE.split(' ')[2]}",
    "plus-in-name": f"origin\n42\n{ROOT}\n\n— a+b {LINE.split(' ')[2]}",
    "two-spaces": f"origin\n42\n{ROOT}\n\n{LINE.replace(' ', '  ')}",
    "signature-too-short": f"origin\n42\n{ROOT}\n\n— name AAAAAA==\n",
    "signature-no-base64": f"origin\n42\n{ROOT}\n\n— name !!!!\n",
    "text-after-signatures": f"{NOTE.decode()}more\n",
    "many-signatures": f"{NOTE.decode()}{LINE * 100}",
    "too-long": f"{NOTE.decode()}{LINE * 5000}",
}


@pytest.mark.parametrize("text", NO_CHECKPOINTS.values(), ids=NO_CHECKPOINTS)
def test_what_is_no_checkpoint_is_refused_in_one_sentence(text):
    with pytest.raises(CheckpointError, match="this is no checkpoint: ") as refused:
        parse(text.encode())

    assert "\n" not in str(refused.value)
    assert len(str(refused.value)) < 200


def test_no_utf_8_is_refused():
    with pytest.raises(CheckpointError, match="no UTF-8"):
        parse(NOTE[:-1] + b"\xff\n")


@given(st.binary(max_size=300))
def test_no_bytes_lead_to_anything_but_a_checkpoint_or_a_refusal(data):
    try:
        note = parse(data)
    except CheckpointError:
        return
    assert note.checkpoint.text() in data + b"\n"


@given(at=st.integers(0, len(NOTE) - 1), flip=st.integers(1, 255))
def test_no_changed_byte_leaves_a_signed_checkpoint(at, flip):
    changed = NOTE[:at] + bytes([NOTE[at] ^ flip]) + NOTE[at + 1 :]

    try:
        standing = parse(changed).standing([KEY.public])
    except CheckpointError:
        return
    assert standing != "signed"


def test_sixteen_signatures_of_the_largest_kind_are_read():
    big = base64.b64encode(b"\x01\x02\x03\x04" + bytes(5000)).decode()

    note = parse(NOTE + "".join(f"— w{n}.example {big}\n" for n in range(16)).encode())

    assert note.standing([KEY.public]) == "signed"


def test_logs_of_one_store_have_origins_of_their_own():
    assert origin_of("k", "") == "k"
    assert origin_of("k", "a b+c\n/é") == "k/a%20b%2Bc%0A%2F%C3%A9"


def test_a_key_told_wrong_is_no_key():
    good = str(KEY.public)

    assert parse_public(good) == KEY.public
    for bad in (good.upper(), good[1:], good[:-1], good.replace("+A", "+B"), f" {good}", f"{good}\n", ""):
        assert parse_public(bad) is None
