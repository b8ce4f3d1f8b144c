"""The gallery of the documentation: each picture is there, none is left over, and none is heavy."""

from __future__ import annotations

import importlib.util
import re
import sys
from pathlib import Path
from types import ModuleType

import pytest

DOCS = Path(__file__).parents[1] / "docs"
MOST = 2_500_000
"""Bytes of all pictures."""
HEAVIEST = 60_000
"""Bytes of one."""


@pytest.fixture(scope="module")
def gallery() -> ModuleType:
    spec = importlib.util.spec_from_file_location("gallery", DOCS / "gallery.py")
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules["gallery"] = module
    spec.loader.exec_module(module)
    return module


def test_each_picture_is_there_once_and_no_other(gallery: ModuleType) -> None:
    named = [shot.file for shot in gallery.shots()]

    assert sorted(named) == sorted(file.name for file in gallery.FOLDER.iterdir())
    assert len(set(named)) == len(named)


def test_the_page_shows_each_with_words_for_who_does_not_see_it_and_loads_it_late(
    gallery: ModuleType,
) -> None:
    told = re.findall(
        r"^!\[(.+)\]\(gallery/(\S+)\)\{ loading=lazy width=\d+ height=\d+ \}$", gallery.page(), re.MULTILINE
    )

    assert [file for _, file in told] == [shot.file for shot in gallery.shots()]
    assert len({words for words, _ in told}) == len(told)


def test_the_pictures_are_light(gallery: ModuleType) -> None:
    sizes = [file.stat().st_size for file in gallery.FOLDER.iterdir()]

    assert max(sizes) < HEAVIEST
    assert sum(sizes) < MOST


def test_every_layout_theme_direction_and_width_is_shown(gallery: ModuleType) -> None:
    shown = {(shot.name, shot.theme, shot.language, shot.width) for shot in gallery.shots()}

    assert shown >= {
        (name, theme, language, width)
        for name in ("bar", "box", "modal", "inline", "second")
        for theme in ("light", "dark", "own")
        for language in ("en", "ar")
        for width in (360, 1280)
    }
