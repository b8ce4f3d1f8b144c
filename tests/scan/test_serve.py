"""A folder on a socket of its own."""

from __future__ import annotations

import urllib.error
import urllib.request
from pathlib import Path

import pytest

from consentkit.scan.serve import Folder, serving


@pytest.fixture
def root(tmp_path: Path) -> Path:
    inside = tmp_path / "site"
    (inside / "a b").mkdir(parents=True)
    (inside / "index.html").write_text("<p>front")
    (inside / "a b" / "ü.html").write_text("<p>deep")
    (inside / "app.js").write_text("1")
    (tmp_path / "secret.html").write_text("secret")
    (inside / "out.html").symlink_to(tmp_path / "secret.html")
    return inside


def get(address: str) -> tuple[int, str, bytes]:
    try:
        with urllib.request.urlopen(address, timeout=10) as answer:
            return answer.status, answer.headers["content-type"], answer.read()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, "", b""


def test_each_app_has_a_port_of_its_own_and_files_their_types(root: Path) -> None:
    other = root / "a b"
    with serving([Folder(root), Folder(other, ((b"x-mark", b"1"),))]) as [first, second]:
        assert get(first + "/") == (200, "text/html", b"<p>front")
        assert get(first + "/a%20b/%C3%BC.html") == (200, "text/html", b"<p>deep")
        assert get(first + "/app.js")[1] == "text/javascript"
        assert get(second + "/%C3%BC.html")[0] == 200
        assert get(second + "/app.js")[0] == 404


@pytest.mark.parametrize("path", ["/../secret.html", "/%2e%2e/secret.html", "/out.html", "/none", "/%00"])
def test_nothing_outside_of_the_folder_is_served(root: Path, path: str) -> None:
    with serving([Folder(root)]) as [origin]:
        assert get(origin + path)[0] == 404


def test_pages_are_named_by_their_paths_in_order(root: Path) -> None:
    assert Folder(root).pages() == ["/a%20b/%C3%BC.html", "/index.html", "/out.html"]
