"""Tags of anything that has a kind and a name."""

from collections.abc import Callable, Iterable, Sequence
from functools import cache
from typing import Final

from pydantic import TypeAdapter

from dalsegno.errors import InvalidRequestError, UnavailableError
from dalsegno.models import JsonObject, Tag, TagType
from dalsegno_state.ports import DocumentStore

_MOST_TAGS: Final = 100
_LONGEST_VALUE: Final = 1000
_TRIES: Final = 20


class Tags:
    """Tags, kept apart from what they are of: changing them changes nothing else.

    Whether there is such a thing is for the caller to know.
    """

    def __init__(self, documents: DocumentStore) -> None:
        self._documents = documents

    def of(self, kind: str, name: str) -> list[Tag]:
        """Return the tags of one thing, ordered by type and key; none if it has none."""
        found = self._documents.get(_document_kind(kind), name)
        return [] if found is None else _tags_in(found.body)

    def of_all(self, kind: str) -> dict[str, list[Tag]]:
        """Return the tags of all things of a kind that ever had some, by their names."""
        found = self._documents.documents(_document_kind(kind))
        return {document.name: _tags_in(document.body) for document in found}

    def put(self, kind: str, name: str, tags: Sequence[Tag]) -> None:
        """Store tags in place of all there were; raises InvalidRequestError."""
        self._documents.put(_document_kind(kind), name, _body(tags))

    def add(self, kind: str, name: str, tags: Sequence[Tag]) -> None:
        """Store tags beside those there are, replacing those of the same type and key.

        Raises:
            InvalidRequestError: They are too many, or one of them is too long.
        """
        self._change(kind, name, lambda known: [*known, *tags])

    def delete(self, kind: str, name: str, tags: Iterable[Tag]) -> None:
        """Delete the tags of these types and keys, whatever their values; absent ones are fine."""
        gone = {_identity(tag) for tag in tags}
        self._change(kind, name, lambda known: [tag for tag in known if _identity(tag) not in gone])

    def forget(self, kind: str, name: str) -> None:
        """Delete all tags of one thing, which is about to be deleted itself."""
        self._documents.delete(_document_kind(kind), name)

    def _change(self, kind: str, name: str, change: Callable[[list[Tag]], list[Tag]]) -> None:
        for _ in range(_TRIES):
            found = self._documents.get(_document_kind(kind), name)
            if found is None:
                body = _body(change([]))
                stored = self._documents.create(_document_kind(kind), name, body)
            else:
                stored = self._documents.replace(found, _body(change(_tags_in(found.body))))
            if stored:
                return
        raise UnavailableError(f"the tags of {kind} {name}: too many writers at once; try again")


def _document_kind(kind: str) -> str:
    return f"tags-of-{kind}"


def _identity(tag: Tag) -> tuple[TagType, str]:
    return tag.type, tag.key


def _body(tags: Iterable[Tag]) -> JsonObject:
    last = {_identity(tag): tag for tag in tags}
    if len(last) > _MOST_TAGS:
        raise InvalidRequestError(f"tags: {_MOST_TAGS} are the most, got {len(last)}")
    for tag in last.values():
        if len(str(tag.value)) > _LONGEST_VALUE:
            raise InvalidRequestError(
                f"tags: the value of {tag.key} is longer than {_LONGEST_VALUE} characters"
            )
    return {"tags": [last[identity].to_wire() for identity in sorted(last)]}


def _tags_in(body: JsonObject) -> list[Tag]:
    return _reader().validate_python(body["tags"])


@cache
def _reader() -> TypeAdapter[list[Tag]]:
    """Return what reads tags, made when first needed: most cold starts never need it."""
    return TypeAdapter(list[Tag])
