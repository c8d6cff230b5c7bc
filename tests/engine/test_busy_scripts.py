"""What becomes of workflows while all interpreters of scripts are busy."""

from collections.abc import Mapping

import pytest
from pydantic import JsonValue

from dalsegno_state.engine import EVALUATOR_QUEUE
from dalsegno_state.sandbox import SandboxedScripts
from dalsegno_state.scripts import Scripts, ScriptsBusyError
from tests.engine.world import World, done, simple, system


class Busy:
    """A sandbox that is busy when the test says so, and notes on whose behalf it is asked."""

    def __init__(self, scripts: Scripts) -> None:
        self.scripts = scripts
        self.is_busy = False
        self.names: set[str] = set()

    def on_behalf_of(self, name: str) -> Scripts:
        self.names.add(name)
        return self

    def javascript(self, source: str, inputs: Mapping[str, JsonValue]) -> JsonValue:
        self._take()
        return self.scripts.javascript(source, inputs)

    def function_body(self, source: str, inputs: Mapping[str, JsonValue]) -> JsonValue:
        self._take()
        return self.scripts.function_body(source, inputs)

    def jq(self, query: str, document: JsonValue) -> list[JsonValue]:
        self._take()
        return self.scripts.jq(query, document)

    def schema_errors(self, schema: str, values: list[JsonValue]) -> list[JsonValue]:
        self._take()
        return self.scripts.schema_errors(schema, values)

    def syntax_error(self, source: str) -> str | None:
        self._take()
        return self.scripts.syntax_error(source)

    def _take(self) -> None:
        if self.is_busy:
            raise ScriptsBusyError


SUM = {"evaluatorType": "javascript", "expression": "1 + 1"}


@pytest.fixture
def busy(scripts: SandboxedScripts) -> Busy:
    return Busy(scripts)


@pytest.fixture
def busy_world(busy: Busy) -> World:
    return World(busy)


def test_start_is_acknowledged_and_the_evaluator_does_the_script_later(
    busy: Busy, busy_world: World
) -> None:
    busy_world.register(system("INLINE", "a", SUM), simple("b"))

    busy.is_busy = True
    workflow_id = busy_world.start()
    assert busy_world.trace(workflow_id) == []
    busy.is_busy = False
    busy_world.advance(2)

    assert busy_world.workflow(workflow_id).tasks[0].output_data["result"] == 2
    assert busy.names == {"flow"}


def test_report_is_stored_at_once_and_what_follows_comes_later(
    busy: Busy, busy_world: World
) -> None:
    busy_world.register(simple("a"), system("INLINE", "b", SUM))
    workflow_id = busy_world.start()

    busy.is_busy = True
    busy_world.report(busy_world.take("a"), done(x=1))
    assert busy_world.task(workflow_id, "a").status == "COMPLETED"
    assert busy_world.workflow(workflow_id).status == "RUNNING"
    busy.is_busy = False
    busy_world.advance(2)

    assert busy_world.workflow(workflow_id).status == "COMPLETED"


def test_evaluator_that_finds_scripts_busy_tries_again_after_a_while(
    busy: Busy, busy_world: World
) -> None:
    busy_world.register(system("INLINE", "a", SUM))
    busy.is_busy = True
    workflow_id = busy_world.start()

    for _ in range(3):
        busy_world.advance(1)
        assert busy_world.workflow(workflow_id).status == "RUNNING"
        sizes = busy_world.ports.queues.sizes([EVALUATOR_QUEUE])
        assert sizes, "the look is still to be done"
    busy.is_busy = False
    busy_world.advance(2)

    assert busy_world.workflow(workflow_id).status == "COMPLETED"
