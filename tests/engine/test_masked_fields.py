"""maskedFields: readers see that there is a value, workers see the value."""

import pytest

from dalsegno_state.ports import WorkflowQuery
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
