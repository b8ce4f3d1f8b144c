"""A service: one vendor's tool, its addresses, its cookies, and how pages call it."""

from __future__ import annotations

import re
from typing import Annotated, Literal

from pydantic import AfterValidator, Field, StrictBool, model_validator

from consentkit.core.cookiename import OWN, check_pattern
from consentkit.core.form import (
    Address,
    AddressPath,
    ClassName,
    Form,
    Host,
    Identifier,
    Line,
    LinkAddress,
    LoaderPart,
    Name,
    Seconds,
    StorageKey,
    Stub,
)
from consentkit.core.jurisdiction import Fact
from consentkit.core.value import Value

_BLANKS = b" \t\n\r\f\v"
_QUOTES = bytes.maketrans(b'"`', b"''")


def squeezed(text: bytes) -> bytes:
    """A script without white space, with one kind of quote: as loader forms are looked for in it."""
    return text.translate(_QUOTES, _BLANKS)


class Cookie(Value):
    """One cookie of a service, or a family of them."""

    name: (
        Annotated[
            str,
            Form(
                r"[!#$%&'*+\-.^_`|~0-9A-Za-z]{1,256}",
                'the name of a cookie such as "_ga": letters, digits and punctuation, no blanks, no "=" or ";"',
            ),
        ]
        | None
    ) = None
    """The exact name. Either this or `pattern`."""
    pattern: Annotated[str, AfterValidator(check_pattern)] | None = None
    """A regular expression that stands for the whole name, e.g. `^_ga_[A-Z0-9]+$`: `^` first, `$` last, no repeated group."""
    lifetime: Seconds | None = None
    """How long it lives, e.g. `"13mo"`. Absent: until the browser closes."""
    party: Literal["first", "third"] = "first"
    """Whose it is: `first` on the site's own domain, `third` on the vendor's, out of the server's reach."""
    partitioned: StrictBool = False
    """Whether it is set with `Partitioned`; then it can be deleted only so (CHIPS, checked 2026-11)."""

    @model_validator(mode="after")
    def _one_form(self) -> Cookie:
        if self.name is None and self.pattern is None:
            raise ValueError("a name or a pattern in it")
        if self.name is not None and self.pattern is not None:
            raise ValueError("either a name or a pattern in it, not both")
        if self.name in OWN:
            raise ValueError("a cookie of the service: this one is consentkit's own")
        return self

    def matches(self, name: str) -> bool:
        """Whether a cookie of this exact name is meant."""
        if self.pattern is None:
            return name == self.name
        return re.fullmatch(self.pattern, name) is not None


class Loader(Value):
    """How an inline script looks that loads a service: judged by its shape, not by a mention."""

    parts: Annotated[tuple[LoaderPart, ...], Field(min_length=1)]
    """Texts that stand in it in this order, after white space is taken out of both."""
    within: Annotated[int, Field(gt=0, le=20_000)] = 2000
    """Characters, white space not counted, from the first text to the end of the last."""
    bundle: StrictBool = False
    """Whether the vendor's whole script stands in the page: then one that begins in this form is of it, however long it is."""
    example: str = ""
    """A snippet of this form, as sites write it."""

    def matches(self, text: str) -> bool:
        """Whether an inline script is of this form. Linear: no text is looked for twice in the same place."""
        bare, *parts = (squeezed(each.encode("utf-8", "replace")) for each in (text, *self.parts))
        found = [-1] * len(parts)
        start = bare.find(parts[0])
        while start >= 0:
            at = start
            for index, part in enumerate(parts):
                if found[index] < at:
                    found[index] = bare.find(part, at)
                if found[index] < 0:
                    return False
                at = found[index] + len(part)
            if at - start <= self.within:
                return True
            start = bare.find(parts[0], start + 1)
        return False


ServiceKind = Literal[
    "analytics",
    "tag-manager",
    "advertising",
    "pixel",
    "social",
    "video",
    "audio",
    "map",
    "font",
    "chat",
    "form",
    "testing",
    "replay",
    "monitoring",
    "captcha",
    "payment",
    "cdn",
    "consent",
    "other",
]


class Service(Value):
    """One vendor's tool."""

    vendor: Name
    """The company that receives the data. A visitor is asked again when it changes."""
    purposes: Annotated[tuple[Identifier, ...], Field(min_length=1)]
    """What it is used for. It runs when all of them are granted."""
    title: Line = ""
    """The tool's name, where it differs from its id."""
    hosts: tuple[Host, ...] = ()
    """Hosts that belong to it: `cdn.example`, or `*.cdn.example` for all below it."""
    paths: tuple[AddressPath, ...] = ()
    """Path prefixes on those hosts, where a host serves several services. Empty: every path."""
    addresses: tuple[Address, ...] = ()
    """Addresses that belong to it, each a host and, where the host serves others too, a path: `cdn.example`,
    `*.cdn.example/embed/`, `www.google.*/maps` (under every country's domain), or `/metrics/` on the site's own host."""
    kind: ServiceKind = "other"
    """What sort of tool it is. A placeholder speaks of it."""
    loaders: tuple[Loader, ...] = ()
    """Forms of the inline script that loads it."""
    stubs: tuple[Stub, ...] = ()
    """What pages call of it: `gtag()`, `ym()`, `_paq[]`, `FB.init()`. It does nothing while the service is not granted."""
    hides: tuple[Name, ...] = ()
    """Selectors of styles that hide the page until the service has run, e.g. `.async-hide`."""
    widgets: tuple[ClassName, ...] = ()
    """Class names of the places in a page that it fills, e.g. `g-recaptcha`."""
    storage: tuple[StorageKey, ...] = ()
    """Keys that it keeps in the browser's storage: exact, or a pattern for the whole key (`^` first, `$` last)."""
    consent_mode: StrictBool = False
    """Whether it reads Google's Consent Mode."""
    cookies: tuple[Cookie, ...] = ()
    """The cookies it sets."""
    privacy_url: LinkAddress | None = None
    """The vendor's privacy statement."""
    recipients: tuple[Name, ...] = ()
    """Companies besides the vendor that receive the data. Shown in the preferences and in the declaration. A visitor is asked
    again when one is added."""
    facts: tuple[Fact, ...] = ()
    """What it truly does, stated by the site: an exemption of a jurisdiction holds where all facts that it names stand here."""
    sells: StrictBool = False
    """Whether its use is a sale or sharing of personal data (Cal. Civ. Code 1798.140, checked 2026-11)."""

    def keeps(self, key: str) -> bool:
        """Whether a key of the browser's storage is one of its own."""
        return any(
            re.fullmatch(each, key) is not None if each.startswith("^") else each == key
            for each in self.storage
        )
