"""What every ``StateStore`` promises of searches."""

from dataclasses import replace
from typing import Any

import pytest

from dalsegno.models import WorkflowStatus
from dalsegno_state.conditions import Condition
from dalsegno_state.execution import PayloadRef
from dalsegno_state.ports import Order, StateStore, WorkflowQuery
from dalsegno_state.search_fields import WORKFLOW_FIELDS
from dalsegno_state.search_language import parse
from dalsegno_state.writes import UpdateWorkflow
from tests.builders import a_workflow_state

WORKFLOWS = (
    a_workflow_state(
        "w1",
        name="order",
        correlation_id="customer-1",
        created_at=10,
        updated_at=90,
        input={"city": "Köln", "rate": "100%"},
        priority=5,
        event="sqs:orders",
    ),
    a_workflow_state(
        "w2",
        name="order",
        version=2,
        status=WorkflowStatus.COMPLETED,
        correlation_id="customer-2",
        created_at=20,
        ended_at=25,
        updated_at=25,
        output={"receipt": "R-77"},
    ),
    a_workflow_state(
        "w3",
        name="Order_refund",
        status=WorkflowStatus.FAILED,
        parent_workflow_id="w1",
        created_at=30,
        ended_at=35,
        updated_at=35,
        input=PayloadRef(key="w3/abc", size_bytes=9000),
        reason="no stock",
        failed_refs=("pick", "pack"),
        classifier="agent",
    ),
    a_workflow_state("x[4]?", name="ship", created_at=40, updated_at=40),
)


@pytest.fixture(autouse=True)
def stored_workflows(store: StateStore) -> None:
    for workflow in WORKFLOWS:
        store.create_workflow(workflow)


def found(store: StateStore, **query: Any) -> list[str]:
    """Return the ids that a query finds, in order, after checking the total."""
    total, workflows = store.search(WorkflowQuery(**query))
    assert total == len(workflows)
    return [workflow.workflow_id for workflow in workflows]


MASKED: tuple[dict[str, Any], ...] = (
    {"masks_payloads": True, "input": {"card": "4111-S"}, "output": {"card": "4111-S"}},
    {"input": {"_secrets": {"card": "4111-S"}}, "output": {"deep": [{"_masked": "4111-S"}]}},
)


@pytest.mark.parametrize("masked", MASKED)
def test_what_readers_do_not_see_cannot_be_found(store: StateStore, masked: dict[str, Any]) -> None:
    store.create_workflow(a_workflow_state("masked", name="masked", **masked))

    for text in ("4111", "4111-S", "card"):
        assert found(store, text=text) == []
    for query in ("input = '*4111*'", "output = '*S*'", "input = '*'"):
        assert "masked" not in found(store, where=parse(query, WORKFLOW_FIELDS))
    assert found(store, text="masked") == ["masked"]
    for field in ("input", "output"):
        with pytest.raises(ValueError, match="ordered"):
            store.search(WorkflowQuery(order=(Order(field),)))


def test_all_are_found_newest_first(store: StateStore) -> None:
    assert store.search(WorkflowQuery()) == (4, list(reversed(WORKFLOWS)))


@pytest.mark.parametrize(
    ("query", "ids"),
    [
        ({"names": ("order",)}, ["w2", "w1"]),
        ({"names": ("order", "ship")}, ["x[4]?", "w2", "w1"]),
        ({"names": ("Order*",)}, ["w3"]),
        ({"names": ("*r*",)}, ["w3", "w2", "w1"]),
        ({"names": ("ship", "*_refund")}, ["x[4]?", "w3"]),
        ({"names": ("o?der", "orde%", "*_rde*")}, []),
        ({"names": ()}, []),
        ({"versions": (2, 3)}, ["w2"]),
        ({"statuses": (WorkflowStatus.COMPLETED, WorkflowStatus.FAILED)}, ["w3", "w2"]),
        ({"workflow_ids": ("w1", "w3", "none")}, ["w3", "w1"]),
        ({"workflow_ids": ("x[4]*",)}, ["x[4]?"]),
        ({"workflow_ids": ("*?",)}, ["x[4]?"]),
        ({"correlation_ids": ("customer-1",)}, ["w1"]),
        ({"correlation_ids": ("customer-*",)}, ["w2", "w1"]),
        ({"parent_workflow_ids": ("w1",)}, ["w3"]),
        ({"parent_workflow_ids": ("",)}, ["x[4]?", "w2", "w1"]),
        ({"parent_workflow_ids": ("", "w1")}, ["x[4]?", "w3", "w2", "w1"]),
        ({"started_after": 20}, ["x[4]?", "w3"]),
        ({"started_before": 20}, ["w1"]),
        ({"started_after": 10, "started_before": 30}, ["w2"]),
        ({"ended_after": 25}, ["w3"]),
        ({"ended_before": 35}, ["w2"]),
        ({"names": ("order",), "statuses": (WorkflowStatus.RUNNING,)}, ["w1"]),
    ],
)
def test_conditions_narrow_the_search(
    store: StateStore, query: dict[str, Any], ids: list[str]
) -> None:
    assert found(store, **query) == ids


@pytest.mark.parametrize(
    ("text", "ids"),
    [
        ("Köln", ["w1"]),
        ("r-77", ["w2"]),
        ("CUSTOMER", ["w2", "w1"]),
        ("order_", ["w3"]),
        ("100%", ["w1"]),
        ("0%r", []),
        ("definition", []),
    ],
)
def test_text_is_found_in_ids_names_inputs_and_outputs(
    store: StateStore, text: str, ids: list[str]
) -> None:
    assert found(store, text=text) == ids


@pytest.mark.parametrize(
    ("query", "ids"),
    [
        ("workflowType != order", ["x[4]?", "w3"]),
        ("correlationId NOT IN (customer-1)", ["x[4]?", "w3", "w2"]),
        ("correlationId IS NULL", ["x[4]?", "w3"]),
        ("correlationId IS NOT NULL", ["w2", "w1"]),
        ("correlationId = ''", ["x[4]?", "w3"]),
        ("correlationId STARTS_WITH customer", ["w2", "w1"]),
        ("event STARTS_WITH 'sqs:'", ["w1"]),
        ("event STARTS_WITH 'SQS'", []),
        ("workflowId STARTS_WITH 'x[4]'", ["x[4]?"]),
        ("version BETWEEN 1 AND 1", ["x[4]?", "w3", "w1"]),
        ("version > 1", ["w2"]),
        ("priority >= 5", ["w1"]),
        ("priority = 0", ["x[4]?", "w3", "w2"]),
        ("priority < 0", []),
        ("updateTime BETWEEN 25 AND 35", ["w3", "w2"]),
        ("endTime IS NULL", ["x[4]?", "w1"]),
        ("NOT endTime < 30", ["x[4]?", "w3", "w1"]),
        ("executionTime <= 5", ["w3", "w2"]),
        ("classifier = agent", ["w3"]),
        ("classifier = workflow", ["x[4]?", "w2", "w1"]),
        ("reasonForIncompletion = '*stock'", ["w3"]),
        ("failedReferenceTaskNames = '*pack*'", ["w3"]),
        ("failedReferenceTaskNames = 'pick,pack'", ["w3"]),
        ("input = '*100%*'", ["w1"]),
        ("input IS NULL", ["x[4]?", "w3", "w2"]),
        ('output = \'{"receipt":"R-77"}\'', ["w2"]),
        ("workflowType = ship OR status = FAILED", ["x[4]?", "w3"]),
        ("(workflowType = order OR status = FAILED) AND version = 1", ["w3", "w1"]),
        ("NOT (workflowType = order AND version = 1)", ["x[4]?", "w3", "w2"]),
        ("ownerApp = a OR createdBy = b OR idempotencyKey = c", []),
    ],
)
def test_conditions_in_the_search_language(store: StateStore, query: str, ids: list[str]) -> None:
    where: Condition | None = parse(query, WORKFLOW_FIELDS)

    assert found(store, where=where) == ids


@pytest.mark.parametrize(
    ("field", "ids"),
    [
        ("workflowId", ["w1", "w2", "w3", "x[4]?"]),
        ("workflowType", ["w3", "w1", "w2", "x[4]?"]),
        ("startTime", ["w1", "w2", "w3", "x[4]?"]),
        ("endTime", ["w1", "x[4]?", "w2", "w3"]),
        ("updateTime", ["w2", "w3", "x[4]?", "w1"]),
        ("status", ["w2", "w3", "w1", "x[4]?"]),
        ("correlationId", ["w3", "x[4]?", "w1", "w2"]),
        ("priority", ["w2", "w3", "x[4]?", "w1"]),
    ],
)
def test_order(store: StateStore, field: str, ids: list[str]) -> None:
    assert found(store, order=(Order(field, ascending=True),)) == ids
    assert found(store, order=(Order(field),)) == ids[::-1]


def test_later_fields_order_equals_of_earlier_ones(store: StateStore) -> None:
    order = (Order("version", ascending=True), Order("startTime"))

    assert found(store, order=order) == ["x[4]?", "w3", "w1", "w2"]


def test_unknown_order_is_refused(store: StateStore) -> None:
    with pytest.raises(ValueError, match="input"):
        store.search(WorkflowQuery(order=(Order("input"),)))


def test_a_page_is_cut_out_of_all_matches(store: StateStore) -> None:
    total, page = store.search(WorkflowQuery(start=1, size=2))

    assert total == 4
    assert [workflow.workflow_id for workflow in page] == ["w3", "w2"]
    assert store.search(WorkflowQuery(start=9)) == (4, [])
    assert store.search(WorkflowQuery(size=0)) == (4, [])


def test_changes_are_found(store: StateStore) -> None:
    ended = replace(
        WORKFLOWS[0],
        revision=1,
        status=WorkflowStatus.TERMINATED,
        correlation_id="another",
        ended_at=50,
    )
    store.commit([UpdateWorkflow(ended, 0)])

    assert found(store, statuses=(WorkflowStatus.TERMINATED,)) == ["w1"]
    assert found(store, correlation_ids=("another",), ended_after=49) == ["w1"]
    assert found(store, statuses=(WorkflowStatus.RUNNING,)) == ["x[4]?"]
    assert found(store, correlation_ids=("customer-1",)) == []


def test_removed_workflows_are_not_found(store: StateStore) -> None:
    store.remove("w1")

    assert found(store, names=("order",)) == ["w2"]
