"""Changes of status that are published, each until it is known as sent."""

from typing import Any

import pytest

from dalsegno.models import WorkflowStatus
from dalsegno_state.events import Published, Tell
from tests.decider.builders import (
    a_workflow,
    after,
    close,
    decided,
    ended,
    id_of,
    in_progress,
    looked_at,
    reported,
    ruled,
    scheduled,
    simple,
)

LISTENED = {"workflowStatusListenerEnabled": True}


def listened(ref: str, on: str, **rules: Any) -> dict[str, Any]:
    """Return a worker task that publishes one kind of its changes as ``changed``."""
    event = {"type": "changed", "payload": {"who": "${workflow.input.who}"}}
    return {**ruled(ref, **rules), "onStateChange": {on: [event]}}


@pytest.mark.parametrize(
    ("on", "event", "published"),
    [
        ("onScheduled", looked_at(), 1),
        ("onStart", looked_at(), 0),
        ("onSuccess", looked_at(), 0),
        ("onSuccess", reported("a"), 1),
        ("onFailed", reported("a"), 0),
        ("onFailed", reported("a", "FAILED_WITH_TERMINAL_ERROR"), 1),
        ("onSuccess,onFailed", reported("a", "FAILED_WITH_TERMINAL_ERROR"), 1),
        ("onCancelled", reported("a", "CANCELED"), 1),
    ],
)
def test_change_is_published_where_the_task_asks_for_it(
    on: str, event: Any, published: int
) -> None:
    tasks = [] if event == looked_at() else [in_progress("a")]

    change = decided(a_workflow(listened("a", on), tasks=tasks), event)

    assert len(change.published) == published


def test_event_says_what_changed() -> None:
    view = a_workflow(
        listened("a", "onSuccess"),
        tasks=[in_progress("a")],
        input={"who": "me"},
        correlation_id="c1",
    )

    change = decided(view, reported("a"))

    assert change.published == [
        {
            "event": "conductor:order:changed",
            "id": f"{id_of('a')}.2.COMPLETED.0",
            "payload": {
                "who": "me",
                "workflowInstanceId": "w1",
                "workflowType": "order",
                "workflowVersion": 1,
                "correlationId": "c1",
                "taskId": id_of("a"),
                "taskType": "a",
                "taskDefName": "a",
                "referenceTaskName": "a",
                "status": "COMPLETED",
            },
        }
    ]


def test_note_is_stored_with_the_change_and_taken_off_once_sent() -> None:
    view = a_workflow(listened("a", "onSuccess"), simple("b"), tasks=[in_progress("a")])

    change = decided(view, reported("a"))
    (note,) = change.stores("a").unpublished
    taken_off = decided(after(change), change.then[0])

    assert change.then == [Published(ref="a", notes=(note,))]
    assert taken_off.stores("a").unpublished == ()
    assert taken_off.published == []


def test_note_that_is_still_there_is_published_again_with_the_same_id() -> None:
    view = a_workflow(listened("a", "onSuccess"), simple("b"), tasks=[in_progress("a")])
    change = decided(view, reported("a"))

    again = decided(after(change), Tell(ref="a"))

    assert [event["id"] for event in again.published] == [e["id"] for e in change.published]


def test_repeated_report_does_not_make_another_note() -> None:
    view = a_workflow(listened("a", "onSuccess"), simple("b"), tasks=[ended("a"), scheduled("b")])

    assert decided(view, reported("a")).published == []


def test_note_made_meanwhile_stays() -> None:
    task = ended("a", unpublished=("a.1.IN_PROGRESS", "a.2.COMPLETED"))
    view = a_workflow(simple("a"), tasks=[task])

    change = decided(view, Published(ref="a", notes=("a.1.IN_PROGRESS",)))

    assert change.stores("a").unpublished == ("a.2.COMPLETED",)


def test_end_of_the_workflow_is_published_before_it_is_closed() -> None:
    view = a_workflow(simple("a"), tasks=[in_progress("a")], definition=LISTENED)

    change = decided(view, reported("a"))

    (event,) = change.published
    assert event["event"] == "conductor:order:workflow_status"
    assert event["optional"] is True
    assert change.workflow.closing
    assert change.then == [
        Published(ref=None, notes=change.workflow.unpublished),
        close(left_open=False),
    ]


def test_sink_of_the_workflow_listener_is_named_by_the_definition() -> None:
    definition = {**LISTENED, "workflowStatusListenerSink": "audit"}
    view = a_workflow(simple("a"), tasks=[in_progress("a")], definition=definition)

    (event,) = decided(view, reported("a")).published

    assert event["event"] == "conductor:order:audit"
    assert "optional" not in event


def test_note_of_the_workflow_is_taken_off_once_sent() -> None:
    view = a_workflow(status=WorkflowStatus.COMPLETED, closing=True, unpublished=(".1.COMPLETED",))

    change = decided(view, Published(notes=(".1.COMPLETED",)))

    assert change.workflow.unpublished == ()
    assert decided(after(change), Published(notes=(".1.COMPLETED",))).does_nothing


def test_new_attempt_is_published_as_scheduled() -> None:
    node = listened("a", "onScheduled", retryCount=1)
    view = a_workflow(node, tasks=[in_progress("a")])

    (event,) = decided(view, reported("a", "FAILED")).published

    assert event["payload"]["taskId"] == id_of("a", 1)  # type: ignore[index, call-overload]
