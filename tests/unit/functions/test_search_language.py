"""The search language: clauses, operators, and what is told about the wrong ones."""

import pytest

from dalsegno.errors import InvalidRequestError
from dalsegno.models import WorkflowStatus
from dalsegno_state.conditions import AllOf, AnyOf, Compared, IsNull, Not, OneOf, StartsWith
from dalsegno_state.ports import Order, WorkflowQuery
from dalsegno_state.search_fields import TASK_FIELDS, WORKFLOW_FIELDS
from dalsegno_state.search_language import parse
from dalsegno_state.search_queries import task_query, workflow_query
from dalsegno_state.sqlite.search import TASK_COLUMNS, WORKFLOW_COLUMNS


@pytest.mark.parametrize("query", [None, "", "   "])
def test_no_query_finds_everything(query: str | None) -> None:
    assert workflow_query(query) == WorkflowQuery()


@pytest.mark.parametrize(
    "query",
    [
        "workflowType=order AND status IN (RUNNING,PAUSED)",
        "workflowType = 'order' AND status IN ( RUNNING , 'PAUSED' )",
        '  workflowType="order"and   status in("RUNNING",PAUSED)  ',
    ],
)
def test_spaces_quotes_and_case_of_keywords_do_not_matter(query: str) -> None:
    found = workflow_query(query)

    assert found.names == ("order",)
    assert found.statuses == (WorkflowStatus.RUNNING, WorkflowStatus.PAUSED)


def test_quoted_value_may_hold_anything() -> None:
    text = r"""correlationId = 'it\'s, (a) "b" AND c' AND version IN ("1")"""

    assert parse(text, WORKFLOW_FIELDS) == AllOf(
        (OneOf("correlationId", ("""it's, (a) "b" AND c""",)), OneOf("version", (1,)))
    )


@pytest.mark.parametrize(
    ("query", "condition"),
    [
        ("priority > 5", Compared("priority", ">", 5)),
        ("priority != 5", Not(OneOf("priority", (5,)))),
        ("workflowType NOT IN (a, b)", Not(OneOf("workflowType", ("a", "b")))),
        ("event IS NULL", IsNull("event")),
        ("event is not null", Not(IsNull("event"))),
        ("event STARTS_WITH 'sqs:'", StartsWith("event", "sqs:")),
        (
            "updateTime BETWEEN 3 AND 4",
            AllOf((Compared("updateTime", ">=", 3), Compared("updateTime", "<=", 4))),
        ),
        ("event = a OR event IN (b, c)", OneOf("event", ("a", "b", "c"))),
        (
            "event = a OR event = b AND version = 2",
            AnyOf(
                (
                    OneOf("event", ("a",)),
                    AllOf((OneOf("event", ("b",)), OneOf("version", (2,)))),
                )
            ),
        ),
        (
            "NOT (event = a OR version = 2)",
            Not(AnyOf((OneOf("event", ("a",)), OneOf("version", (2,))))),
        ),
    ],
)
def test_condition(query: str, condition: object) -> None:
    assert parse(query, WORKFLOW_FIELDS) == condition


def test_what_indexes_do_not_serve_is_left_as_condition() -> None:
    found = workflow_query("workflowType = a AND (priority > 5 OR status = FAILED)")

    assert found.names == ("a",)
    assert found.where == AnyOf((Compared("priority", ">", 5), OneOf("status", ("FAILED",))))


def test_patterns_on_one_field_narrow_each_other() -> None:
    found = workflow_query("workflowType = a* AND workflowType = *b")

    assert (found.names, found.where) == (("a*",), OneOf("workflowType", ("*b",)))


def test_search_for_tasks_knows_which_workflows_to_look_at() -> None:
    found = task_query("workflowType = a AND workflowStartTime > 5 AND status = SCHEDULED")

    assert found.workflows.names == ("a",)
    assert found.workflows.started_after == 5
    assert found.workflows.statuses == (WorkflowStatus.RUNNING, WorkflowStatus.PAUSED)


def test_both_stores_know_the_same_fields() -> None:
    assert WORKFLOW_COLUMNS.keys() == WORKFLOW_FIELDS.keys()
    assert TASK_COLUMNS.keys() == TASK_FIELDS.keys()


def test_bare_value_may_hold_punctuation() -> None:
    found = workflow_query("workflowType=a.b-c_d:e/f* AND workflowId=é")

    assert found.names == ("a.b-c_d:e/f*",)
    assert found.workflow_ids == ("é",)


def test_bounds_of_time_are_exclusive_unless_equal_is_allowed() -> None:
    strict = workflow_query("startTime > 10 AND startTime < 20")
    loose = workflow_query("startTime >= 10 AND startTime <= 20")
    exact = workflow_query("endTime = 7")

    assert (strict.started_after, strict.started_before) == (10, 20)
    assert (loose.started_after, loose.started_before) == (9, 21)
    assert (exact.ended_after, exact.ended_before) == (6, 8)


def test_clauses_on_one_field_narrow_each_other() -> None:
    found = workflow_query(
        "status IN (RUNNING, FAILED) AND status != FAILED AND startTime > 5 AND startTime > 3"
    )

    assert found.statuses == (WorkflowStatus.RUNNING,)
    assert found.started_after == 5


def test_contradiction_finds_nothing() -> None:
    assert workflow_query("workflowType = a AND workflowType = b").names == ()


def test_all_fields_can_be_asked_for() -> None:
    found = workflow_query(
        "workflowId = i AND correlationId IN (c, d) AND parentWorkflowId = '' AND version = 3"
    )

    assert found.workflow_ids == ("i",)
    assert found.correlation_ids == ("c", "d")
    assert found.parent_workflow_ids == ("",)
    assert found.versions == (3,)


@pytest.mark.parametrize(
    ("query", "named"),
    [
        ("colour = red", "unknown field colour"),
        ("status = SLEEPING", "unknown status SLEEPING"),
        ("startTime > yesterday", "expected a whole number, got yesterday"),
        ("version = 99999999999999999999", "expected a whole number"),
        ("workflowType > a", "workflowType is no number"),
        ("startTime STARTS_WITH 5", "startTime is a number"),
        ("workflowType NOT x", "expected IN after NOT"),
        ("startTime BETWEEN 1 OR 2", "expected AND between the bounds"),
        ("event IS 5", "expected NULL or NOT NULL"),
        ("(version = 1", "ends too early"),
        ("(" * 40 + "version = 1" + ")" * 40, "nested more than 32 deep"),
        ("workflowType", "ends too early"),
        ("workflowType =", "ends too early"),
        ("workflowType LIKE x", "expected an operator after workflowType, found LIKE"),
        ("workflowType = = x", "expected a value, found ="),
        ("status IN RUNNING", "expected (, found RUNNING"),
        ("status IN ()", "expected a value, found )"),
        ("status IN (RUNNING", "ends too early"),
        ("status IN (RUNNING PAUSED)", "expected , or ), found PAUSED"),
        ("workflowType = a workflowType = b", "expected AND or OR"),
        ("workflowType = a AND", "ends too early"),
        ("workflowType = 'a", "not understood"),
    ],
)
def test_malformed_query_is_refused_and_named(query: str, named: str) -> None:
    with pytest.raises(InvalidRequestError) as refusal:
        workflow_query(query)

    assert str(refusal.value).startswith("Incorrectly formatted query string: ")
    assert named in str(refusal.value)


@pytest.mark.parametrize(
    ("sort", "order"),
    [
        ("endTime:ASC", (Order("endTime", ascending=True),)),
        ("endTime:desc", (Order("endTime"),)),
        ("workflowId", (Order("workflowId", ascending=True),)),
        ("updateTime:DESC|startTime", (Order("updateTime"), Order("startTime", ascending=True))),
        (None, (Order("startTime"),)),
    ],
)
def test_sort_names_fields_and_directions(sort: str | None, order: tuple[Order, ...]) -> None:
    assert workflow_query(None, sort=sort).order == order


@pytest.mark.parametrize(
    "sort", ["colour:ASC", "startTime:UP", ":ASC", "input:ASC", "startTime:ASC|"]
)
def test_malformed_sort_is_refused(sort: str) -> None:
    with pytest.raises(InvalidRequestError, match="sort: "):
        workflow_query(None, sort=sort)


@pytest.mark.parametrize(("given", "text"), [("*", None), ("", None), (" pay ", "pay")])
def test_star_as_free_text_finds_everything(given: str, text: str | None) -> None:
    assert workflow_query(None, free_text=given).text == text


def test_page_is_passed_on() -> None:
    found = workflow_query(None, start=20, size=5)

    assert (found.start, found.size) == (20, 5)
