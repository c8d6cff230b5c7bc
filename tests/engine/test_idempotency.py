"""Idempotency keys: one execution per workflow name and key."""

import pytest

from dalsegno.errors import ConflictError
from dalsegno.models import StartWorkflowRequest
from dalsegno_state.engine.idempotency import ADOPTION_MS
from tests.engine.world import Definition, World, done, simple, system
from tests.race import race

STRATEGIES = ["FAIL", "RETURN_EXISTING", "FAIL_ON_RUNNING"]


def keyed(world: World, strategy: str | None = None, name: str = "flow", key: str = "k") -> str:
    return world.start(name, idempotencyKey=key, idempotencyStrategy=strategy)


def run_through(world: World) -> str:
    w = keyed(world)
    world.report(world.take("a"), done())
    return w


@pytest.mark.parametrize("strategy", [None, "FAIL", "FAIL_ON_RUNNING"])
def test_second_start_is_refused_and_names_the_first(world: World, strategy: str | None) -> None:
    world.register(simple("a"))
    first = keyed(world)

    with pytest.raises(ConflictError, match=first):
        keyed(world, strategy)

    assert len(world.poll("a", count=5)) == 1


def test_second_start_returns_the_first_if_asked_to(world: World) -> None:
    world.register(simple("a"))
    first = keyed(world, "RETURN_EXISTING")

    assert keyed(world, "RETURN_EXISTING") == first
    assert world.workflow(first).idempotency_key == "k"
    assert len(world.poll("a", count=5)) == 1


@pytest.mark.parametrize(
    ("strategy", "is_new"), [("RETURN_EXISTING", False), ("FAIL_ON_RUNNING", True)]
)
def test_key_of_an_ended_workflow(world: World, strategy: str, *, is_new: bool) -> None:
    world.register(simple("a"))
    first = run_through(world)

    assert (keyed(world, strategy) != first) is is_new


def test_key_of_an_ended_workflow_is_still_in_use_under_fail(world: World) -> None:
    world.register(simple("a"))
    first = run_through(world)

    with pytest.raises(ConflictError, match=first):
        keyed(world, "FAIL")


def test_successor_holds_the_key(world: World) -> None:
    world.register(simple("a"))
    run_through(world)
    second = keyed(world, "FAIL_ON_RUNNING")

    with pytest.raises(ConflictError, match=second):
        keyed(world, "FAIL_ON_RUNNING")
    assert keyed(world, "RETURN_EXISTING") == second


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_other_keys_and_other_workflows_are_not_concerned(world: World, strategy: str) -> None:
    world.register(simple("a"))
    world.register(simple("a"), name="other")

    started = {keyed(world, strategy), keyed(world, strategy, key="l")}
    started |= {keyed(world, strategy, name="other"), world.start(), world.start(idempotencyKey="")}

    assert len(started) == 5


@pytest.mark.parametrize("archive", [True, False])
def test_removal_frees_the_key(world: World, *, archive: bool) -> None:
    world.register(simple("a"))
    first = run_through(world)

    world.engine.executions.remove(first, archive=archive)

    assert keyed(world, "FAIL") != first


def test_removal_of_an_earlier_holder_frees_nothing(world: World) -> None:
    world.register(simple("a"))
    first = run_through(world)
    second = keyed(world, "FAIL_ON_RUNNING")

    world.engine.executions.remove(first, archive=False)

    assert keyed(world, "RETURN_EXISTING") == second


def test_workflow_that_vanished_with_its_key_left_behind_comes_under_a_new_id(world: World) -> None:
    world.register(simple("a"))
    first = run_through(world)
    world.ports.state.remove(first)  # as retention does

    world.clock.advance(ADOPTION_MS / 1000)

    assert keyed(world, "FAIL") != first


@pytest.mark.parametrize("strategy", STRATEGIES)
def test_of_many_starts_at_once_one_makes_an_execution(world: World, strategy: str) -> None:
    world.register(simple("a"))
    request = StartWorkflowRequest.model_validate(
        {"name": "flow", "idempotencyKey": "k", "idempotencyStrategy": strategy}
    )

    def start(_: int) -> str | None:
        try:
            return world.engine.executions.start(request)
        except ConflictError:
            return None

    answers = race(8, start)
    world.pump()

    assert len({answer for answer in answers if answer is not None}) == 1
    assert (None in answers) is (strategy != "RETURN_EXISTING")
    assert len(world.poll("a", count=50)) == 1


# -- tasks that start workflows ----------------------------------------------------------------


def a_child(strategy: str, ref: str = "s", **fields: object) -> Definition:
    params = {"name": "child", "idempotencyKey": "${workflow.input.k}"}
    return simple(
        ref, type="SUB_WORKFLOW", subWorkflowParam={**params, "idempotencyStrategy": strategy}
    )


def test_sub_workflow_has_the_key_its_parameters_say(world: World) -> None:
    world.register(simple("a"), name="child")
    world.register(a_child("FAIL"))
    w = world.start(inputs={"k": "k"})

    child = world.child(w, "s")
    assert (child.idempotency_key, child.parent_workflow_id) == ("k", w)
    with pytest.raises(ConflictError, match=child.workflow_id):
        keyed(world, name="child")


def test_sub_workflow_whose_key_is_in_use_fails_its_task(world: World) -> None:
    world.register(simple("a"), name="child")
    world.register(a_child("FAIL"))
    first = keyed(world, name="child")

    w = world.start(inputs={"k": "k"})

    task = world.task(w, "s")
    assert (task.status, world.workflow(w).status) == ("FAILED", "FAILED")
    assert first in str(task.reason_for_incompletion)


def test_parents_wait_for_a_workflow_that_another_has_started(world: World) -> None:
    world.register(simple("a"), name="child")
    world.register(a_child("RETURN_EXISTING"))
    child = keyed(world, name="child")
    parents = [world.start(inputs={"k": "k"}) for _ in range(2)]
    assert {world.task(w, "s").sub_workflow_id for w in parents} == {child}

    world.report(world.take("a"), done(x=1))

    for w in parents:
        assert world.workflow(w).status == "COMPLETED"
        assert world.task(w, "s").output_data == {"subWorkflowId": child, "x": 1}


def test_parent_takes_the_result_of_a_workflow_that_has_ended_before(world: World) -> None:
    world.register(simple("a"), name="child")
    world.register(a_child("RETURN_EXISTING"))
    child = keyed(world, name="child")
    world.report(world.take("a"), done(x=1))

    w = world.start(inputs={"k": "k"})

    assert world.workflow(w).status == "COMPLETED"
    assert world.task(w, "s").output_data == {"subWorkflowId": child, "x": 1}


def test_workflow_that_another_has_started_outlives_who_waits_for_it(world: World) -> None:
    world.register(simple("a"), name="child")
    world.register(a_child("RETURN_EXISTING"))
    child = keyed(world, name="child")
    w = world.start(inputs={"k": "k"})

    world.terminate(w)

    assert world.task(w, "s").status == "CANCELED"
    assert world.workflow(child).status == "RUNNING"


def test_workflow_cannot_wait_for_itself(world: World) -> None:
    world.register(
        simple(
            "s",
            type="SUB_WORKFLOW",
            subWorkflowParam={
                "name": "flow",
                "version": 1,
                "idempotencyKey": "k",
                "idempotencyStrategy": "RETURN_EXISTING",
            },
        )
    )

    w = keyed(world)

    assert "its own sub-workflow" in str(world.task(w, "s").reason_for_incompletion)


def test_started_workflow_has_the_key_its_request_says(world: World) -> None:
    world.register(simple("a"), name="other")
    request = {"name": "other", "idempotencyKey": "k", "idempotencyStrategy": "RETURN_EXISTING"}
    world.register(system("START_WORKFLOW", "s", {"startWorkflow": request}))

    started = {world.task(world.start(), "s").output_data["workflowId"] for _ in range(2)}

    assert len(started) == 1
