"""A place from the visitor's address, looked up in a file of the MaxMind DB format on this machine.

The address is looked up and forgotten: it is kept in no memory of ours and in no log line.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cached_property
from os import PathLike, fspath
from typing import TYPE_CHECKING, Any

from consentkit.core.errors import ConfigurationError
from consentkit.web.answer import Scope
from consentkit.web.trusted import Trusted, unmapped
from consentkit.web.where.code import place
from consentkit.web.where.resolver import Where, safely

if TYPE_CHECKING:
    from maxminddb import Reader


def maxmind(path: str | PathLike[str], trusted_proxies: Sequence[str] = ()) -> Where:
    """A place from a database of countries or cities, such as GeoLite2 or DB-IP Lite. Needs ``pip install consentkit[geo]``.

    Opened when a process first asks, and then kept: a new file is read after a restart.

    :param path: the database, a ``.mmdb`` file with ``country.iso_code`` in its records.
    :param trusted_proxies: addresses or networks whose ``X-Forwarded-For`` is believed, as for the middleware.
    :raises ConfigurationError: where the reader or the file is missing, or the file is no such database.
    """
    return safely(_Database(fspath(path), trusted_proxies))


class _Database:
    def __init__(self, path: str, trusted_proxies: Sequence[str]) -> None:
        self._path = path
        self._trusted = Trusted(trusted_proxies)
        # Opened once to see that it can be; each process opens its own, as none should share it over a fork.
        _open(path).close()

    @cached_property
    def _reader(self) -> Reader:
        return _open(self._path)

    def __call__(self, scope: Scope) -> str | None:
        try:
            record = self._reader.get(unmapped(self._trusted.visitor(scope)))
        except ValueError:
            # No address, or one of IPv6 and a database that holds none.
            return None
        return located(record)


def located(record: object) -> str | None:
    """The place of a record: its country, and the largest part of it that is named."""
    country = _iso_code(_under(record, "country"))
    parts = _under(record, "subdivisions")
    return place(country, _iso_code(parts[0]) if isinstance(parts, list) and parts else "")


def _under(record: object, key: str) -> Any:
    return record.get(key) if isinstance(record, Mapping) else None


def _iso_code(record: object) -> str:
    code = _under(record, "iso_code")
    return code if isinstance(code, str) else ""


def _open(path: str) -> Reader:
    try:
        from maxminddb import InvalidDatabaseError, open_database
    except ImportError:
        raise ConfigurationError(
            "where.maxmind: the reader of the database is missing; install consentkit[geo]"
        ) from None
    try:
        return open_database(path)
    except OSError as error:
        raise ConfigurationError(
            f"where.maxmind: {path} cannot be read ({type(error).__name__}); expected a database of countries in the MaxMind "
            "DB format: download one, such as GeoLite2-Country.mmdb, and give its path"
        ) from None
    except InvalidDatabaseError:
        raise ConfigurationError(
            f"where.maxmind: {path} is no MaxMind DB file; expected one with countries, such as GeoLite2-Country.mmdb"
        ) from None
