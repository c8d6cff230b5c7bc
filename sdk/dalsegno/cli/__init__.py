"""The ``dalsegno`` command: one file per group of commands."""

import sys

from dalsegno.cli.console import Exit, fail


def main() -> None:
    """Run the command; its exit status is one of ``Exit``."""
    try:
        from dalsegno.cli.app import app
    except ImportError:
        sys.exit("dalsegno: the command line needs more: pip install 'dalsegno[cli]'")
    from dalsegno.errors import ConductorError

    try:
        app()
    except ConductorError as error:
        fail(error)
    except KeyboardInterrupt:
        sys.exit(Exit.INTERRUPTED)
