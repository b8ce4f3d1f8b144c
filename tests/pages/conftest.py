"""Real pages, from the folder that CONSENTKIT_PAGES names; without it these tests are skipped."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
FOLDER = Path(os.environ.get("CONSENTKIT_PAGES", ROOT.parent / "shared" / "pages"))


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "page_file" in metafunc.fixturenames:
        files = sorted(FOLDER.glob("*.html"))
        missing = pytest.mark.skip(reason=f"no pages in {FOLDER}; set CONSENTKIT_PAGES")
        found = [pytest.param(file, id=file.stem) for file in files]
        metafunc.parametrize("page_file", found or [pytest.param(None, id="none", marks=missing)])


@pytest.fixture
def real_page(page_file: Path) -> bytes:
    return page_file.read_bytes()
