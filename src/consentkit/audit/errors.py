"""What can go wrong with the log.

::

    ConsentkitError
    └── AuditError              base; its text never holds a password or anything of a visitor's
        ├── LogUnavailable      the store did not take the event in time: answer 503, try later
        ├── LogOverloaded       the queue is full: answer 503 at once
        ├── EventRefused        this event can never be stored, whatever the store does
        ├── EventDamaged        a stored event cannot be read
        ├── SchemaMismatch      the store was made by an older or a newer consentkit; says the command to run
        ├── LogLocationError    the URL of the log cannot be used
        ├── CheckpointError     a text is no checkpoint, or not one of this log and key
        │   └── LogNotExtended  the log does not begin with what was signed before: nothing is signed
        ├── ReceiptError        a text is no receipt, or none can be made
        ├── EvidenceRefused     an evidence file cannot be made of what was asked for
        ├── WebhookRefused      an address or a secret that no webhook may have
        ├── KeyFileError        a file of a key cannot be used
        └── EvidenceExtraMissing   signing and checking signatures need the package ``cryptography``
"""

from __future__ import annotations

from consentkit.core.errors import ConsentkitError


class AuditError(ConsentkitError):
    """Base of the log's errors. No message holds personal data or a secret."""


class LogUnavailable(AuditError):  # noqa: N818 - a state of the store, named as its reader thinks of it
    """The store is down, full, read-only, damaged, or locked for longer than the budget."""


class LogOverloaded(AuditError):  # noqa: N818 - as above
    """More events wait than the queue may hold."""


class EventRefused(AuditError):  # noqa: N818 - as above
    """The event cannot be written: a value outside its range, or its id stands for another event already."""


class EventDamaged(AuditError):  # noqa: N818 - as above
    """A stored event is not what was written; ``consentkit audit verify`` names what broke."""


class SchemaMismatch(AuditError):  # noqa: N818 - as above
    """The store's schema is not the one this version reads and writes."""


class LogLocationError(AuditError):
    """The URL of the log does not parse, or names a kind of store that is not supported."""


class CheckpointError(AuditError):
    """A text is no checkpoint, or not one of this log and key."""


class LogNotExtended(CheckpointError):  # noqa: N818 - as above
    """The log does not begin with what was signed before: it was rewritten, cut or rolled back, or its tree is damaged."""


class ReceiptError(AuditError):
    """A text is no receipt, or one cannot be made since the event is damaged."""


class EvidenceRefused(AuditError):  # noqa: N818 - as above
    """There are no such events, or no signed checkpoint covers them yet; the message tells what to do."""


class WebhookRefused(AuditError):  # noqa: N818 - as above
    """The address of a webhook, or its secret, is none that may be used. No message holds either."""


class KeyFileError(AuditError):
    """A file holds no key, cannot be read or written, or can be read by others. No message holds any of its content."""


class EvidenceExtraMissing(AuditError):  # noqa: N818 - as above
    """The package that signs and checks signatures is not installed."""

    def __init__(self) -> None:
        super().__init__('Signatures need one more thing: pip install "consentkit[evidence]"')
