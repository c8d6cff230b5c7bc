"""Wakes before the next sweep come by a message of their own; the others are the sweeper's."""

from collections.abc import Sequence
from typing import Any

import pytest

from dalsegno_functions.short_wakes import ShortWakes
from dalsegno_state.engine import EVALUATOR_QUEUE
from dalsegno_state.events import Wake, decode_message
from dalsegno_state.ports import Message
from dalsegno_state.writes import CreateTask, PullWake, SetWake, Write
from tests.builders import NOW, a_task, a_workflow_state
from tests.clock import ManualClock


class SentQueues:
    """Remembers what is sent."""

    def __init__(self) -> None:
        self.sent: list[Message] = []

    def send(self, messages: Sequence[Message]) -> None:
        self.sent += messages


def _sent(*writes: Write) -> list[Message]:
    queues: Any = SentQueues()
    ShortWakes(queues, ManualClock()).written(writes)
    sent: list[Message] = queues.sent
    return sent


@pytest.mark.parametrize(
    "write", [PullWake("w1", NOW + 10_000), SetWake("w1", NOW, NOW + 10_000, 60_000)]
)
def test_a_wake_before_the_next_sweep_is_sent_in_time(write: Write) -> None:
    (message,) = _sent(write)

    evaluation = decode_message(message.body)
    assert (message.queue, message.deliver_at) == (EVALUATOR_QUEUE, NOW + 10_000)
    assert (evaluation.workflow_id, evaluation.event) == ("w1", Wake())


@pytest.mark.parametrize(
    "write",
    [
        PullWake("w1", NOW + 60_000),
        SetWake("w1", NOW, NOW + 60_000, 60_000),
        SetWake("w1", NOW, None, 0),
    ],
)
def test_other_wakes_are_left_to_the_sweeper(write: Write) -> None:
    assert _sent(write) == []


def test_a_task_that_waits_has_a_message_of_its_own() -> None:
    waiting = a_task(wait_until=NOW + 5_000)

    assert _sent(PullWake("w1", NOW + 5_000), CreateTask(waiting)) == []


def test_of_several_wakes_of_a_workflow_one_is_sent() -> None:
    assert len(_sent(PullWake("w1", NOW + 9_000), PullWake("w1", NOW + 5_000))) == 1


def test_a_workflow_that_starts_is_left_to_the_sweeper() -> None:
    queues: Any = SentQueues()

    ShortWakes(queues, ManualClock()).created(a_workflow_state(wake_at=NOW + 60_000))

    assert queues.sent == []
