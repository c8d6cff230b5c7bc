"""What the property helper finds, and what it does not mind."""

import pytest

from dalsegno.testing import DisturbanceKind, Fails, WorkflowTest, check_durability
from tests.testing.definitions import Definition, simple, system, workflow

RETRIED = {"retryDelaySeconds": 0, "timeoutSeconds": 0, "timeoutPolicy": "RETRY"}
ORDER = workflow(
    simple("charge", inputParameters={"order": "${workflow.input.order}"}),
    simple("ship"),
    outputParameters={"receipt": "${charge.output.receipt}"},
)
TASK_DEFS = [{"name": name, **RETRIED} for name in ("charge", "ship")]


def test_durable_workflow_comes_to_the_same_whatever_goes_wrong() -> None:
    test = WorkflowTest(ORDER, task_defs=TASK_DEFS).mock("charge", {"receipt": 7})

    report = check_durability(test.mock("ship", Fails("no van"), {}), {"order": 1})

    assert report.calm.path == ["charge", "ship", "ship"]
    assert {each.kind for each in report.tried} == set(DisturbanceKind)
    assert str(report).startswith("the same outcome whatever went wrong")


def test_worker_that_charges_again_is_found_out() -> None:
    charges: list[object] = []

    def fresh() -> WorkflowTest:
        charges.clear()
        test = WorkflowTest(ORDER, task_defs=TASK_DEFS).mock("ship", {})
        return test.mock("charge", lambda given: charges.append(given["order"]))

    with pytest.raises(AssertionError) as raised:
        check_durability(fresh, {"order": 1}, effects=lambda: list(charges))

    message = str(raised.value)
    assert message.startswith(
        "the outcome changes when a worker dies when its work is done, before it can report "
        "(task charge):\n  effects is [1, 1], and was [1]"
    )
    assert "charge #2" in message


def test_worker_that_remembers_its_orders_passes() -> None:
    charged: dict[object, int] = {}

    def charge(given: Definition) -> Definition:
        charged.setdefault(given["order"], 7)
        return {"receipt": charged[given["order"]]}

    def fresh() -> WorkflowTest:
        charged.clear()
        return WorkflowTest(ORDER, task_defs=TASK_DEFS).mock("ship", {}).mock("charge", charge)

    check_durability(fresh, {"order": 1}, effects=lambda: len(charged))


def test_definition_that_lets_a_workers_death_end_the_workflow_is_found_out() -> None:
    once = [{"name": name, "retryCount": 0} for name in ("charge", "ship")]
    test = WorkflowTest(ORDER, task_defs=once).mock("charge", {}).mock("ship", {})

    with pytest.raises(AssertionError, match="before it has done anything") as raised:
        check_durability(test, kinds=[DisturbanceKind.WORKER_DIES_BEFORE])

    assert 'status is "TIMED_OUT", and was "COMPLETED"' in str(raised.value)


def test_forks_loops_waits_and_sub_workflows_are_durable() -> None:
    loop = system(
        "DO_WHILE",
        "loop",
        loopCondition="if ($.loop.iteration < 2) { true; } else { false; }",
        loopOver=[simple("turn", "charge")],
    )
    fork = system("FORK_JOIN", "fork", forkTasks=[[simple("left", "charge")], [loop]])
    join = system("JOIN", "join", joinOn=["left", "loop"])
    wait = system("WAIT", "wait", {"duration": "40 days"})
    child = system("SUB_WORKFLOW", "child", subWorkflowParam={"name": "child"})
    definition = workflow(fork, join, wait, child)
    test = WorkflowTest(definition, task_defs=[*TASK_DEFS, {"name": "child", **RETRIED}])

    report = check_durability(test.mock("charge", {"n": 1}).mock("child", {"n": 2}), most=35)

    assert len(report.tried) == 35


def test_id_of_a_failure_workflow_is_no_difference() -> None:
    """It follows from the time of the failure, which is later when a worker has died."""
    failing = workflow(simple("charge"), simple("ship"), failureWorkflow="refund")
    refund = {**workflow(simple("give_back")), "name": "refund"}
    test = WorkflowTest(failing, sub_workflows=[refund], task_defs=TASK_DEFS)
    test.mock("charge", {}).mock("ship", Fails("no van", terminal=True)).mock("give_back", {})

    report = check_durability(test, kinds={DisturbanceKind.WORKER_DIES_BEFORE})

    assert report.calm.failure_workflow is not None
