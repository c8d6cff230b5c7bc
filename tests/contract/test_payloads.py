"""What every ``PayloadStore`` promises."""

from dataclasses import replace

import pytest

from dalsegno_state.execution import PayloadRef
from dalsegno_state.ports import PayloadStore, Ports
from tests.race import race

BODY = b'{"text":"' + b"x" * 100_000 + b'"}'


def test_body_is_read_back_as_it_was_stored(payloads: PayloadStore) -> None:
    ref = payloads.put("w1", BODY)

    assert ref.size_bytes == len(BODY)
    assert payloads.get(ref) == BODY


def test_key_follows_from_the_content(payloads: PayloadStore) -> None:
    assert payloads.put("w1", BODY) == payloads.put("w1", BODY)
    assert payloads.put("w1", BODY) != payloads.put("w1", b"{}")
    assert payloads.put("w1", BODY) != payloads.put("w2", BODY)


def test_many_may_store_the_same_body(payloads: PayloadStore) -> None:
    refs = race(8, lambda _: payloads.put("w1", BODY))

    assert len(set(refs)) == 1
    assert payloads.get(refs[0]) == BODY


def test_body_that_is_gone_raises_key_error(payloads: PayloadStore) -> None:
    ref = payloads.put("w1", BODY)
    payloads.remove("w1")

    with pytest.raises(KeyError):
        payloads.get(ref)


@pytest.mark.parametrize("key", ["", "w1", "w1/abc", "../w1/abc", "/etc/passwd", "w1/" + "0" * 64])
def test_key_that_was_never_given_raises_key_error(payloads: PayloadStore, key: str) -> None:
    with pytest.raises(KeyError):
        payloads.get(PayloadRef(key=key, size_bytes=1))


def test_removing_forgets_the_payloads_of_that_workflow_only(payloads: PayloadStore) -> None:
    other = payloads.put("w10", BODY)
    payloads.put("w1", BODY)

    for _ in range(2):
        payloads.remove("w1")

    assert payloads.get(other) == BODY


@pytest.mark.parametrize("workflow_id", ["..", ".", "../w1", "a/b", "C:\\x", "ü", "x" * 500, ""])
def test_any_workflow_id_is_good(payloads: PayloadStore, workflow_id: str) -> None:
    kept = payloads.put("w1", BODY)
    ref = payloads.put(workflow_id, b"{}")

    assert payloads.get(ref) == b"{}"

    payloads.remove(workflow_id)
    with pytest.raises(KeyError):
        payloads.get(ref)
    assert payloads.get(kept) == BODY


def test_size_of_the_reference_does_not_matter_to_find_it(payloads: PayloadStore) -> None:
    ref = payloads.put("w1", BODY)

    assert payloads.get(replace(ref, size_bytes=0)) == BODY


def test_another_handle_reads_the_body(ports: Ports, second_ports: Ports) -> None:
    assert second_ports.payloads.get(ports.payloads.put("w1", BODY)) == BODY
