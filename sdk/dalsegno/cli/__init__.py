"""The ``dalsegno`` command: one file per group of commands."""

import sys
from io import TextIOWrapper
from typing import TYPE_CHECKING

from dalsegno.cli.console import Exit, fail

if TYPE_CHECKING:
    from dalsegno.client import StillRunningError
    from dalsegno.errors import ConductorError


def main() -> None:
    """Run the command; its exit status is one of ``Exit``."""
    _replace_what_streams_lack()
    try:
        from dalsegno.cli.app import app
    except ImportError:
        sys.exit("dalsegno: the command line needs more: pip install 'dalsegno[cli]'")
    try:
        app()
    except SystemExit:
        raise
    except KeyboardInterrupt:
        sys.exit(Exit.INTERRUPTED)
    except _expected() as error:
        fail(error)


def _replace_what_streams_lack() -> None:
    """Have output that its stream's encoding lacks replaced, not end in a traceback.

    Windows writes redirected output in a code page, ``LC_ALL=C`` in ASCII.
    """
    for stream in (sys.stdin, sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):
            stream.reconfigure(errors="replace")


def _expected() -> "tuple[type[ConductorError], type[StillRunningError]]":
    """Return what is told without a traceback; imported once something went wrong."""
    from dalsegno.client import StillRunningError
    from dalsegno.errors import ConductorError

    return ConductorError, StillRunningError
