"""The names that workflows have had: what the index by name can be asked for."""

from threading import Lock
from typing import Final

from dalsegno_state.aws import layout
from dalsegno_state.aws.table import Table, key, text

_ABSENT: Final = "attribute_not_exists(pk)"


class KnownNames:
    """A list of names that only grows; a process writes each at most once."""

    def __init__(self, table: Table) -> None:
        self._table = table
        self._lock = Lock()
        self._known: set[str] = set()

    def add(self, name: str) -> None:
        """Note a name. Before its first workflow is stored, so that none is ever left out."""
        if name in self._known:
            return
        item_key = key(layout.NAMES_PK, layout.name_key(name))
        if self._table.get(item_key) is None:  # a fifth of the price of a write that is refused
            self._table.put({**item_key, "m": text(name)}, _ABSENT)
        with self._lock:
            self._known.add(name)

    def all(self) -> list[str]:
        """Return all names."""
        return [item["m"]["S"] for item in self._table.under(layout.NAMES_PK)]
