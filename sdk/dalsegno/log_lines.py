"""Logs as lines of text."""

import logging

from dalsegno.printable import one_line, printable


class TextFormatter(logging.Formatter):
    """A line per record; whatever a message holds, it neither makes another line nor a control."""

    def formatMessage(self, record: logging.LogRecord) -> str:
        """See ``logging.Formatter.formatMessage``."""
        return one_line(super().formatMessage(record))

    def formatException(self, ei: object) -> str:
        """Return the traceback, indented so that no line of it looks like a record."""
        return _indented(super().formatException(ei))  # type: ignore[arg-type]  # see typeshed

    def formatStack(self, stack_info: str) -> str:
        """See ``formatException``."""
        return _indented(super().formatStack(stack_info))


def _indented(text: str) -> str:
    return "\n".join(f"  {line}" for line in printable(text).split("\n"))
