"""maskedFields: readers see that there is a value, workers see the value."""

import pytest

from dalsegno_state.ports import TaskQuery, WorkflowQuery
from tests.engine.world import World, done, simple, system

CARD = "4111"


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
