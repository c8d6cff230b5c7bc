"""A workflow whose evaluation raises: it alone is affected, and it is ended in the end."""

from collections.abc import Mapping
from contextlib import suppress

import pytest

from dalsegno.models import JsonValue
from dalsegno_state.scripts import Scripts
from dalsegno_state.waking import MAX_FAILED_WAKES, failed_wake
from dalsegno_state.writes import SetWake
from tests.engine.world import World, done, simple, system

POISON = "this evaluation raises"


class RaisingScripts:
    """See ``Scripts``: one script makes the engine itself fail, in a way that nothing foresees."""

    def __init__(self, scripts: Scripts) -> None:
        self._scripts = scripts

    def on_behalf_of(self, name: str) -> Scripts:
        """See ``Scripts.on_behalf_of``."""
        return RaisingScripts(self._scripts.on_behalf_of(name))

    def javascript(self, source: str, inputs: Mapping[str, JsonValue]) -> JsonValue:
        """See ``Scripts.javascript``."""
        if source == POISON:
            raise ZeroDivisionError("no number can be divided by zero")
        return self._scripts.javascript(source, inputs)

    def function_body(self, source: str, inputs: Mapping[str, JsonValue]) -> JsonValue:
        """See ``Scripts.function_body``."""
        return self._scripts.function_body(source, inputs)

    def jq(self, query: str, document: JsonValue) -> list[JsonValue]:
        """See ``Scripts.jq``."""
        return self._scripts.jq(query, document)

    def schema_errors(self, schema: str, values: list[JsonValue]) -> list[JsonValue]:
        """See ``Scripts.schema_errors``."""
        return self._scripts.schema_errors(schema, values)

    def syntax_error(self, source: str) -> str | None:
        """See ``Scripts.syntax_error``."""
        return None


@pytest.fixture
def world(scripts: Scripts) -> World:
    """Return an engine in which the script ``POISON`` raises."""
    world = World(RaisingScripts(scripts))
    world.register(system("INLINE", "broken", {"expression": POISON}), name="poison")
    return world


def start_poison(world: World) -> str:
    """Start a workflow whose first decision raises; return the id it was stored under."""
    with pytest.raises(ZeroDivisionError):
        world.start("poison")
    newest = max(world.ports.state.due(2**62, 1000), key=lambda due: due.workflow_id)
    return newest.workflow_id


def test_poison_workflows_do_not_delay_the_timeouts_of_others(world: World) -> None:
    poisoned = [start_poison(world) for _ in range(100)]
    world.define("charge", responseTimeoutSeconds=70, timeoutPolicy="ALERT_ONLY", retryCount=0)
    world.register(simple("charge"), name="healthy")
    healthy = world.start("healthy")
    world.take("charge")

    world.advance(61)  # all poison workflows are woken for the first time, and fail
    world.advance(10)

    assert world.task(healthy, "charge").status == "TIMED_OUT"
    assert {world.workflow(each).status for each in poisoned} == {"RUNNING"}


def test_workflow_that_fails_each_wake_is_ended_and_can_be_removed(world: World) -> None:
    workflow_id = start_poison(world)

    for _ in range(MAX_FAILED_WAKES):
        assert world.workflow(workflow_id).status == "RUNNING"
        world.advance(600)

    ended = world.workflow(workflow_id)
    assert ended.status == "FAILED"
    assert ended.reason_for_incompletion == (
        "cannot be evaluated: ZeroDivisionError: no number can be divided by zero"
    )
    world.engine.executions.remove(workflow_id, archive=True)
    world.advance(86_400)
    assert not world.ports.state.due(2**62, 10)


def test_parent_of_a_workflow_that_cannot_be_evaluated_hears_of_its_end(world: World) -> None:
    world.register(
        system("SUB_WORKFLOW", "child", subWorkflowParam={"name": "poison"}), name="parent"
    )
    with pytest.raises(ZeroDivisionError):
        world.start("parent")
    parent = next(
        due.workflow_id
        for due in world.ports.state.due(2**62, 10)
        if world.workflow(due.workflow_id).workflow_name == "parent"
    )

    for _ in range(MAX_FAILED_WAKES + 1):
        world.clock.advance(600)
        world.engine.sweep()
        with suppress(ZeroDivisionError):  # the message that asks to begin with the child
            world.pump()

    assert world.workflow(parent).status == "FAILED"
    assert "cannot be evaluated" in (world.workflow(parent).reason_for_incompletion or "")


def test_one_success_forgives_all_failures_before(world: World) -> None:
    world.register(
        simple("first"), system("INLINE", "broken", {"expression": POISON}), name="later"
    )
    workflow_id = world.start("later")
    state = world.ports.state
    assert state.workflow(workflow_id) is not None
    for _ in range(3):
        state.commit([_failed(world, workflow_id)])
    assert state.workflow(workflow_id).failed_wakes == 3  # type: ignore[union-attr]

    world.advance(3_600)

    assert state.workflow(workflow_id).failed_wakes == 0  # type: ignore[union-attr]
    with pytest.raises(ZeroDivisionError):
        world.report(world.take("first"), done())
    assert world.workflow(workflow_id).status == "RUNNING"


def _failed(world: World, workflow_id: str) -> SetWake:
    workflow = world.ports.state.workflow(workflow_id)
    assert workflow is not None
    return failed_wake(workflow, world.clock.now())
