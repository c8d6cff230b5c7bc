"""maskedFields: readers see that there is a value, workers see the value."""

import json

import pytest

from dalsegno.models import JsonObject, TaskResult, TaskResultStatus
from dalsegno_state.external_paths import PayloadType, new_path
from dalsegno_state.ports import TaskQuery, WorkflowQuery
from tests.engine.world import Inputs, World, done, simple, system

CARD = "4111"
WORKFLOW_INPUT, TASK_OUTPUT = PayloadType.WORKFLOW_INPUT, PayloadType.TASK_OUTPUT


@pytest.fixture
def w(world: World) -> str:
    world.register(
        simple("a", inputParameters={"card": "${workflow.input.order.card}", "plain": 1}),
        system("SET_VARIABLE", "v", {"card": "${a.output.deep}"}),
        simple("b", inputParameters={"kept": "${workflow.variables.card}"}),
        maskedFields=["card"],
        outputParameters={"card": "${a.input.card}", "n": "${a.output.n}"},
    )
    return world.start(inputs={"order": {"card": CARD, "others": [{"card": CARD}]}})


def test_worker_gets_the_value_and_nobody_else_does(world: World, w: str) -> None:
    task = world.take("a")
    assert task.input_data == {"card": CARD, "plain": 1}
    world.report(task, done(deep=[{"card": CARD}], n=1))

    taken = world.take("b")
    assert taken.input_data == {"kept": [{"card": CARD}]}
    assert world.task(w, "b").input_data == {"kept": [{"card": "***"}]}
    world.report(taken, done())

    workflow = world.workflow(w)
    assert workflow.input == {"order": {"card": "***", "others": [{"card": "***"}]}}
    assert workflow.output == {"card": "***", "n": 1}
    assert workflow.variables == {"card": "***"}
    assert workflow.tasks[0].input_data == {"card": "***", "plain": 1}


def test_no_reading_call_shows_the_value(world: World, w: str) -> None:
    world.report(world.take("a"), done(deep=[{"card": CARD}], card=CARD))
    queries = world.engine.queries
    task_id = world.task(w, "a").task_id

    shown = [
        queries.workflow(w, include_tasks=True),
        queries.status(w, include_output=True),
        queries.tasks(w, start=0, count=10, statuses=frozenset()),
        queries.task(task_id),
        queries.search(WorkflowQuery()),
        queries.search_v2(WorkflowQuery()),
        queries.blocking_task(w, frozenset({"a"})),
    ]

    assert not [type(each) for each in shown if each and CARD in each.to_wire_json().decode()]


@pytest.mark.parametrize("name", ["_secrets", "_masked"])
def test_fields_that_ask_for_it_by_their_names_are_masked(world: World, name: str) -> None:
    world.register(
        simple("a", inputParameters={name: {"card": "${workflow.input.card}"}}),
        outputParameters={"deep": [{name: CARD}]},
    )
    w = world.start(inputs={name: CARD, "card": [{name: {"n": CARD}}]})
    task = world.take("a")
    world.report(task, done(**{name: [CARD]}))

    assert task.input_data[name] == {"card": [{name: {"n": CARD}}]}
    workflow = world.workflow(w)
    assert workflow.input == {name: "***", "card": [{name: "***"}]}
    assert workflow.output == {"deep": [{name: "***"}]}
    assert workflow.tasks[0].input_data == workflow.tasks[0].output_data == {name: "***"}


def test_masked_value_cannot_be_found_by_guessing(world: World, w: str) -> None:
    world.report(world.take("a"), done(deep=[{"card": CARD}], card=CARD, n=1))
    queries = world.engine.queries

    assert queries.search(WorkflowQuery(text=CARD)).total_hits == 0
    assert queries.search_tasks(TaskQuery(text=CARD)).total_hits == 0
    assert queries.search(WorkflowQuery(text=w)).total_hits == 1


def test_workflow_that_masks_from_its_next_version_on_is_searched_no_more(world: World) -> None:
    world.register(simple("a"))
    w = world.start(inputs={"card": CARD})
    world.register(simple("a"), version=2, maskedFields=["card"])

    world.upgrade(w, version=2)

    assert world.engine.queries.search(WorkflowQuery(text=CARD)).total_hits == 0


@pytest.mark.parametrize(
    ("fields", "payload"),
    [({"maskedFields": ["card"]}, {"card": CARD, "n": 1}), ({}, {"_secrets": CARD, "n": 1})],
    ids=["masked field", "secret by its name"],
)
def test_path_of_a_payload_that_is_masked_is_not_told(
    world: World, fields: Inputs, payload: JsonObject
) -> None:
    given, made = (new_path(kind, bytes(16)) for kind in (WORKFLOW_INPUT, TASK_OUTPUT))
    world.register(simple("a"), simple("b"), **fields)
    for path in (given, made):
        world.ports.external.write(path, json.dumps(payload).encode())
    w = world.start(externalInputPayloadStoragePath=given)
    task = world.take("a")
    world.engine.tasks.update(
        TaskResult(
            workflow_instance_id=w,
            task_id=task.task_id,
            status=TaskResultStatus.COMPLETED,
            external_output_payload_storage_path=made,
        )
    )
    world.pump()

    queries, every = world.engine.queries, WorkflowQuery(start=0, size=10)
    shown = [
        world.workflow(w),
        queries.whole(w),
        queries.task(task.task_id),
        *queries.tasks(w, start=0, count=10, statuses=frozenset()).results,
        *queries.search(every).results,
        *queries.search_tasks(TaskQuery(start=0, size=10)).results,
    ]

    texts = [each.to_wire_json().decode() for each in shown]
    assert not any(path in text for path in (given, made) for text in texts)
    assert not any(CARD in text for text in texts)
    assert world.workflow(w).input["n"] == 1
    assert world.task(w, "a").output_data["n"] == 1


def test_path_of_a_payload_that_is_not_masked_is_told(world: World) -> None:
    path = new_path(WORKFLOW_INPUT, bytes(16))
    world.register(simple("a"), maskedFields=["card"])
    world.ports.external.write(path, b'{"n": 1}')

    w = world.start(externalInputPayloadStoragePath=path)

    assert world.workflow(w).external_input_payload_storage_path == path
