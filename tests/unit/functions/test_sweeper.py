"""The sweeper: whom it sends to the evaluator, and when they are to arrive."""

from collections.abc import Sequence
from dataclasses import replace

from dalsegno.models import Workflow, WorkflowStatus
from dalsegno_functions.sweeper import Sweep, sweep, sweep_out
from dalsegno_state.engine import EVALUATOR_QUEUE, Retention
from dalsegno_state.engine.removal import Removal
from dalsegno_state.events import Expire, Wake, decode_message
from dalsegno_state.ports import Message, Ports
from dalsegno_state.sqlite import open_ports
from tests.builders import NOW, a_workflow_state
from tests.clock import ManualClock

DAY_MS = 86_400_000


class SentQueues:
    """Remembers what is sent."""

    def __init__(self) -> None:
        self.sent: list[Message] = []

    def send(self, messages: Sequence[Message]) -> None:
        self.sent += messages


def _swept(**wakes: int | None) -> tuple[Sweep, list[Message]]:
    """Sweep over workflows to be woken so many milliseconds from now; return what was sent."""
    queues = SentQueues()
    ports: Ports = open_ports(None, ManualClock())
    ports = replace(ports, queues=queues)  # type: ignore[arg-type]  # all that a sweep needs
    for workflow_id, ahead_ms in wakes.items():
        wake_at = None if ahead_ms is None else NOW + ahead_ms
        ports.state.create_workflow(a_workflow_state(workflow_id, wake_at=wake_at))
    return sweep(ports), queues.sent


def test_a_workflow_due_in_the_coming_minute_is_sent_with_its_delay() -> None:
    swept, (message,) = _swept(soon=42_000, later=120_000, never=None)

    assert swept == Sweep(due=1)
    assert message.queue == EVALUATOR_QUEUE
    assert message.deliver_at == NOW + 42_000
    evaluation = decode_message(message.body)
    assert (evaluation.workflow_id, evaluation.event) == ("soon", Wake())


def test_what_is_overdue_is_sent_at_once_and_its_lateness_told() -> None:
    swept, (message,) = _swept(late=-90_000)

    assert swept == Sweep(due=1, lateness_ms=90_000)
    assert (message.deliver_at or 0) < NOW


def test_what_falls_due_between_two_sweeps_is_not_missed() -> None:
    _, sent = _swept(edge=60_000)

    assert len(sent) == 1


def test_many_are_sent_as_well_as_few() -> None:
    swept, sent = _swept(**{f"w{number}": number for number in range(1_200)})

    assert swept.due == len(sent) == 1_200


def test_nothing_due_is_nothing_sent() -> None:
    assert _swept() == (Sweep(), [])


def _overdue(count: int) -> tuple[Ports, ManualClock, SentQueues]:
    """Return ports with so many overdue workflows, the latest of them named ``w00``."""
    queues, clock = SentQueues(), ManualClock()
    ports: Ports = open_ports(None, clock)
    ports = replace(ports, queues=queues)  # type: ignore[arg-type]  # all that a sweep needs
    for number in range(count):
        wake_at = NOW - 1_000_000 + number
        ports.state.create_workflow(
            a_workflow_state(f"w{number:02}", wake_at=wake_at, wake_interval_ms=7)
        )
    return ports, clock, queues


def _woken(queues: SentQueues) -> list[str]:
    ids = [decode_message(message.body).workflow_id for message in queues.sent]
    queues.sent.clear()
    return sorted(ids)


def test_more_than_a_sweep_takes_are_worked_off_in_order() -> None:
    ports, clock, queues = _overdue(25)
    rounds = []

    for _ in range(3):
        sweep(ports, most=10)
        rounds.append(_woken(queues))  # nobody looks at them, as if each evaluation failed
        clock.advance(seconds=60)

    assert [len(names) for names in rounds] == [10, 10, 5]
    assert [name for names in rounds for name in names] == [f"w{number:02}" for number in range(25)]


def test_workflow_that_is_looked_at_in_vain_is_put_off_and_comes_again() -> None:
    ports, clock, queues = _overdue(1)
    sweep(ports)
    put_off = ports.state.workflow("w00")

    clock.advance(seconds=900)
    queues.sent.clear()
    sweep(ports)

    assert put_off is not None
    assert (put_off.wake_at, put_off.wake_interval_ms) == (NOW + 900_000, 7)
    assert _woken(queues) == ["w00"]


def test_wake_of_a_workflow_that_is_a_little_late_stays_where_it_is() -> None:
    queues = SentQueues()
    ports: Ports = replace(open_ports(None, ManualClock()), queues=queues)  # type: ignore[arg-type]
    ports.state.create_workflow(a_workflow_state("w1", wake_at=NOW - 599_000))

    sweep(ports)

    stored = ports.state.workflow("w1")
    assert stored is not None
    assert stored.wake_at == NOW - 599_000
    assert _woken(queues) == ["w1"]


def test_what_may_have_been_kept_long_enough_is_sent_for_removal() -> None:
    queues = SentQueues()
    ports: Ports = open_ports(None, ManualClock())
    for workflow_id, ended_at in (("old", NOW - 8 * DAY_MS), ("young", NOW - 6 * DAY_MS)):
        ended = a_workflow_state(workflow_id, status=WorkflowStatus.FAILED, ended_at=ended_at)
        ports.state.create_workflow(ended)
    ports.state.create_workflow(a_workflow_state("open"))

    for days in (7, None):
        retention = Retention(days=days)
        removal = Removal(ports, retention, lambda _: Workflow(), lambda _: None)
        sweep_out(queues, removal)  # type: ignore[arg-type]  # all that it needs

    (message,) = queues.sent
    assert message.queue == EVALUATOR_QUEUE
    evaluation = decode_message(message.body)
    assert (evaluation.workflow_id, evaluation.event) == ("old", Expire())
