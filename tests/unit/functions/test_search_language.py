"""The search language: clauses, operators, and what is told about the wrong ones."""

import pytest

from dalsegno.errors import InvalidRequestError
from dalsegno.models import WorkflowStatus
from dalsegno_state.ports import WorkflowQuery
from dalsegno_state.search_language import Clause, parse, workflow_query


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
    clauses = list(parse(r"""correlationId = 'it\'s, (a) "b" AND c' AND version IN ("1")"""))

    assert clauses == [
        Clause("correlationId", "=", ("""it's, (a) "b" AND c""",)),
        Clause("version", "IN", ("1",)),
    ]


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
        ("colour = red", "colour = red: unknown field"),
        ("status = SLEEPING", "unknown status SLEEPING"),
        ("startTime > yesterday", "expected a whole number, got yesterday"),
        ("version = 99999999999999999999", "expected a whole number"),
        ("version > 1", "version > 1: the field can be compared by = and IN only"),
        ("startTime != 5", "a time can be compared by"),
        ("startTime IN (5)", "a time can be compared by"),
        ("workflowType", "ends too early"),
        ("workflowType =", "ends too early"),
        ("workflowType LIKE x", "expected an operator after workflowType, found LIKE"),
        ("workflowType = = x", "expected a value, found ="),
        ("status IN RUNNING", "expected (, found RUNNING"),
        ("status IN ()", "expected a value, found )"),
        ("status IN (RUNNING", "ends too early"),
        ("status IN (RUNNING PAUSED)", "expected , or ), found PAUSED"),
        ("workflowType = a OR workflowType = b", "expected AND"),
        ("workflowType = a workflowType = b", "expected AND"),
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
    ("sort", "field", "ascending"),
    [
        ("endTime:ASC", "endTime", True),
        ("endTime:desc", "endTime", False),
        ("workflowId", "workflowId", True),
        ("updateTime:DESC|startTime:ASC", "updateTime", False),
    ],
)
def test_sort_names_field_and_direction(sort: str, field: str, ascending: bool) -> None:
    found = workflow_query(None, sort=sort)

    assert (found.order_by, found.ascending) == (field, ascending)


def test_newest_come_first_by_default() -> None:
    found = workflow_query(None)

    assert (found.order_by, found.ascending) == ("startTime", False)


@pytest.mark.parametrize("sort", ["colour:ASC", "startTime:UP", ":ASC"])
def test_malformed_sort_is_refused(sort: str) -> None:
    with pytest.raises(InvalidRequestError, match="sort: "):
        workflow_query(None, sort=sort)


@pytest.mark.parametrize(("given", "text"), [("*", None), ("", None), (" pay ", "pay")])
def test_star_as_free_text_finds_everything(given: str, text: str | None) -> None:
    assert workflow_query(None, free_text=given).text == text


def test_page_is_passed_on() -> None:
    found = workflow_query(None, start=20, size=5)

    assert (found.start, found.size) == (20, 5)
