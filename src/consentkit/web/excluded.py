"""Which paths are not ours to touch, and whether the app has a route where ours live."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from typing import Any

from consentkit.core.errors import ConfigurationError
from consentkit.core.pathpattern import path_matches


def excluder(patterns: Sequence[str]) -> Callable[[str], bool] | None:
    """A test for paths that are not touched at all.

    :param patterns: paths; ``*`` stands for anything, everything else for itself.
    :raises ConfigurationError: for a pattern that does not begin with ``/`` or ``*``.
    """
    if isinstance(patterns, str):
        raise ConfigurationError(f"exclude: found the text {patterns!r}; expected a list of paths")
    for pattern in patterns:
        if not pattern.startswith(("/", "*")):
            raise ConfigurationError(f'exclude: found {pattern!r}; expected a path such as "/admin/*"')
    if not patterns:
        return None
    return lambda path: any(path_matches(pattern, path) for pattern in patterns)


def route_below(app: Any, prefix: str) -> str | None:
    """A route of the app's own at or below our prefix, where the app can be asked."""
    for _ in range(32):
        routes = getattr(app, "routes", None)
        if routes is not None:
            return next((path for path in map(_path, routes) if _below(path, prefix)), None)
        app = getattr(app, "app", None)
        if app is None:
            return None
    return None


def _path(route: Any) -> str:
    path = getattr(route, "path", "")
    return path if isinstance(path, str) else ""


def _below(path: str, prefix: str) -> bool:
    return path == prefix or path.startswith(f"{prefix}/")
