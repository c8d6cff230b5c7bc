"""What every ``DocumentStore`` promises."""

import pytest

from dalsegno_state.ports import Document, DocumentStore, Ports
from tests.contract.conftest import MovableClock
from tests.race import race


@pytest.fixture
def documents(ports: Ports) -> DocumentStore:
    return ports.documents


def found(documents: DocumentStore, name: str = "nightly") -> Document:
    document = documents.get("schedule", name)
    assert document is not None
    return document


def names(documents: DocumentStore, prefix: str = "", limit: int | None = None) -> list[str]:
    return [
        document.name for document in documents.documents("schedule", prefix=prefix, limit=limit)
    ]


@pytest.mark.parametrize("name", ["nightly", "a/b #1%", "ü" * 700, ""])
def test_what_is_put_is_found_whole(documents: DocumentStore, name: str) -> None:
    body = {"cron": "0 0 * * *", "n": [1, 2.5, None, True], "text": "ü" * 3000}

    documents.put("schedule", name, body)

    assert found(documents, name) == Document(
        kind="schedule", name=name, body=body, revision=found(documents, name).revision
    )
    assert documents.documents("schedule") == [found(documents, name)]


def test_absent_is_none(documents: DocumentStore) -> None:
    documents.put("schedule", "nightly", {})

    assert documents.get("schedule", "hourly") is None
    assert documents.get("handler", "nightly") is None
    assert documents.documents("handler") == []


def test_put_replaces(documents: DocumentStore) -> None:
    documents.put("schedule", "nightly", {"at": 1})
    first = found(documents)

    documents.put("schedule", "nightly", {"at": 2})

    assert found(documents).body == {"at": 2}
    assert found(documents).revision != first.revision


def test_create_leaves_what_is_there(documents: DocumentStore) -> None:
    assert documents.create("schedule", "nightly", {"at": 1})
    assert not documents.create("schedule", "nightly", {"at": 2})

    assert found(documents).body == {"at": 1}


def test_replace_wants_what_was_read(documents: DocumentStore) -> None:
    documents.put("schedule", "nightly", {"at": 1})
    read = found(documents)

    assert documents.replace(read, {"at": 2})
    assert not documents.replace(read, {"at": 3})

    assert found(documents).body == {"at": 2}


def test_replace_does_not_take_a_namesake_for_what_was_read(documents: DocumentStore) -> None:
    documents.put("schedule", "nightly", {"at": 1})
    read = found(documents)
    documents.delete("schedule", "nightly")
    assert not documents.replace(read, {"at": 2})
    documents.put("schedule", "nightly", {"at": 1})

    assert not documents.replace(read, {"at": 2})


def test_delete_tells_whether_it_did(documents: DocumentStore) -> None:
    documents.put("schedule", "nightly", {})

    assert documents.delete("schedule", "nightly")
    assert not documents.delete("schedule", "nightly")

    assert documents.get("schedule", "nightly") is None


def test_delete_in_a_revision_spares_what_was_written_since(documents: DocumentStore) -> None:
    documents.put("schedule", "nightly", {"at": 1})
    read = found(documents)
    documents.put("schedule", "nightly", {"at": 2})

    assert not documents.delete("schedule", "nightly", revision=read.revision)
    assert documents.delete("schedule", "nightly", revision=found(documents).revision)
    assert not documents.delete("schedule", "nightly", revision=read.revision)


def test_documents_are_listed_by_name_and_prefix(documents: DocumentStore) -> None:
    for name in ("b2", "a", "b10", "b", "c"):
        documents.put("schedule", name, {})
    documents.put("handler", "b3", {})

    assert names(documents) == ["a", "b", "b10", "b2", "c"]
    assert names(documents, prefix="b") == ["b", "b10", "b2"]
    assert names(documents, prefix="b", limit=2) == ["b", "b10"]
    assert names(documents, limit=1) == ["a"]


def test_what_has_expired_is_absent(documents: DocumentStore, clock: MovableClock) -> None:
    expires_at = clock.now() + 60_000
    documents.put("schedule", "kept", {})
    for name in ("nightly", "other"):
        documents.put("schedule", name, {"at": 1}, expires_at=expires_at)
    assert names(documents) == ["kept", "nightly", "other"]

    clock.advance(60)

    assert documents.get("schedule", "nightly") is None
    assert names(documents) == ["kept"]
    assert names(documents, limit=1) == ["kept"]
    assert not documents.delete("schedule", "other")
    assert documents.create("schedule", "nightly", {"at": 2})
    assert found(documents).body == {"at": 2}


def test_a_later_write_decides_when_it_expires(
    documents: DocumentStore, clock: MovableClock
) -> None:
    documents.put("schedule", "nightly", {}, expires_at=clock.now() + 60_000)
    documents.replace(found(documents), {"at": 2})

    clock.advance(60)

    assert found(documents).body == {"at": 2}


def test_of_racing_creators_one_wins(documents: DocumentStore) -> None:
    won = race(8, lambda number: documents.create("schedule", "nightly", {"by": number}))

    assert sum(won) == 1
    assert found(documents).body == {"by": won.index(True)}


def test_handles_share_documents(ports: Ports, second_ports: Ports) -> None:
    ports.documents.put("schedule", "nightly", {"at": 1})

    assert found(second_ports.documents).body == {"at": 1}
