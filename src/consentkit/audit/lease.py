"""One process at a time does a task of a log, on however many machines there are.

A lease is a row with its holder and its end. Whoever dies leaves it to run out. Ends are told by the clock of whoever takes
one: machines whose clocks differ by more than a lease's length may do a task twice, which every task must bear.
"""

from __future__ import annotations

from sqlalchemy import text

from consentkit.audit.engine import STORE_ERRORS, cause, locate, writing
from consentkit.audit.errors import LogUnavailable
from consentkit.audit.event import now, uuid7

_RENEW = text(
    "UPDATE leases SET holder = :holder, until = :until"
    " WHERE log_id = :log_id AND task = :task AND (holder = :holder OR until < :now)"
)
_BEGIN = text(
    "INSERT INTO leases (log_id, task, holder, until) VALUES (:log_id, :task, :holder, :until) ON CONFLICT DO NOTHING"
)
_END = text("DELETE FROM leases WHERE log_id = :log_id AND task = :task AND holder = :holder")


class Lease:
    """The right to do a task of a log.

    :param task: its name.
    :param seconds: how long it holds without being taken again.
    """

    def __init__(self, url: str, log_id: str, task: str, seconds: float, *, timeout: float = 5.0) -> None:
        self._engine = writing(locate(url), timeout)
        self._length = int(seconds * 1_000_000)
        self._named = {"log_id": log_id, "task": task, "holder": uuid7()}

    def take(self) -> bool:
        """Take it, or hold it for longer; whether it is ours now.

        :raises LogUnavailable: the store does not say.
        """
        moment = now()
        values = {**self._named, "until": moment + self._length}
        try:
            with self._engine.begin() as connection:
                if connection.execute(_RENEW, {**values, "now": moment}).rowcount:
                    return True
                return bool(connection.execute(_BEGIN, values).rowcount)
        except STORE_ERRORS as error:
            msg = f"the store does not say who is to do a task: {cause(error)}"
            raise LogUnavailable(msg) from None

    def release(self) -> None:
        """Leave it to the next one now.

        :raises LogUnavailable: it is left to run out.
        """
        try:
            with self._engine.begin() as connection:
                connection.execute(_END, self._named)
        except STORE_ERRORS as error:
            msg = f"the store did not take a lease back: {cause(error)}"
            raise LogUnavailable(msg) from None
