"""Where in a policy something that is shown comes from, and short ways to say what was seen."""

from __future__ import annotations

from collections.abc import Iterator

from consentkit.core.policy import Policy
from consentkit.lint.rule import Found
from consentkit.lint.site import Layer

SPOKEN = {
    "first": "the first layer",
    "second": "the second layer",
    "decided": "a page after a choice",
    "signalled": "a page under an opt-out signal",
}


def text_path(policy: Policy, language: str, *names: str) -> tuple[str | int, ...]:
    """The key of the site's own text, of those that may be it; ``texts`` of the language, or nothing where it has none: then a
    template is the cause.
    """
    own = policy.texts.get(language, {})
    for name in names:
        if name in own:
            return ("texts", language, name)
    return ("texts", language) if own else ()


def seen(layer: Layer, found: str, expected: str, *names: str) -> Found:
    """A finding in a layer.

    :param names: names of texts that may be the cause.
    """
    path = text_path(layer.policy, layer.language, *names)
    return Found(path, f"{found} in {SPOKEN[layer.name]} ({layer.language})", expected, layer.codes)


def own_texts(policy: Policy) -> Iterator[tuple[tuple[str | int, ...], str, str]]:
    """All that the site itself says to visitors: its key, its language, and the text."""
    for language, texts in policy.texts.items():
        for name, text in texts.items():
            yield ("texts", language, name), language, text
    for key, purpose in policy.purposes.items():
        for part in ("title", "description"):
            for language, text in getattr(purpose, part).items():
                yield ("purposes", key, part, language), language, text
