"""Inline scripts by their loader form."""

from __future__ import annotations

import pytest
from tests.web.gate.conftest import Rig

from consentkit.catalogue.load import catalogue
from consentkit.web.gate.loaders import LONGEST

FORMS = [
    (name, number, loader)
    for name, entry in catalogue().entries.items()
    for number, loader in enumerate(entry.loaders, 1)
]


@pytest.mark.parametrize(
    ("name", "number", "loader"), FORMS, ids=[f"{name}-{number}" for name, number, _ in FORMS]
)
def test_each_form_is_found_in_its_example(name, number, loader, rig: Rig) -> None:
    found = rig.facts.loaders.found(loader.example.encode())

    assert name in {owner.service for owner in found}


def test_an_application_that_holds_a_loader_is_left_alone(rig: Rig) -> None:
    _, _, loader = FORMS[0]

    assert rig.facts.loaders.found(b"a=1;" * LONGEST + loader.example.encode()) == ()


def test_the_parts_of_a_form_far_apart_are_no_loader(rig: Rig) -> None:
    loader = next(loader for _, _, loader in FORMS if len(loader.parts) > 1)
    apart = (";" + "x=1;" * loader.within).join(loader.parts)

    assert rig.facts.loaders.found(apart.encode()[:LONGEST]) == ()
