"""Real pages: a folder that `CONSENTKIT_PAGES` names, never copied into the project."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

FOLDER = Path(os.environ.get("CONSENTKIT_PAGES", Path(__file__).parents[3] / "shared" / "pages"))


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    """One test for each page, where a test asks for `real_page`."""
    if "real_page" not in metafunc.fixturenames:
        return
    pages = sorted(FOLDER.glob("*.html"))
    missing = pytest.mark.skip(reason=f"no pages in {FOLDER}: CONSENTKIT_PAGES names another folder")
    found = [pytest.param(page, id=page.stem) for page in pages] or [
        pytest.param(FOLDER, id="none", marks=missing)
    ]
    metafunc.parametrize("real_page", found)
