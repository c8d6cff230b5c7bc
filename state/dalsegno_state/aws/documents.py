"""Documents in DynamoDB."""

import json
from itertools import islice
from typing import Final
from uuid import uuid4

from dalsegno.models import EpochMillis, JsonObject
from dalsegno_state.aws import layout
from dalsegno_state.aws.codec import encode_json, pack, unpack
from dalsegno_state.aws.table import Item, Refused, Table, key, number, number_of, text
from dalsegno_state.ports import Clock, Document

_IS_UNCHANGED: Final = "r = :r"
# DynamoDB forgets what has expired within days; until then it counts as absent.
_IS_FREE: Final = "attribute_not_exists(pk) OR x <= :now"


class DynamoDocumentStore:
    """See ``DocumentStore``; all documents of a kind share one partition."""

    def __init__(self, table: Table, clock: Clock) -> None:
        self._table = table
        self._clock = clock

    def put(
        self, kind: str, name: str, body: JsonObject, *, expires_at: EpochMillis | None = None
    ) -> None:
        """See ``DocumentStore.put``."""
        self._table.put(_item(kind, name, body, expires_at))

    def create(
        self, kind: str, name: str, body: JsonObject, *, expires_at: EpochMillis | None = None
    ) -> bool:
        """See ``DocumentStore.create``."""
        item = _item(kind, name, body, expires_at)
        return self._put_if(item, _IS_FREE, {":now": number(self._clock.now())})

    def replace(
        self, found: Document, body: JsonObject, *, expires_at: EpochMillis | None = None
    ) -> bool:
        """See ``DocumentStore.replace``."""
        item = _item(found.kind, found.name, body, expires_at)
        return self._put_if(item, _IS_UNCHANGED, {":r": text(found.revision)})

    def get(self, kind: str, name: str) -> Document | None:
        """See ``DocumentStore.get``."""
        item = self._table.get(_key(kind, name))
        return None if item is None or not self._is_live(item) else _document(kind, item)

    def documents(self, kind: str, *, prefix: str = "", limit: int | None = None) -> list[Document]:
        """See ``DocumentStore.documents``."""
        start = layout.name_key(prefix) if prefix else ""
        items = self._table.under(layout.document_pk(kind), start, limit=limit)
        live = (_document(kind, item) for item in items if self._is_live(item))
        return list(islice(live, limit))

    def delete(self, kind: str, name: str, *, revision: str | None = None) -> bool:
        """See ``DocumentStore.delete``."""
        if revision is None:
            deleted = self._table.delete(_key(kind, name))
        else:
            deleted = self._table.delete(_key(kind, name), _IS_UNCHANGED, {":r": text(revision)})
        return deleted is not None and self._is_live(deleted)

    def _put_if(self, item: Item, condition: str, values: Item) -> bool:
        refused = self._table.put(item, condition, values)
        return refused is None or _is_own(refused, item)

    def _is_live(self, item: Item) -> bool:
        expires_at = number_of(item, "x")
        return expires_at is None or expires_at > self._clock.now()


def _is_own(refused: Refused, item: Item) -> bool:
    """Return whether what a request met is what it had stored when it was sent first."""
    return refused.stored is not None and refused.stored["r"] == item["r"]


def _key(kind: str, name: str) -> Item:
    return key(layout.document_pk(kind), layout.name_key(name))


def _item(kind: str, name: str, body: JsonObject, expires_at: EpochMillis | None) -> Item:
    item: Item = {
        **_key(kind, name),
        "n": text(name),
        "r": text(uuid4().hex),
        "d": pack(encode_json(body)),
    }
    if expires_at is not None:
        item["x"] = number(expires_at)
        item["expiresAt"] = number(-(-expires_at // 1000))
    return item


def _document(kind: str, item: Item) -> Document:
    body: JsonObject = json.loads(unpack(item["d"]))
    return Document(kind=kind, name=item["n"]["S"], revision=item["r"]["S"], body=body)
