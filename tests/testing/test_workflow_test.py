"""What a test of a workflow can say, and what it is told."""

import json
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from dalsegno.definitions import Workflow, task
from dalsegno.errors import InvalidRequestError
from dalsegno.models import Task, TaskResult, TaskResultStatus, WorkflowDef
from dalsegno.testing import (
    Completes,
    Crashes,
    EndlessRunError,
    Fails,
    InProgress,
    Responds,
    Takes,
    TimesOut,
    UnknownMockError,
    UnmockedTaskError,
    WorkflowTest,
)
from tests.testing.definitions import ORDER, SHIPS_TWICE, Definition, simple, system, workflow


def order_test(**options: Any) -> WorkflowTest:
    test = WorkflowTest(ORDER, task_defs=[SHIPS_TWICE], **options)
    return test.mock("charge", {"receipt": 7}).mock("ship", {"parcel": "P-1"})


def test_mocked_tasks_complete_with_their_outputs() -> None:
    run = order_test().run({"amount": 12})

    assert run.status == "COMPLETED"
    assert run.output == {"parcel": "P-1"}
    assert run.path == ["charge", "ship"]
    assert run.task("charge").input == {"amount": 12}
    assert run.task("ship").input == {"receipt": 7}
    assert run.input == {"amount": 12}


def test_script_says_what_comes_of_each_attempt_and_its_last_entry_of_all_further_ones() -> None:
    test = order_test().mock("ship", Fails("no stock"), Fails("no van"), {"parcel": "P-3"})

    run = test.run().assert_completed()

    assert run.path == ["charge", "ship", "ship", "ship"]
    assert run.attempts("ship") == 3
    assert [each.reason for each in run.tasks("ship")] == ["no stock", "no van", None]
    assert run.elapsed == timedelta(minutes=1)
    assert [(t.ref, t.kind, t.duration.total_seconds()) for t in run.timers] == [
        ("ship", "delay", 30),
        ("ship", "delay", 30),
    ]


def test_task_that_fails_for_ever_fails_the_workflow() -> None:
    run = order_test().mock("ship", Fails("no stock")).run()

    run.assert_failed("no stock")
    assert run.attempts("ship") == 3


def test_terminal_failure_is_not_tried_again() -> None:
    run = order_test().mock("ship", Fails("burnt down", terminal=True)).run()

    assert run.assert_failed("burnt down").attempts("ship") == 1


def test_mock_is_found_by_reference_name_before_type() -> None:
    two = workflow(simple("first", "pack"), simple("second", "pack"))

    run = WorkflowTest(two).mock("pack", {"n": 1}).mock("second", {"n": 2}).run()

    assert [run.task(ref).output for ref in ("first", "second")] == [{"n": 1}, {"n": 2}]


def test_function_is_given_the_input_and_gives_the_output_or_an_outcome() -> None:
    def charge(given: Definition) -> Any:
        return {"receipt": given["amount"] + 1} if given["amount"] else Fails("free", terminal=True)

    test = order_test().mock("charge", charge)

    assert test.run({"amount": 4}).task("charge").output == {"receipt": 5}
    test.run({"amount": 0}).assert_failed("free")


def test_exception_of_a_function_fails_the_attempt_and_an_assertion_the_test() -> None:
    def breaks(given: Definition) -> Definition:
        raise KeyError("shelf")

    def asserts(given: Definition) -> Definition:
        assert given == {"amount": 1}
        return {}

    run = order_test().mock("ship", breaks).run()

    assert run.task("ship").reason == "KeyError: 'shelf'"
    with pytest.raises(AssertionError):
        order_test().mock("charge", asserts).run({"amount": 2})


class Charging:
    """What ``@worker`` makes, as far as the kit knows it."""

    task_type = "charge_card"

    def run(self, task: Task) -> TaskResult:
        return TaskResult(
            workflow_instance_id=task.workflow_instance_id,
            task_id=task.task_id,
            status=TaskResultStatus.COMPLETED,
            output_data={"receipt": task.input_data["amount"]},
        )


def test_worker_function_does_the_tasks_of_its_type() -> None:
    run = order_test().use(Charging()).mock("ship", {}).run({"amount": 3})

    assert run.task("charge").type == "charge_card"
    charged_by_name = WorkflowTest(ORDER).use(Charging()).mock("ship", {}).run({"amount": 3})
    assert charged_by_name.task("charge").output == {"receipt": 3}


def test_worker_that_never_answers_is_timed_out_and_another_does_the_task() -> None:
    run = order_test().mock("ship", TimesOut(), {"parcel": "P-2"}).run().assert_completed()

    assert [each.status for each in run.tasks("ship")] == ["TIMED_OUT", "COMPLETED"]
    assert [(t.kind, t.duration.total_seconds()) for t in run.timers] == [
        ("timeout", 600),
        ("delay", 30),
    ]


def test_worker_that_crashes_has_done_its_work() -> None:
    shipped: list[Definition] = []

    run = order_test().mock("ship", Crashes(after=shipped.append), {"parcel": "P-2"}).run()

    assert shipped == [{"receipt": 7}]
    assert run.assert_completed().attempts("ship") == 2


def test_task_takes_its_time_and_too_much_of_it_is_a_timeout() -> None:
    slow = order_test().mock("ship", Takes(timedelta(minutes=9), {"parcel": "late"}))
    slower = order_test().mock("ship", Takes(timedelta(minutes=11)), {"parcel": "second"})

    assert slow.run().elapsed == timedelta(minutes=9)
    assert slower.run().output == {"parcel": "second"}


def test_worker_may_want_the_task_back_later() -> None:
    test = order_test().mock("ship", InProgress(timedelta(hours=2)), {"parcel": "P-1"})

    run = test.run().assert_completed()

    assert run.attempts("ship") == 1
    assert run.elapsed == timedelta(hours=2)


def test_three_months_pass_at_once() -> None:
    waits = workflow(simple("a"), system("WAIT", "winter", {"duration": "90 days"}), simple("b"))

    run = WorkflowTest(waits).mock("a", {}).mock("b", {}).run().assert_completed()

    assert run.elapsed == timedelta(days=90)
    assert [(t.ref, t.kind, t.duration) for t in run.timers] == [
        ("winter", "wait", timedelta(days=90))
    ]


def test_run_begins_at_the_moment_that_is_asked_for() -> None:
    waits = workflow(system("WAIT", "w", {"until": "2027-03-01 12:00 UTC"}))

    run = WorkflowTest(waits, now=datetime(2027, 3, 1, tzinfo=UTC)).run().assert_completed()

    assert run.elapsed == timedelta(hours=12)


def test_unmocked_task_fails_the_test_and_names_the_fix() -> None:
    test = WorkflowTest(ORDER).mock("charge", {"receipt": 1})

    with pytest.raises(UnmockedTaskError) as raised:
        test.run()

    message = str(raised.value)
    assert 'add .mock("ship_order" (or "ship", for this task only), {...})' in message
    assert "charge (charge_card)  COMPLETED" in message


def test_mock_of_nothing_is_refused_with_what_it_may_mean() -> None:
    with pytest.raises(UnknownMockError, match='did you mean "charge"'):
        WorkflowTest(ORDER).mock("chrage", {}).run()


def test_mock_of_what_the_engine_does_itself_is_refused() -> None:
    inline = workflow(system("SET_VARIABLE", "remember", {"x": 1}))

    with pytest.raises(UnknownMockError, match="SET_VARIABLE"):
        WorkflowTest(inline).mock("remember", {}).run()


def test_faulty_definition_is_refused_as_everywhere() -> None:
    with pytest.raises(InvalidRequestError):
        WorkflowTest(workflow(simple("a"), simple("a"))).mock("a", {}).run()


def test_definition_may_be_a_model_a_builder_or_a_file(tmp_path: Path) -> None:
    built = Workflow("order", task("charge"), task("ship"))
    path, other = tmp_path / "order.json", tmp_path / "order.yaml"
    path.write_text(json.dumps(ORDER))
    other.write_text(json.dumps(ORDER))  # JSON is YAML

    for source in (WorkflowDef.model_validate(ORDER), built, path, str(path), other):
        run = WorkflowTest(source).mock("charge", {}).mock("ship", {}).run()
        assert run.assert_completed().path == ["charge", "ship"]
    with pytest.raises(TypeError, match="no definition: 7"):
        WorkflowTest(7)  # type: ignore[arg-type]


def test_loop_goes_through_its_script_turn_by_turn() -> None:
    loop = system(
        "DO_WHILE",
        "loop",
        loopCondition="if ($.check.done == false) { true; } else { false; }",
        loopOver=[simple("check")],
    )

    run = WorkflowTest(workflow(loop)).mock("check", {"done": False}, {"done": True}).run()

    assert run.assert_completed().path == ["check", "check"]
    assert [each.ref for each in run.tasks("check")] == ["check__1", "check__2"]
    assert run.task("check__1").output == {"done": False}


def test_endless_loop_fails_the_test() -> None:
    loop = system("DO_WHILE", "loop", loopCondition="true", loopOver=[simple("check")])

    with pytest.raises(EndlessRunError, match="after 40 steps"):
        WorkflowTest(workflow(loop), most_steps=40).mock("check", Completes()).run()


# -- system tasks ------------------------------------------------------------------------------

FETCH = system(
    "HTTP",
    "fetch",
    {"http_request": {"uri": "https://example.com/stock", "method": "GET"}},
    taskDefinition={"name": "fetch", "retryCount": 1, "retryDelaySeconds": 5},
)


def test_http_task_gets_the_responses_of_its_mock() -> None:
    test = WorkflowTest(workflow(FETCH))

    run = test.mock("fetch", Responds("busy", status=503), Responds({"n": 2})).run()

    run.assert_completed()
    assert run.attempts("fetch") == 2
    response = run.task("fetch").output["response"]
    assert (response["statusCode"], response["body"]) == (200, {"n": 2})


def test_http_task_may_get_its_output_no_answer_or_a_failure() -> None:
    test = WorkflowTest(workflow(FETCH))

    assert test.mock("HTTP", {"response": {"body": 1}}).run().task("fetch").output == {
        "response": {"body": 1}
    }
    test.mock("fetch", TimesOut()).run().assert_failed("no answer within 3 seconds")
    test.mock("fetch", Fails("refused")).run().assert_failed("refused")


def test_http_task_without_a_mock_makes_no_call() -> None:
    with pytest.raises(UnmockedTaskError, match=r'\.mock\("fetch", Responds'):
        WorkflowTest(workflow(FETCH)).run()


def test_http_poll_calls_until_the_response_is_right() -> None:
    poll = system(
        "HTTP_POLL",
        "poll",
        {
            "http_request": {
                "uri": "https://example.com/job",
                "method": "GET",
                "pollingInterval": 60,
                "pollingStrategy": "FIXED",
                "terminationCondition": "$.output.response.body.done === true",
            }
        },
    )

    test = WorkflowTest(workflow(poll)).mock("poll", Responds({}), Responds({"done": True}))

    assert test.run().assert_completed().elapsed == timedelta(minutes=1)


def test_events_are_kept_for_the_test() -> None:
    inside = system("EVENT", "tell", {"order": 1}, sink="conductor:shipped")
    outside = system("EVENT", "publish", {"order": 2}, sink="sns:shop")

    run = WorkflowTest(workflow(inside, outside)).run().assert_completed()

    assert [event.sink for event in run.events] == ["conductor:order:shipped", "sns:shop"]
    assert [event.payload["order"] for event in run.events] == [1, 2]


def test_function_answers_as_its_mock_says() -> None:
    invokes = system("AWS_LAMBDA", "resize", {"functionName": "resize-image"})

    run = WorkflowTest(workflow(invokes)).mock("resize", Fails("too large"), {"url": "u"}).run()

    assert run.assert_completed().task("resize").output["url"] == "u"
    with pytest.raises(UnmockedTaskError, match="resize"):
        WorkflowTest(workflow(invokes)).run()


# -- waiting for people ------------------------------------------------------------------------

APPROVED = workflow(system("HUMAN", "approve"), simple("pay"))


def test_task_for_a_person_waits_until_it_is_signalled() -> None:
    run = WorkflowTest(APPROVED).mock("pay", {}).run()

    assert run.status == "RUNNING"
    assert 'run.signal("approve", {...})' in str(run)
    run.advance(days=3).signal("approve", {"ok": True}).finish().assert_completed()
    assert run.elapsed == timedelta(days=3)
    assert run.task("approve").output == {"ok": True}


def test_task_for_a_person_may_be_mocked_and_take_its_time() -> None:
    test = WorkflowTest(APPROVED).mock("pay", {})

    run = test.mock("approve", Takes(timedelta(days=2), {"ok": False})).run()

    assert run.assert_completed().elapsed == timedelta(days=2)
    test.mock("approve", Fails("no", terminal=True)).run().assert_failed("no")


def test_run_goes_step_by_step() -> None:
    test = WorkflowTest(ORDER, task_defs=[SHIPS_TWICE]).mock("charge", {}).mock("ship", Fails("?"))
    test.mock("ship", Fails("no stock"), {"parcel": "P-1"})

    run = test.start({"amount": 1})
    assert [each.status for each in run.trace] == ["SCHEDULED"]
    run.until("ship")
    assert run.path == ["charge", "ship"]
    run.advance(seconds=29)
    assert [each.status for each in run.tasks("ship")] == ["FAILED", "SCHEDULED"]
    run.advance(seconds=1)

    assert run.assert_completed().elapsed == timedelta(seconds=30)
    with pytest.raises(AssertionError, match="refund never comes to be open"):
        run.until("refund")
    with pytest.raises(AssertionError, match="ship is not open"):
        run.signal("ship")


def test_signal_may_fail_a_task_and_operators_act() -> None:
    run = WorkflowTest(APPROVED).mock("pay", {}).start()
    run.pause().signal("approve")
    assert run.status == "PAUSED"
    run.resume().finish().assert_completed()

    refused = WorkflowTest(APPROVED).mock("pay", {}).start().signal("approve", failing="no")
    assert refused.finish().status in ("RUNNING", "FAILED")
    stopped = WorkflowTest(APPROVED).mock("pay", {}).start().terminate("enough")
    assert (stopped.status, stopped.reason) == ("TERMINATED", "enough")


def test_workflow_times_out_though_it_only_waits() -> None:
    impatient = {**APPROVED, "timeoutSeconds": 86_400 * 45, "timeoutPolicy": "TIME_OUT_WF"}

    run = WorkflowTest(impatient).mock("pay", {}).run().assert_status("TIMED_OUT")

    assert run.elapsed == timedelta(days=45)


def test_messages_reach_the_task_that_waits_for_them() -> None:
    pulls = workflow(system("PULL_WORKFLOW_MESSAGES", "pull", {"batchSize": 1}))

    run = WorkflowTest(pulls).run()
    assert run.status == "RUNNING"

    run.send_message({"n": 1}).finish().assert_completed()


# -- sub-workflows -----------------------------------------------------------------------------

CHILD = workflow(simple("bake", inputParameters={"n": "${workflow.input.n}"}), name="bakery")
PARENT = workflow(
    system("SUB_WORKFLOW", "bread", {"n": 3}, subWorkflowParam={"name": "bakery"}),
    simple("eat"),
)


def test_sub_workflow_is_run_if_it_is_given() -> None:
    test = WorkflowTest(PARENT, sub_workflows=[CHILD]).mock("eat", {})

    run = test.mock("bake", lambda given: {"loaves": given["n"]}).run().assert_completed()

    assert run.path == ["bread", "eat"]
    assert run.sub_workflow("bread").path == ["bake"]
    assert run.task("bread").output["loaves"] == 3
    assert "  bake" in str(run)


@pytest.mark.parametrize("name", ["bakery", "bread"])
def test_sub_workflow_is_mocked_like_a_task(name: str) -> None:
    test = WorkflowTest(PARENT).mock("eat", {})

    run = test.mock(name, lambda given: {"loaves": given["n"] + 1}).run().assert_completed()

    assert run.task("bread").output["loaves"] == 4
    test.mock(name, Fails("burnt", terminal=True)).run().assert_failed("burnt")


def test_embedded_sub_workflow_is_run_or_mocked() -> None:
    params = {"name": "bakery", "workflowDefinition": CHILD}
    parent = workflow(system("SUB_WORKFLOW", "bread", {"n": 3}, subWorkflowParam=params))

    assert WorkflowTest(parent).mock("bake", {"x": 1}).run().task("bread").output["x"] == 1
    assert WorkflowTest(parent).mock("bread", {"x": 2}).run().task("bread").output["x"] == 2


def test_workflow_that_is_started_by_a_name_of_the_run_may_be_mocked() -> None:
    starts = system("START_WORKFLOW", "kick", {"startWorkflow": {"name": "${workflow.input.w}"}})

    run = WorkflowTest(workflow(starts)).mock("cleaning", {"ok": 1}).run({"w": "cleaning"})

    run.assert_completed()
    assert run.sub_workflow("kick").path == ["cleaning"]


def test_failure_workflow_is_run() -> None:
    failing = {**ORDER, "failureWorkflow": "apology"}
    apology = workflow(simple("write_letter"), name="apology")
    test = WorkflowTest(failing, sub_workflows=[apology]).mock("ship", {}).mock("write_letter", {})

    run = test.mock("charge", Fails("stolen", terminal=True)).run()

    assert run.failure_workflow is not None
    assert run.failure_workflow.assert_completed().path == ["write_letter"]


def test_dynamic_forks_run_what_they_come_to() -> None:
    fork = system(
        "FORK_JOIN_DYNAMIC",
        "fan",
        {"tasks": "${workflow.input.tasks}", "inputs": {}},
        dynamicForkTasksParam="tasks",
        dynamicForkTasksInputParamName="inputs",
    )
    join = system("JOIN", "join")
    branches = [simple("one", "count"), simple("two", "count")]

    run = WorkflowTest(workflow(fork, join)).mock("count", {"n": 1}).run({"tasks": branches})

    assert run.assert_completed().path == ["one", "two"]


def test_secrets_and_environment_are_those_of_the_test() -> None:
    reads = workflow(
        simple("a", inputParameters={"k": "${workflow.secrets.key}", "s": "${workflow.env.stage}"})
    )
    seen: list[Definition] = []

    test = WorkflowTest(reads, secrets={"key": "K"}, environment={"stage": "test"})
    test.mock("a", lambda given: seen.append(given)).run().assert_completed()

    assert seen == [{"k": "K", "s": "test"}]


# -- what a failing test shows -----------------------------------------------------------------


def test_assertions_show_what_has_happened() -> None:
    run = order_test().mock("ship", Fails("no stock")).run()

    with pytest.raises(AssertionError) as completed:
        run.assert_completed()
    with pytest.raises(AssertionError) as path:
        run.assert_path("charge", "ship")
    with pytest.raises(AssertionError, match="another reason than 'no van'"):
        run.assert_failed("no van")

    assert str(completed.value).splitlines() == [
        "the workflow is FAILED, not COMPLETED",
        "",
        "order 1: FAILED after 1 min: Task ship failed with status: FAILED and reason: 'no stock'",
        '  +0 s    charge (charge_card)  COMPLETED  {"receipt": 7}',
        "  +0 s    ship (ship_order)     FAILED     no stock",
        "  +30 s   ship (ship_order) #2  FAILED     no stock",
        "  +1 min  ship (ship_order) #3  FAILED     no stock",
    ]
    assert "charge > ship > ship > ship" in str(path.value)
    with pytest.raises(AssertionError, match="refund was never come to"):
        run.task("refund")
