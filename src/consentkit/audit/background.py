"""A thread of a process that looks after a log now and then, beside the one that writes."""

from __future__ import annotations

import logging
import threading
from collections.abc import Callable

from consentkit.audit import fork
from consentkit.audit.errors import AuditError

logger = logging.getLogger(__name__)


class Background:
    """Made in the process that uses it; never across a fork.

    :param name: of the thread.
    :param pause: seconds between looks.
    :param look: what it does then.
    :param leave: what it does at the end.
    :param trouble: what a log line begins with where one of these failed.
    """

    def __init__(
        self, name: str, pause: float, *, look: Callable[[], None], leave: Callable[[], None], trouble: str
    ) -> None:
        self._pause, self._look, self._leave, self._trouble = pause, look, leave, trouble
        self._said = ""
        self._awaited = False
        self._ending = threading.Event()
        self._at_work = threading.Lock()
        self._thread = threading.Thread(target=self._run, name=name, daemon=True)
        fork.know(self)
        self._thread.start()

    def stop(self) -> None:
        """Ask the thread to end."""
        self._ending.set()

    @property
    def hurried(self) -> bool:
        """Whether somebody waits for it to end or to pause: a look that does many things stops after the one in work."""
        return self._ending.is_set() or self._awaited

    def join(self, timeout: float | None = None) -> bool:
        """Wait for the end; whether it came."""
        self._thread.join(timeout)
        return not self._thread.is_alive()

    def pause(self) -> None:
        """Finish what is in work, and begin nothing until :meth:`resume`."""
        self._awaited = True
        self._at_work.acquire()

    def resume(self) -> None:
        """Go on."""
        self._awaited = False
        self._at_work.release()

    def _run(self) -> None:
        while not self._ending.wait(self._pause):
            with self._at_work:
                self._carefully(self._look)
        with self._at_work:
            self._carefully(self._leave)
        fork.forget(self)

    def _carefully(self, step: Callable[[], None]) -> None:
        try:
            step()
        except AuditError as error:
            if str(error) != self._said:  # once, and not at each look while a store is away
                logger.error("%s: %s", self._trouble, error)  # noqa: TRY400 - a traceback would name paths
            self._said = str(error)
        except Exception:
            logger.exception("%s: a fault of its own", self._trouble)
        else:
            self._said = ""
