"""Schemas that definitions enforce: inputs at start and at scheduling, outputs at the end."""

from typing import Any

import pytest

from dalsegno.errors import InvalidRequestError
from dalsegno.models import JsonObject
from dalsegno_state.engine.schema_documents import SCHEMA_KIND, schema_name
from tests.engine.world import World, done, fails, simple, system

POSITIVE: JsonObject = {
    "type": "object",
    "properties": {"items": {"type": "array", "items": {"type": "integer", "minimum": 1}}},
    "required": ["items"],
}


def a_schema(data: JsonObject | None = POSITIVE, kind: str = "JSON", **fields: Any) -> JsonObject:
    return {"name": "order", "version": 1, "type": kind, "data": data, **fields}


def keep(world: World, version: int, data: JsonObject) -> None:
    world.ports.documents.put(
        SCHEMA_KIND, schema_name("order", version), a_schema(data, version=version)
    )


def test_workflow_input_that_breaks_its_schema_is_refused(world: World) -> None:
    world.register(simple("a"), inputSchema=a_schema())

    with pytest.raises(
        InvalidRequestError, match=r"breaks schema order: input\.items\[1\]: the value is"
    ):
        world.start(inputs={"items": [1, 0]})
    with pytest.raises(InvalidRequestError, match='"items" is a required property'):
        world.start()

    assert world.workflow(world.start(inputs={"items": [1]})).status == "RUNNING"
    assert len(world.poll("a", count=5)) == 1


def test_workflow_input_that_the_client_has_put_elsewhere_is_checked_too(world: World) -> None:
    world.register(simple("a"), inputSchema=a_schema())
    path = "workflow/input/order.json"

    world.ports.external.write(path, b'{"items": [0]}')
    with pytest.raises(InvalidRequestError, match=r"breaks schema order: input\.items\[0\]"):
        world.start(externalInputPayloadStoragePath=path)
    world.ports.external.write(path, b'{"items": [1]}')

    assert world.start(externalInputPayloadStoragePath=path)


def test_schema_of_a_workflow_that_does_not_enforce_it_is_ignored(world: World) -> None:
    world.register(simple("a"), inputSchema=a_schema(), enforceSchema=False)

    assert world.start()


def test_workflow_whose_output_breaks_its_schema_fails(world: World) -> None:
    workflow = world.run(
        simple("a"),
        workers={"a": done(items=[0])},
        outputParameters={"items": "${a.output.items}"},
        outputSchema=a_schema(),
    )

    assert (workflow.status, workflow.output) == ("FAILED", {"items": [0]})
    assert "output.items[0]" in str(workflow.reason_for_incompletion)


@pytest.mark.parametrize("type_", ["SIMPLE", "INLINE", "WAIT"])
def test_task_whose_input_breaks_its_schema_fails_before_anybody_does_it(
    world: World, type_: str
) -> None:
    world.define("a", inputSchema=a_schema(), enforceSchema=True)
    inputs = {"items": "${workflow.input.items}", "expression": "1", "evaluatorType": "javascript"}
    world.register(system(type_, "a", inputs))

    bad, good = world.start(inputs={"items": ["x"]}), world.start(inputs={"items": [1]})

    task = world.task(bad, "a")
    assert (task.status, world.workflow(bad).status) == ("FAILED_WITH_TERMINAL_ERROR", "FAILED")
    assert "input.items[0]" in str(task.reason_for_incompletion)
    assert world.task(good, "a").status != "FAILED_WITH_TERMINAL_ERROR"


def test_retry_whose_input_breaks_its_schema_fails(world: World) -> None:
    world.define("a", inputSchema=a_schema(), enforceSchema=True, retryCount=2)
    world.register(
        system(
            "FORK_JOIN",
            "f",
            forkTasks=[
                [simple("a", inputParameters={"items": "${workflow.variables.items}"})],
                [simple("w", type="WAIT"), system("SET_VARIABLE", "v", {"items": 7})],
            ],
        ),
        system("JOIN", "j", joinOn=["a", "v"]),
        variables={"items": [1]},
    )
    w = world.start()
    task = world.take("a")
    world.tell(w, "w", done())

    world.report(task, fails())

    assert world.task(w, "a").status == "FAILED_WITH_TERMINAL_ERROR"
    assert world.task(w, "a").retry_count == 1
    assert world.workflow(w).status == "FAILED"


def test_output_that_breaks_its_schema_fails_the_task(world: World) -> None:
    world.define("a", outputSchema=a_schema(), enforceSchema=True)
    world.register(simple("a"))
    w = world.start()

    shown = world.report(world.take("a"), done(items=[1, 2, -3]))

    assert (shown.status, shown.output_data) == (
        "FAILED_WITH_TERMINAL_ERROR",
        {"items": [1, 2, -3]},
    )
    assert "output.items[2]" in str(shown.reason_for_incompletion)
    assert world.workflow(w).status == "FAILED"


def test_optional_task_that_breaks_its_schema_ends_with_errors(world: World) -> None:
    world.define("a", inputSchema=a_schema(), enforceSchema=True)
    workflow = world.run(simple("a", optional=True), simple("z"))

    assert [task.status for task in workflow.tasks] == ["COMPLETED_WITH_ERRORS", "COMPLETED"]


def test_task_schemas_are_enforced_only_if_asked_for(world: World) -> None:
    world.define("a", inputSchema=a_schema())

    assert world.run(simple("a")).status == "COMPLETED"


def test_running_workflow_keeps_the_schema_it_started_with(world: World) -> None:
    keep(world, 1, POSITIVE)
    world.define("a", outputSchema=a_schema(None), enforceSchema=True)
    world.register(simple("a"))
    w = world.start()

    keep(world, 1, {})
    world.report(world.take("a"), done())
    world.clock.advance(60.001)  # that is how long definitions are remembered

    assert world.workflow(w).status == "FAILED"
    assert world.play(world.start()).status == "COMPLETED"


def test_registered_schema_is_found_by_name_and_version(world: World) -> None:
    keep(world, 1, {})
    keep(world, 2, POSITIVE)
    world.register(simple("a"), inputSchema=a_schema(None, version=2))

    with pytest.raises(InvalidRequestError, match="required"):
        world.start()


def test_schema_that_is_not_registered_refuses_the_start(world: World) -> None:
    world.register(simple("a"), inputSchema=a_schema(None))

    with pytest.raises(InvalidRequestError, match="schema order, version 1, is not registered"):
        world.start()


def test_schema_of_a_dynamic_task_is_the_one_registered_now(world: World) -> None:
    keep(world, 1, POSITIVE)
    world.define("real", inputSchema=a_schema(None), enforceSchema=True)
    world.register(system("DYNAMIC", "d", {"name": "real"}, dynamicTaskNameParam="name"))

    assert world.task(world.start(), "d").status == "FAILED_WITH_TERMINAL_ERROR"


@pytest.mark.parametrize(
    ("schema", "fault"),
    [
        (a_schema(kind="AVRO"), "of type AVRO: only JSON schemas can be enforced"),
        (a_schema({"type": "nothing"}), "is no JSON Schema"),
        (a_schema({"$ref": "http://127.0.0.1/x"}), "Retrieval is disabled"),
        (a_schema({"$ref": "file:///etc/hosts"}), "Retrieval is disabled"),
        (a_schema({"pattern": r"(a)\1"}), "is no JSON Schema"),
    ],
    ids=["avro", "malformed", "remote", "file", "back-reference"],
)
def test_schema_that_cannot_be_enforced_is_not_registered(
    world: World, schema: JsonObject, fault: str
) -> None:
    with pytest.raises(InvalidRequestError) as refused:
        world.register(simple("a"), inputSchema=schema)
    assert fault in str(refused.value.validation_errors[0].message)
    with pytest.raises(InvalidRequestError):
        world.define("a", outputSchema=schema, enforceSchema=True)

    world.register(simple("a"), inputSchema=schema, enforceSchema=False)
    world.define("a", outputSchema=schema)


def test_hostile_pattern_takes_no_time(world: World) -> None:
    schema = a_schema({"properties": {"x": {"pattern": "^(a+)+$"}}})
    world.register(simple("a"), inputSchema=schema)

    with pytest.raises(InvalidRequestError):
        world.start(inputs={"x": "a" * 50_000 + "b"})


def test_sub_workflow_whose_input_breaks_its_schema_fails_its_task(world: World) -> None:
    world.register(simple("a"), name="child", inputSchema=a_schema())
    world.register(simple("s", type="SUB_WORKFLOW", subWorkflowParam={"name": "child"}))

    task = world.task(world.start(), "s")

    assert "breaks schema order" in str(task.reason_for_incompletion)
