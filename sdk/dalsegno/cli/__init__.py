"""The ``dalsegno`` command: one file per group of commands."""

import sys
from typing import TYPE_CHECKING

from dalsegno.cli.console import Exit, fail

if TYPE_CHECKING:
    from dalsegno.client import StillRunningError
    from dalsegno.errors import ConductorError


def main() -> None:
    """Run the command; its exit status is one of ``Exit``."""
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


def _expected() -> "tuple[type[ConductorError], type[StillRunningError]]":
    """Return what is told without a traceback; imported once something went wrong."""
    from dalsegno.client import StillRunningError
    from dalsegno.errors import ConductorError

    return ConductorError, StillRunningError
