"""What every ``TaskLogs`` and every ``PollRecords`` promises."""

import pytest

from dalsegno.models import PollData, TaskExecLog
from dalsegno_state.ports import PollRecords, Ports, StateStore, TaskLogs
from dalsegno_state.writes import CreateTask, DeleteTask, FreezeAttempt, ReplaceTask
from tests.builders import NOW, a_task


def a_line(task_id: str, log: str, created_time: int = NOW) -> TaskExecLog:
    return TaskExecLog(task_id=task_id, log=log, created_time=created_time)


def a_poll(queue_name: str = "charge", **changes: str | int) -> PollData:
    return PollData.model_validate(
        {"queue_name": queue_name, "worker_id": "worker-1", "last_poll_time": NOW, **changes}
    )


def test_lines_are_kept_under_their_task_oldest_first(logs: TaskLogs) -> None:
    lines = [a_line("t1", "one"), a_line("t1", "zwei 🎼"), a_line("t1", "", NOW + 1)]
    logs.append("w1", [lines[0], a_line("t2", "other")])
    logs.append("w1", lines[1:])

    assert logs.lines("w1", "t1") == lines
    assert logs.lines("w1", "t3") == []
    assert logs.lines("w2", "t1") == []


def test_no_lines_are_fine(logs: TaskLogs) -> None:
    logs.append("w1", [])


def test_line_without_a_task_is_refused(logs: TaskLogs) -> None:
    with pytest.raises(ValueError, match="task"):
        logs.append("w1", [TaskExecLog(log="lost")])


def test_deleted_task_takes_the_lines_of_all_its_attempts_along(
    store: StateStore, logs: TaskLogs
) -> None:
    first, second, other = a_task(), a_task(retry_count=1), a_task("other")
    store.commit(
        [
            CreateTask(first),
            FreezeAttempt(first),
            ReplaceTask(second, first.task_id, first.revision),
            CreateTask(other),
        ]
    )
    logs.append("w1", [a_line(task.task_id, "log") for task in (first, second, other)])

    store.commit([DeleteTask("w1", "charge")])

    assert logs.lines("w1", first.task_id) == logs.lines("w1", second.task_id) == []
    assert len(logs.lines("w1", other.task_id)) == 1


def test_last_poll_of_each_worker_and_domain_is_known(polls: PollRecords) -> None:
    recorded = [
        a_poll(),
        a_poll(worker_id="worker-2"),
        a_poll(domain="eu"),
        a_poll("refund"),
    ]
    for poll in recorded:
        polls.record(poll)

    def key(poll: PollData) -> str:
        return poll.model_dump_json()

    assert sorted(polls.polls(), key=key) == sorted(recorded, key=key)
    assert sorted(polls.polls("charge"), key=key) == sorted(recorded[:3], key=key)
    assert polls.polls("none") == []


def test_later_poll_replaces_the_earlier_one(polls: PollRecords) -> None:
    polls.record(a_poll())
    later = a_poll(last_poll_time=NOW + 5000)

    polls.record(later)

    assert polls.polls("charge") == [later]


def test_last_poll_of_a_hasty_worker_is_known_to_within_five_seconds(polls: PollRecords) -> None:
    for delay_ms in range(0, 12_000, 20):
        polls.record(a_poll(last_poll_time=NOW + delay_ms))

    (poll,) = polls.polls("charge")
    assert NOW + 7_000 <= poll.last_poll_time <= NOW + 12_000


def test_another_handle_sees_lines_and_polls(ports: Ports, second_ports: Ports) -> None:
    ports.logs.append("w1", [a_line("t1", "log")])
    ports.polls.record(a_poll())

    assert second_ports.logs.lines("w1", "t1") == [a_line("t1", "log")]
    assert second_ports.polls.polls("charge") == [a_poll()]
