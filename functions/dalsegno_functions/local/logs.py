"""Logs on standard error: lines for people at a terminal, JSON for machines."""

import json
import logging
import sys
from datetime import UTC, datetime
from enum import StrEnum

from dalsegno.log_lines import TextFormatter
from dalsegno_functions.observability import quiet_http_clients


class LogFormat(StrEnum):
    """How a log record is written."""

    AUTO = "auto"
    TEXT = "text"
    JSON = "json"


class JsonFormatter(logging.Formatter):
    """One JSON object per line."""

    def format(self, record: logging.LogRecord) -> str:
        """See ``logging.Formatter.format``."""
        line: dict[str, object] = {
            "time": datetime.fromtimestamp(record.created, UTC).isoformat(timespec="milliseconds"),
            "level": record.levelname,
            "logger": record.name,
            "thread": record.threadName,
            "message": record.getMessage(),
        }
        if record.exc_info:
            line["exception"] = self.formatException(record.exc_info)
        return json.dumps(line, default=str)


def configure(level: str, log_format: LogFormat) -> None:
    """Write records of ``level`` and above to standard error."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(_formatter(log_format))
    logging.basicConfig(level=level.upper(), handlers=[handler], force=True)
    # Their notices of starting and stopping say nothing the banner does not say better.
    logging.getLogger("uvicorn.error").setLevel(max(logging.WARNING, logging.root.level))
    quiet_http_clients()


def _formatter(log_format: LogFormat) -> logging.Formatter:
    is_text = log_format is LogFormat.TEXT
    if is_text or (log_format is LogFormat.AUTO and sys.stderr.isatty()):
        return TextFormatter("%(asctime)s %(levelname)-7s %(name)s: %(message)s")
    return JsonFormatter()
