"""What every ``Queues`` promises."""

from concurrent.futures import ThreadPoolExecutor
from threading import Event, Thread
from time import monotonic

import pytest

from dalsegno_state.ports import Message, Ports, Queues, QueueSize, Received
from tests.contract.conftest import MovableClock
from tests.race import race

LONG_SECONDS = 30.0  # a wait that a test never sits out
PROMPT_SECONDS = 12.0  # generous for a loaded machine, far from a wait that was sat out
VISIBILITY_SECONDS = 60
DELAY_SECONDS = 100  # the clock is moved by it, so it takes no time


def receive(
    queues: Queues,
    *,
    count: int = 1,
    wait_seconds: float = 0,
    visibility_seconds: int = VISIBILITY_SECONDS,
) -> list[Received]:
    return queues.receive(
        "charge", count=count, wait_seconds=wait_seconds, visibility_seconds=visibility_seconds
    )


def send(queues: Queues, *bodies: str, **fields: int) -> None:
    queues.send([Message(queue="charge", body=body, **fields) for body in bodies])


def bodies(received: list[Received]) -> list[str]:
    return [message.body for message in received]


def test_sent_message_is_received_once(queues: Queues) -> None:
    send(queues, "a")

    (message,) = receive(queues)

    assert (message.body, message.delivery_count) == ("a", 1)
    assert receive(queues) == []


def test_queue_that_was_never_used_is_empty(queues: Queues) -> None:
    assert receive(queues) == []


def test_queues_are_apart(queues: Queues) -> None:
    queues.send([Message(queue="refund", body="a")])

    assert receive(queues) == []


def test_no_more_than_asked_are_received(queues: Queues) -> None:
    send(queues, *"abcde")

    first = receive(queues, count=3)

    assert len(first) <= 3
    assert first


def test_larger_priority_goes_first_then_the_earlier_sent(ordered_queues: Queues) -> None:
    send(ordered_queues, "a", "b", priority=1)
    send(ordered_queues, "c", "d", priority=99)
    send(ordered_queues, "e")

    assert bodies(receive(ordered_queues, count=3)) == ["c", "d", "a"]
    assert bodies(receive(ordered_queues, count=10)) == ["b", "e"]


def test_delayed_message_is_not_received_early(queues: Queues, clock: MovableClock) -> None:
    send(queues, "a", deliver_at=clock.now() + DELAY_SECONDS * 1000)

    assert receive(queues) == []

    clock.advance(seconds=DELAY_SECONDS)
    assert bodies(receive(queues)) == ["a"]


def test_message_with_a_past_time_is_received_at_once(queues: Queues, clock: MovableClock) -> None:
    send(queues, "a", deliver_at=clock.now() - 1)

    assert bodies(receive(queues)) == ["a"]


def test_message_is_redelivered_after_its_visibility(queues: Queues, clock: MovableClock) -> None:
    send(queues, "a")
    receive(queues)

    assert receive(queues) == []

    clock.advance(seconds=VISIBILITY_SECONDS)
    (again,) = receive(queues)
    assert (again.body, again.delivery_count) == ("a", 2)


def test_deleted_message_is_not_redelivered(queues: Queues, clock: MovableClock) -> None:
    send(queues, "a", "b")
    received = receive(queues, count=2)
    queues.delete("charge", [message.receipt for message in received])

    clock.advance(seconds=VISIBILITY_SECONDS)

    assert receive(queues) == []


def test_receipt_of_an_ended_visibility_does_not_delete_the_redelivered_message(
    queues: Queues, clock: MovableClock
) -> None:
    send(queues, "a")
    (first,) = receive(queues)
    clock.advance(seconds=VISIBILITY_SECONDS)
    receive(queues)

    queues.delete("charge", [first.receipt])

    clock.advance(seconds=VISIBILITY_SECONDS)
    assert bodies(receive(queues)) == ["a"]


def test_receipt_of_a_deleted_message_does_not_delete_a_later_one(
    queues: Queues, clock: MovableClock
) -> None:
    send(queues, "a")
    (first,) = receive(queues)
    queues.delete("charge", [first.receipt])
    send(queues, "b")
    receive(queues)

    queues.delete("charge", [first.receipt])

    clock.advance(seconds=VISIBILITY_SECONDS)
    assert bodies(receive(queues)) == ["b"]


def test_postponed_message_comes_back_after_the_delay(queues: Queues, clock: MovableClock) -> None:
    send(queues, "a")
    (message,) = receive(queues)

    queues.postpone("charge", message.receipt, DELAY_SECONDS)

    clock.advance(seconds=VISIBILITY_SECONDS)
    assert receive(queues) == []
    clock.advance(seconds=DELAY_SECONDS - VISIBILITY_SECONDS)
    assert bodies(receive(queues)) == ["a"]


def test_message_postponed_by_nothing_comes_back_at_once(queues: Queues) -> None:
    send(queues, "a")
    (message,) = receive(queues)

    queues.postpone("charge", message.receipt, 0)

    assert bodies(receive(queues)) == ["a"]


def test_postponed_message_can_still_be_deleted(queues: Queues, clock: MovableClock) -> None:
    send(queues, "a")
    (message,) = receive(queues)
    queues.postpone("charge", message.receipt, DELAY_SECONDS)

    queues.delete("charge", [message.receipt])

    clock.advance(seconds=DELAY_SECONDS)
    assert receive(queues) == []


def test_receipt_of_an_ended_visibility_postpones_nothing(
    queues: Queues, clock: MovableClock
) -> None:
    send(queues, "a")
    (first,) = receive(queues)
    clock.advance(seconds=VISIBILITY_SECONDS)
    receive(queues)

    queues.postpone("charge", first.receipt, DELAY_SECONDS)

    clock.advance(seconds=VISIBILITY_SECONDS)
    assert bodies(receive(queues)) == ["a"]


def test_long_poll_returns_promptly_when_a_message_is_sent(queues: Queues) -> None:
    started = monotonic()
    with ThreadPoolExecutor(1) as threads:
        received = threads.submit(receive, queues, wait_seconds=LONG_SECONDS)
        send(queues, "a")

        assert bodies(received.result()) == ["a"]

    assert monotonic() - started < PROMPT_SECONDS


def test_long_poll_returns_promptly_when_a_delayed_message_is_due(
    queues: Queues, clock: MovableClock
) -> None:
    send(queues, "a", deliver_at=clock.now() + DELAY_SECONDS * 1000)
    started = monotonic()
    with ThreadPoolExecutor(1) as threads:
        received = threads.submit(receive, queues, wait_seconds=LONG_SECONDS)
        clock.advance(seconds=DELAY_SECONDS)

        assert bodies(received.result()) == ["a"]

    assert monotonic() - started < PROMPT_SECONDS


def test_empty_long_poll_ends_after_its_wait(queues: Queues) -> None:
    started = monotonic()

    assert receive(queues, wait_seconds=1) == []

    assert 0.9 < monotonic() - started < PROMPT_SECONDS


def test_each_of_many_waiting_receivers_gets_a_message(queues: Queues) -> None:
    started = monotonic()
    with ThreadPoolExecutor(8) as threads:
        received = [threads.submit(receive, queues, wait_seconds=LONG_SECONDS) for _ in range(8)]
        for body in "abcdefgh":
            send(queues, body)

        assert sorted(body for future in received for body in bodies(future.result())) == [
            *"abcdefgh"
        ]

    assert monotonic() - started < PROMPT_SECONDS


def test_no_message_is_received_twice_or_lost_by_competing_receivers(queues: Queues) -> None:
    sent = [str(number) for number in range(400)]
    done = Event()

    def consume(_: int) -> list[str]:
        taken: list[str] = []
        while True:
            finished = done.is_set()
            received = receive(queues, count=3)
            queues.delete("charge", [message.receipt for message in received])
            taken += bodies(received)
            if finished and not received:
                return taken

    def produce() -> None:
        for body in sent:
            send(queues, body)
        done.set()

    producer = Thread(target=produce)
    producer.start()
    taken = race(8, consume)
    producer.join()

    assert sorted(body for part in taken for body in part) == sorted(sent)


def test_sizes_tell_waiting_from_received(queues: Queues, clock: MovableClock) -> None:
    send(queues, "a", "b", "c")
    send(queues, "later", deliver_at=clock.now() + DELAY_SECONDS * 1000)
    receive(queues)
    queues.send([Message(queue="refund", body="x")])

    assert queues.sizes(["charge", "none"]) == {
        "charge": QueueSize(3, 1),
        "none": QueueSize(0, 0),
    }
    assert queues.sizes() == {"charge": QueueSize(3, 1), "refund": QueueSize(1, 0)}

    clock.advance(seconds=VISIBILITY_SECONDS)
    assert queues.sizes(["charge"]) == {"charge": QueueSize(4, 0)}


def test_drained_queue_is_still_listed(queues: Queues) -> None:
    send(queues, "a")
    (message,) = receive(queues)
    queues.delete("charge", [message.receipt])

    assert queues.sizes() == {"charge": QueueSize(0, 0)}


@pytest.mark.parametrize("body", ["", "ü" * 1000, "x" * 200_000, '{"a": "\\ud83d"}'])
def test_bodies_survive(queues: Queues, body: str) -> None:
    send(queues, body)

    assert bodies(receive(queues)) == [body]


def test_nothing_to_send_or_delete_is_fine(queues: Queues) -> None:
    queues.send([])
    queues.delete("charge", [])


def test_another_handle_receives_what_was_sent(ports: Ports, second_ports: Ports) -> None:
    started = monotonic()
    with ThreadPoolExecutor(1) as threads:
        received = threads.submit(receive, second_ports.queues, wait_seconds=LONG_SECONDS)
        send(ports.queues, "a")

        assert bodies(received.result()) == ["a"]

    assert monotonic() - started < PROMPT_SECONDS
    assert receive(ports.queues) == []
