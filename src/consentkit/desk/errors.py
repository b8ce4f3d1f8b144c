"""What ends a request to the desk with a page that says why.

::

    ConsentkitError
    └── DeskError           base: a status, and the key of the words that say what is wrong
        ├── BadInput        400: something that was asked for cannot be meant
        ├── NotFound        404: there is no such thing
        ├── Forbidden       403: not theirs to do, or not from a page of ours
        ├── Conflict        409: it cannot be done as the log stands
        ├── SignInNeeded    401: we do not know who asks
        ├── TooLarge        413: what was sent is larger than it may be
        └── NotJson         415: what was sent does not say that it is JSON
"""

from __future__ import annotations

from consentkit.core.errors import ConsentkitError


class DeskError(ConsentkitError):
    """Base of what ends a request.

    :param words: key of the words that tell what is wrong.
    :param values: what fills their holes; shown as text, so it may come from whoever asked.
    """

    status = 500

    def __init__(self, words: str, **values: object) -> None:
        super().__init__(words)
        self.words = words
        self.values = values


class BadInput(DeskError):  # noqa: N818 - what was given, named as its reader thinks of it
    """Something that was asked for cannot be meant."""

    status = 400


class NotFound(DeskError):  # noqa: N818 - as above
    """There is no such thing."""

    status = 404


class Forbidden(DeskError):  # noqa: N818 - as above
    """Not theirs to do, or not sent from a page of ours."""

    status = 403


class Conflict(DeskError):  # noqa: N818 - as above
    """It cannot be done as the log stands; nothing was."""

    status = 409


class SignInNeeded(DeskError):  # noqa: N818 - as above
    """We do not know who asks."""

    status = 401


class TooLarge(DeskError):  # noqa: N818 - as above
    """What was sent is larger than it may be."""

    status = 413


class NotJson(DeskError):  # noqa: N818 - as above
    """What was sent does not say that it is JSON."""

    status = 415
