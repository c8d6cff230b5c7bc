"""What every ``StateStore`` promises of searches for tasks."""

import pytest

from dalsegno.models import TaskStatus, WorkflowStatus
from dalsegno_state import ids
from dalsegno_state.execution import TaskState
from dalsegno_state.ports import Order, StateStore, TaskQuery
from dalsegno_state.search_queries import task_query
from dalsegno_state.writes import CreateTask, FreezeAttempt
from tests.builders import a_task, a_workflow_state


def attempt(ref: str, workflow_id: str, retry_count: int = 0, **changes: object) -> TaskState:
    """Return an attempt with a real id."""
    task_id = ids.task_id(workflow_id, 0, retry_count, ref)
    return a_task(ref, workflow_id=workflow_id, task_id=task_id, retry_count=retry_count, **changes)


CHARGE = attempt(
    "charge",
    "w1",
    1,
    started_at=30,
    ended_at=40,
    updated_at=40,
    status=TaskStatus.COMPLETED,
    scheduled_at=25,
    output={"receipt": "R-77"},
    sequence=2,
)
FIRST_CHARGE = attempt(
    "charge",
    "w1",
    started_at=20,
    ended_at=24,
    updated_at=24,
    status=TaskStatus.FAILED,
    scheduled_at=19,
    reason="no money",
    worker_id="till-3",
)
SHIP = attempt("ship", "w1", scheduled_at=41, input={"city": "Köln"}, domain="eu", sequence=3)
REFUND = attempt(
    "refund", "w2", scheduled_at=60, started_at=61, status=TaskStatus.IN_PROGRESS, name="pay_back"
)


@pytest.fixture(autouse=True)
def stored_tasks(store: StateStore) -> None:
    store.create_workflow(a_workflow_state("w1", correlation_id="c1", created_at=10))
    store.create_workflow(a_workflow_state("w2", name="refund_order", created_at=50))
    store.create_workflow(
        a_workflow_state("w3", created_at=70, status=WorkflowStatus.COMPLETED, ended_at=71)
    )
    frozen_twice = [FreezeAttempt(FIRST_CHARGE), FreezeAttempt(CHARGE)]
    store.commit([*frozen_twice, CreateTask(CHARGE), CreateTask(SHIP), CreateTask(REFUND)])


def test_what_readers_do_not_see_cannot_be_found(store: StateStore) -> None:
    card = {"card": "4111-S"}
    store.create_workflow(a_workflow_state("w4", name="masked", masks_payloads=True))
    store.create_workflow(a_workflow_state("w5", name="masked"))
    masked = attempt("pay", "w4", input=card, output=card)
    by_name = attempt("pay", "w5", input={"_secrets": card}, output={"deep": [{"_masked": 1}]})
    store.commit([CreateTask(masked), CreateTask(by_name), FreezeAttempt(by_name)])

    for text in ("4111", "4111-S", "card", "_masked"):
        assert found(store, task_query(None, free_text=text)) == []
    for query in ("input = '*4111*'", "output = '*a*'", "input = '*'"):
        everything = f"{query} AND workflowType = masked"
        assert found(store, task_query(everything)) == []
    assert len(found(store, task_query("workflowType = masked"))) == 2


def found(store: StateStore, query: TaskQuery) -> list[str]:
    """Return reference and attempt of what a query finds, after checking the total."""
    total, hits = store.search_tasks(query)
    assert total == len(hits)
    return [f"{hit.task.ref}.{hit.task.retry_count}" for hit in hits]


def test_attempts_come_with_their_workflows_latest_start_first(store: StateStore) -> None:
    total, hits = store.search_tasks(TaskQuery())

    assert total == 4
    assert [hit.task for hit in hits] == [REFUND, CHARGE, FIRST_CHARGE, SHIP]
    assert [hit.workflow.workflow_id for hit in hits] == ["w2", "w1", "w1", "w1"]
    assert [hit.is_current for hit in hits] == [True, True, False, True]


@pytest.mark.parametrize(
    ("query", "names"),
    [
        ("workflowId = w2", ["refund.0"]),
        ("workflowType = order AND status != FAILED", ["charge.1", "ship.0"]),
        ("workflowType = 'refund*'", ["refund.0"]),
        ("correlationId = c1 AND taskType = charge", ["charge.1", "charge.0"]),
        ("status IN (SCHEDULED, IN_PROGRESS)", ["refund.0", "ship.0"]),
        ("status = FAILED OR taskDefName = pay_back", ["refund.0", "charge.0"]),
        ("workflowStartTime > 10", ["refund.0"]),
        ("startTime IS NULL", ["ship.0"]),
        ("endTime BETWEEN 24 AND 39", ["charge.0"]),
        ("scheduledTime < 25", ["charge.0"]),
        ("updateTime > 24", ["charge.1"]),
        ("referenceTaskName STARTS_WITH ch AND retryCount = 0", ["charge.0"]),
        ("workerId = 'till*' AND reasonForIncompletion = '*money'", ["charge.0"]),
        ("domain = eu AND input = '*Köln*'", ["ship.0"]),
        ("output = '*R-77*'", ["charge.1"]),
        (f"taskId IN ('{FIRST_CHARGE.task_id}', '{SHIP.task_id}', x)", ["charge.0", "ship.0"]),
        (f"taskId = '{SHIP.task_id}' AND workflowType = refund_order", []),
        ("taskId = '*.1.*'", ["charge.1"]),
    ],
)
def test_conditions_narrow_the_search(store: StateStore, query: str, names: list[str]) -> None:
    assert found(store, task_query(query)) == names


@pytest.mark.parametrize(
    ("text", "names"),
    [("Köln", ["ship.0"]), ("r-77", ["charge.1"]), ("MONEY", ["charge.0"])],
)
def test_text_is_found_in_names_and_payloads(
    store: StateStore, text: str, names: list[str]
) -> None:
    assert found(store, TaskQuery(text=text)) == names


def test_order(store: StateStore) -> None:
    order = (Order("taskType", ascending=True), Order("retryCount"))

    assert found(store, TaskQuery(order=order)) == ["charge.1", "charge.0", "refund.0", "ship.0"]
    with pytest.raises(ValueError, match="output"):
        store.search_tasks(TaskQuery(order=(Order("output"),)))


def test_a_page_is_cut_out_of_all_matches(store: StateStore) -> None:
    total, page = store.search_tasks(TaskQuery(start=1, size=2))

    assert total == 4
    assert [hit.task for hit in page] == [CHARGE, FIRST_CHARGE]
