"""The command line. This file needs nothing but Python, so that it can say what is missing."""

from __future__ import annotations

import sys

NEEDED = ("typer", "rich", "click", "shellingham")
"""Top-level packages that the ``cli`` extra brings."""


def run() -> int:
    """Run the command line on ``sys.argv``.

    :returns: 2 where the ``cli`` extra is missing; otherwise the command exits by itself.
    """
    try:
        from consentkit.cli.app import main
    except ModuleNotFoundError as error:
        if error.name is None or error.name.partition(".")[0] not in NEEDED:
            raise
        sys.stderr.write('The command line needs one more thing: pip install "consentkit[cli]"\n')
        return 2
    return main()
