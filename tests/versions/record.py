"""Writes what this version stores and sends to ``recorded``, for the next one to read.

Run at each release, from the root of the repository::

    .venv/bin/python -m tests.versions.record
"""

import base64
import json
import sqlite3
import tempfile
from dataclasses import fields
from pathlib import Path
from typing import Any, Final

from moto import mock_aws

from dalsegno_state.execution import TaskState, WorkflowState
from dalsegno_state.sqlite import open_ports
from tests.aws.deployment import REGION, deployed, settings_of
from tests.clock import ManualClock
from tests.versions.samples import messages, store

RECORDED: Final = Path(__file__).parent / "recorded"
PLACE: Final = "test"
TABLES: Final = ("execution_table", "definition_table")


def main() -> None:
    """Write the items, the rows and the messages."""
    RECORDED.mkdir(exist_ok=True)
    _write("items.json", _items())
    _write("messages.json", dict(messages()))
    _write("fields.json", {state.__name__: _fields(state) for state in (WorkflowState, TaskState)})
    (RECORDED / "database.sql").write_text(_database())


def as_json(value: Any) -> Any:
    """Return an attribute's value as ``json`` writes it: bytes in base64."""
    if isinstance(value, bytes):
        return {"base64": base64.b64encode(value).decode()}
    raise TypeError(f"{type(value).__name__} is in no item")


def _write(name: str, value: Any) -> None:
    text = json.dumps(value, default=as_json, ensure_ascii=False, indent=1, sort_keys=True)
    (RECORDED / name).write_text(text + "\n")


def _fields(state: type[WorkflowState | TaskState]) -> list[str]:
    """Return the names of the fields that this version knows."""
    return sorted(field.name for field in fields(state) if field.name != "unread")


def _items() -> dict[str, list[dict[str, Any]]]:
    """Return the items of each table once one of each kind is stored."""
    from dalsegno_state.aws.client import Clients

    with mock_aws(), deployed(PLACE, ManualClock(), None) as ports:
        store(ports)
        client = Clients(REGION).dynamodb
        settings = settings_of(PLACE)
        names = {table: getattr(settings, table) for table in TABLES}
        return {
            table: client.scan(TableName=name, ConsistentRead=True)["Items"]
            for table, name in names.items()
        }


def _database() -> str:
    """Return the statements that make a database with one of each kind."""
    with tempfile.TemporaryDirectory() as place:
        ports = open_ports(Path(place), ManualClock())
        store(ports)
        ports.close()
        connection = sqlite3.connect(next(Path(place).glob("*.db")))
        try:
            version = connection.execute("PRAGMA user_version").fetchone()[0]
            return "\n".join([*connection.iterdump(), f"PRAGMA user_version = {version};", ""])
        finally:
            connection.close()


if __name__ == "__main__":
    main()
