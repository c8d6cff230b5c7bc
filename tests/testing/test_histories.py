"""Golden histories tell whether running executions may go on by a changed definition."""

import json
from pathlib import Path
from typing import Any

import pytest

from dalsegno.errors import ConflictError
from dalsegno.models import UpgradeWorkflowRequest, WorkflowDef
from dalsegno.testing import Fails, Run, WorkflowTest, replay
from dalsegno.testing.histories import GoldenHistories
from tests.testing.definitions import Definition, simple, system, workflow

OLD = workflow(simple("charge"), simple("pack"), simple("ship"))


def run_of(definition: Definition) -> Run:
    test = WorkflowTest(definition).mock("charge", Fails("busy"), {}).mock("ship", {})
    if "pack" in str(definition):
        test.mock("pack", {})
    return test.run().assert_completed()


def history() -> dict[str, Any]:
    return run_of(OLD).history()


def changed(*refs: str) -> Definition:
    return workflow(*map(simple, refs), version=2)


def test_task_added_at_the_end_is_safe_wherever_an_execution_stands() -> None:
    found = replay(history(), changed("charge", "pack", "ship", "thank"))

    found.assert_safe()
    assert [point.moment for point in found.points] == [
        "started",
        "charge is to be done",
        "charge is FAILED",
        "charge is to be done",
        "charge is COMPLETED",
        "pack is to be done",
        "pack is COMPLETED",
        "ship is to be done",
    ]


def test_task_taken_out_is_unsafe_from_when_it_was_begun() -> None:
    found = replay(history(), changed("charge", "ship"))

    assert [point.is_safe for point in found.points] == [True] * 5 + [False] * 3
    assert "refused: task pack has been executed, and is not in version 2" in str(found)
    with pytest.raises(AssertionError, match="not safe to upgrade"):
        found.assert_safe()


def test_task_put_in_before_another_is_unsafe_for_those_that_have_passed_it() -> None:
    found = replay(history(), changed("charge", "check", "pack", "ship"))

    assert [point.passed for point in found.points] == [()] * 5 + [("check",)] * 3
    assert "check would count as done, undone" in str(found)


def test_change_of_type_is_unsafe_and_one_of_inputs_is_not() -> None:
    with_type = workflow(simple("charge"), system("HUMAN", "pack"), simple("ship"), version=2)
    with_input = workflow(
        simple("charge"), simple("pack", inputParameters={"n": 1}), simple("ship"), version=2
    )

    assert not replay(history(), with_type).is_safe
    assert replay(history(), with_input).is_safe


def test_history_is_also_read_from_a_file_and_only_for_its_own_workflow(tmp_path: Path) -> None:
    path = tmp_path / "order.json"
    path.write_text(json.dumps(history()))

    assert replay(path, OLD).is_safe
    assert replay(str(path), OLD).is_safe
    with pytest.raises(ValueError, match="of workflow order, the definition of other"):
        replay(path, workflow(simple("a"), name="other"))


@pytest.mark.parametrize("refs", [("charge", "ship"), ("charge", "check", "pack", "ship")])
def test_replay_says_what_the_engine_does(refs: tuple[str, ...]) -> None:
    """At ``pack is to be done``: refused, or the new task counts as done."""
    test = WorkflowTest(OLD).mock("charge", {}).mock("pack", {}).mock("ship", {})
    run = test.start().until("pack")
    engine = run._simulation.engine
    engine.metadata.create_workflow_def(WorkflowDef.model_validate(changed(*refs)))
    request = UpgradeWorkflowRequest(name="order", version=2)
    point = replay(run.history(), changed(*refs)).points[-1]

    if point.obstacles:
        with pytest.raises(ConflictError, match=point.obstacles[0]):
            engine.alterations.upgrade(run.history()["workflowId"], request)
        return
    engine.alterations.upgrade(run.history()["workflowId"], request)
    run.finish().assert_completed()
    assert point.passed == ("check",)
    assert run.task("check").status == "COMPLETED"


def test_golden_history_is_kept_and_held_against_the_definition(tmp_path: Path) -> None:
    histories = GoldenHistories(tmp_path / "histories", update=False)

    with pytest.raises(AssertionError, match="--update-histories"):
        histories.check("order", run_of(OLD))
    GoldenHistories(tmp_path / "histories", update=True).check("order", run_of(OLD))
    with pytest.raises(AssertionError, match="refused: task pack"):
        histories.check("order", run_of(changed("charge", "ship")))
    histories.check("order", run_of(OLD))
