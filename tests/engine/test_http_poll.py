"""HTTP_POLL: call a web service until its answer meets a condition."""

import json
from typing import Any

import pytest

from dalsegno.errors import InvalidRequestError
from dalsegno_state.ports import HttpCallError, HttpReply
from tests.engine.world import Definition, World, done, simple, system, task_of, trace

URL = "https://example.org/job"
CONDITION = "$.output.response.body.state == 'DONE'"


def a_poll(**settings: Any) -> Definition:
    request = {
        "uri": URL,
        "method": "GET",
        "terminationCondition": CONDITION,
        "pollingInterval": 10,
        **settings,
    }
    return system("HTTP_POLL", "h", {"http_request": request})


def answer(world: World, *states: str | HttpReply | HttpCallError) -> None:
    world.http.replies[URL] = [
        HttpReply(status_code=200, reason_phrase="OK", body=json.dumps({"state": s}).encode())
        if isinstance(s, str)
        else s
        for s in states
    ]


def test_calls_go_on_until_the_condition_is_met(world: World) -> None:
    answer(world, "NEW", "BUSY", "DONE")
    world.register(a_poll(), simple("z", inputParameters={"s": "${h.output.response.body.state}"}))

    w = world.start()
    assert world.trace(w) == ["HTTP_POLL:h:SCHEDULED"]
    world.advance(9)
    assert len(world.http.calls) == 1
    world.advance(1)
    assert len(world.http.calls) == 2
    world.advance(10)

    assert world.trace(w) == ["HTTP_POLL:h:COMPLETED", "z:z:SCHEDULED"]
    assert world.task(w, "h").poll_count == 3
    assert world.task(w, "z").input_data == {"s": "DONE"}


def test_first_answer_may_be_the_last(world: World) -> None:
    answer(world, "DONE")

    workflow = world.run(a_poll())

    response = task_of(workflow, "h").output_data["response"]
    assert isinstance(response, dict)
    assert (workflow.status, response["statusCode"]) == ("COMPLETED", 200)


def test_request_may_be_the_input_itself(world: World) -> None:
    answer(world, "DONE")
    inputs = {"uri": URL, "method": "GET", "terminationCondition": "$.output.body.state == 'DONE'"}

    assert world.run(system("HTTP_POLL", "h", inputs)).status == "COMPLETED"


@pytest.mark.parametrize(
    ("strategy", "times"),
    [
        ("FIXED", [0, 10, 20, 30, 40]),
        ("LINEAR_BACKOFF", [0, 10, 30, 60, 100]),
        ("EXPONENTIAL_BACKOFF", [0, 10, 30, 70, 150]),
    ],
)
def test_pauses_grow_as_the_strategy_says(world: World, strategy: str, times: list[int]) -> None:
    answer(world, "BUSY")
    world.register(a_poll(pollingStrategy=strategy))
    world.start()

    made_at: list[int] = []
    for second in range(160):
        made_at += [second] * (len(world.http.calls) - len(made_at))
        world.advance(1)

    assert made_at[:5] == times


def test_long_pauses_end_on_time(world: World) -> None:
    answer(world, "NEW", "DONE")
    world.register(a_poll(pollingInterval=7_200))
    w = world.start()

    world.advance(7_199)
    assert len(world.http.calls) == 1
    world.advance(1)

    assert world.workflow(w).status == "COMPLETED"


@pytest.mark.parametrize(
    "problem",
    [HttpReply(status_code=500, reason_phrase="Oops"), HttpCallError("connection refused")],
)
def test_failed_call_is_a_failure(world: World, problem: HttpReply | HttpCallError) -> None:
    answer(world, problem)

    assert trace(world.run(a_poll())) == ["HTTP_POLL:h:FAILED"]


def test_failed_call_is_retried_as_the_definition_says(world: World) -> None:
    world.define("h", retryCount=1, retryDelaySeconds=5)
    answer(world, "NEW", HttpReply(status_code=500, reason_phrase="Oops"), "NEW", "DONE")
    world.register(a_poll())
    w = world.start()

    for _ in range(6):
        world.advance(5)

    assert world.trace(w) == ["HTTP_POLL:h:FAILED", "HTTP_POLL:h:COMPLETED"]
    assert world.task(w, "h").poll_count == 2


def test_condition_that_cannot_be_evaluated_fails_for_good(world: World) -> None:
    world.define("h", retryCount=3)
    answer(world, "NEW")

    workflow = world.run(a_poll(terminationCondition="$.output.nothing.at.all"))

    assert trace(workflow) == ["HTTP_POLL:h:FAILED_WITH_TERMINAL_ERROR"]
    assert "terminationCondition" in str(workflow.tasks[0].reason_for_incompletion)


def test_calls_are_no_more_than_asked_for(world: World) -> None:
    answer(world, "NEW")
    world.register(a_poll(maxPollCount=3))
    w = world.start()

    for _ in range(5):
        world.advance(10)

    assert len(world.http.calls) == 3
    assert world.trace(w) == ["HTTP_POLL:h:FAILED_WITH_TERMINAL_ERROR"]


def test_task_timeout_ends_it(world: World) -> None:
    world.define("h", retryCount=0, timeoutSeconds=25, responseTimeoutSeconds=20)
    answer(world, "NEW")
    world.register(a_poll())
    w = world.start()

    for _ in range(10):
        world.advance(5)

    assert len(world.http.calls) == 3
    assert world.workflow(w).status == "TIMED_OUT"


def test_it_can_be_completed_from_outside(world: World) -> None:
    answer(world, "NEW")
    world.register(a_poll())
    w = world.start()

    world.tell(w, "h", done(by="hand"))

    assert world.workflow(w).status == "COMPLETED"
    world.advance(3_600)
    assert len(world.http.calls) == 1


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"uri": None}, "inputParameters.http_request.uri field is required"),
        ({"terminationCondition": ""}, "http_request.terminationCondition field is required"),
        ({"pollingStrategy": "SOMETIMES"}, "should be one of FIXED, LINEAR_BACKOFF, EXPONENTIAL"),
        ({"pollingInterval": 0}, "pollingInterval: 0 should be a number of seconds from 1"),
        ({"terminationCondition": "$.a ==="}, "Expression is not well formatted"),
    ],
)
def test_impossible_poll_is_refused_at_registration(
    world: World, settings: dict[str, Any], message: str
) -> None:
    with pytest.raises(InvalidRequestError) as refused:
        world.register(a_poll(**settings))

    assert message in refused.value.validation_errors[0].message


@pytest.mark.parametrize(
    ("condition", "ends"),
    [(None, True), ("", True), (True, True), (1, True), (False, False), (0, False)],
)
def test_condition_that_is_false_or_zero_is_not_an_absent_one(
    world: World, condition: object, ends: bool
) -> None:
    answer(world, "DONE", "DONE")

    workflow = world.run(
        a_poll(terminationCondition="${workflow.input.c}"), inputs={"c": condition}
    )

    assert (task_of(workflow, "h").status == "COMPLETED") is ends
