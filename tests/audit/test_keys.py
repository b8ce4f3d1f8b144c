"""Files of keys: made for their owner alone, and refused when somebody else may have read them."""

from __future__ import annotations

import subprocess
import sys

import pytest

from consentkit.audit.errors import KeyFileError
from consentkit.audit.keys import PrivateKey, generate, public_path, read_private, read_public


@pytest.fixture
def file(tmp_path):
    return tmp_path / "key"


def test_a_made_key_reads_back_and_is_its_owners_alone(file):
    public = generate(file, "news.example/consent")

    assert read_private(file).public == public
    assert read_public([public_path(file)]) == [public]
    assert file.stat().st_mode & 0o777 == 0o600
    assert public_path(file).stat().st_mode & 0o777 == 0o644


@pytest.mark.parametrize("mode", [0o640, 0o604, 0o620, 0o602, 0o610, 0o777], ids=oct)
def test_a_key_that_others_can_use_is_refused_with_what_to_do(file, mode):
    generate(file, "name")
    file.chmod(mode)

    with pytest.raises(KeyFileError, match="chmod 600"):
        read_private(file)


def test_a_key_is_never_written_over(file):
    generate(file, "name")
    before = file.read_bytes()

    for path in (file, file.with_name("key2")):
        public_path(file).rename(public_path(path)) if path != file else None
        with pytest.raises(KeyFileError, match="never written over"):
            generate(path, "name")
    assert file.read_bytes() == before


@pytest.mark.parametrize("name", ["", "two words", "a+b", "a\nb", "x" * 201])
def test_a_name_that_no_signature_line_can_hold_is_refused(file, name):
    with pytest.raises(KeyFileError, match="cannot be a key's name"):
        generate(file, name)
    assert not file.exists()


SECRET = "PRIVATE+KEY+name+00000000+AYEKFALVFGyNhPJEMzD1QIDr+Y7hfZx09iUvxdXHKDFz"
NO_KEYS = {
    "empty": b"",
    "another-key-id": SECRET.encode(),
    "text": b"secret words\n",
    "no-text": b"\xff\xfe\x00",
    "pem": b"-----BEGIN PRIVATE KEY-----\n",
    "long": b"x" * 100_000,
    "algorithm": SECRET.replace("+AYEK", "+AoEK").encode(),
}


@pytest.mark.parametrize("content", NO_KEYS.values(), ids=NO_KEYS)
def test_what_is_no_private_key_is_refused_without_showing_it(file, content):
    file.touch(0o600)
    file.write_bytes(content)

    with pytest.raises(KeyFileError) as refused:
        read_private(file)
    assert "AYEK" not in str(refused.value)
    assert "secret words" not in str(refused.value)


def test_a_private_key_given_for_a_public_one_is_told_for_what_it_is_and_not_shown(file):
    generate(file, "name")

    with pytest.raises(KeyFileError, match=r"ends in \.pub") as refused:
        read_public([file])
    assert file.read_text().strip() not in str(refused.value)


def test_files_that_are_not_there_are_named(tmp_path):
    for read in (read_private, lambda path: read_public([path])):
        with pytest.raises(KeyFileError, match=r"none.*No such file"):
            read(tmp_path / "none")
        with pytest.raises(KeyFileError, match="cannot be read"):
            read(tmp_path)


def test_a_private_key_is_not_shown_by_repr():
    assert "secret" not in repr(PrivateKey("name", b"secret" * 5 + b"ab"))


def test_without_the_package_a_message_tells_what_to_install(file):
    code = (
        "import sys; sys.modules['cryptography'] = None\n"
        "from consentkit.cli import run\n"
        f"sys.argv = ['consentkit', 'audit', 'keygen', {str(file)!r}]\n"
        "sys.exit(run())"
    )

    done = subprocess.run([sys.executable, "-c", code], capture_output=True, check=False)

    assert (done.returncode, done.stderr.count(b"\n")) == (2, 1)
    assert b'pip install "consentkit[evidence]"' in done.stderr
    assert not file.exists()
