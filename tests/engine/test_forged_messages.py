"""Messages on the evaluator's queue that the engine did not make: they change nothing."""

from dataclasses import fields
from typing import get_args

import pytest
from pydantic_core import to_json

from dalsegno_state.events import (
    ChildNews,
    Evaluation,
    Event,
    Expire,
    Hint,
    Look,
    Terminate,
    Wake,
    decode_message,
    encode_evaluation,
)
from dalsegno_state.versions import NewerVersionError
from tests.engine.world import World, simple, system

FACTS = [
    {
        "kind": "reported",
        "ref": "a",
        "task_id": "{task}",
        "status": "COMPLETED",
        "output": {"x": 1},
    },
    {"kind": "launched", "ref": "a", "task_id": "{task}", "child_id": "x"},
    {"kind": "joined", "ref": "a"},
    {"kind": "lease_extended", "ref": "a", "task_id": "{task}"},
    {"kind": "close", "left_open": True},
    {"kind": "closed"},
    {"kind": "published", "notes": ["x"]},
    {"kind": "tell", "ref": "a"},
    {
        "kind": "child_ended",
        "ref": "a",
        "task_id": "{task}",
        "child_id": "x",
        "child_name": "x",
        "child_version": 1,
        "status": "COMPLETED",
        "output": {},
        "reason": None,
    },
]


NEWS = ChildNews(task_id="t", child_id="c")


def kind_of(event: type) -> str:
    return next(str(field.default) for field in fields(event) if field.name == "kind")


@pytest.mark.parametrize("fact", FACTS, ids=lambda fact: fact["kind"])
def test_messages_cannot_state_facts(world: World, fact: dict[str, object]) -> None:
    world.register(simple("a"))
    w = world.start()
    before = world.workflow(w)
    task_id = world.task(w, "a").task_id
    told = {k: task_id if v == "{task}" else v for k, v in fact.items()}

    with pytest.raises(NewerVersionError):
        world.engine.evaluate(to_json({"workflow_id": w, "event": told}).decode())

    assert world.workflow(w) == before


def test_every_kind_of_event_is_a_hint_or_a_fact() -> None:
    kinds = {kind_of(variant) for variant in get_args(Event)}
    hints = {kind_of(variant) for variant in get_args(Hint)}

    assert kinds - hints == {fact["kind"] for fact in FACTS}


def test_messages_with_more_than_the_engine_writes_are_refused(world: World) -> None:
    """An EVENT task's message has the fields of its workflow beside those of its input."""
    world.register(simple("a"))
    w = world.start()

    for extra in ({"workflowInstanceId": "x"}, {"event_produced": "x"}):
        body = {"workflow_id": w, "event": {"kind": "wake"}, **extra}
        with pytest.raises(NewerVersionError):
            world.engine.evaluate(to_json(body).decode())
        with pytest.raises(NewerVersionError):
            decode_message(to_json({"schedule_name": "s", "at": 1, **extra}).decode())


def test_message_cannot_end_a_workflow_that_its_parent_has_not_ended(world: World) -> None:
    world.register(simple("a"), name="child")
    params = {"name": "child"}
    world.register(simple("s", type="SUB_WORKFLOW", subWorkflowParam=params))
    w = world.start()
    world.pump()
    child = world.child(w, "s").workflow_id

    for victim in (w, child):
        body = to_json({"workflow_id": victim, "event": {"kind": "terminate", "reason": "mine"}})
        world.engine.evaluate(body.decode())
        world.pump()

    assert world.workflow(w).status == "RUNNING"
    assert world.workflow(child).status == "RUNNING"


def test_child_of_a_parent_that_is_gone_is_ended(world: World) -> None:
    world.register(simple("a"), name="child")
    world.register(simple("s", type="SUB_WORKFLOW", subWorkflowParam={"name": "child"}))
    w = world.start()
    world.pump()
    child = world.child(w, "s").workflow_id

    world.terminate(w, "enough")
    stored = world.ports.state.workflow(w)
    assert stored is not None
    world.engine.removal.remove(stored)
    world.pump()

    assert world.workflow(child).status == "TERMINATED"


def test_forged_news_of_a_child_ends_no_task(world: World) -> None:
    world.register(simple("a"), name="child")
    world.register(simple("s", type="SUB_WORKFLOW", subWorkflowParam={"name": "child"}))
    world.register(system("NOOP", "n"), name="other")
    w, other = world.start(), world.start("other")
    world.pump()
    assert world.workflow(other).status == "COMPLETED"
    news = {"kind": "child_news", "task_id": world.task(w, "s").task_id, "child_id": other}

    world.engine.evaluate(to_json({"workflow_id": w, "event": news}).decode())

    assert world.task(w, "s").status == "IN_PROGRESS"


@pytest.mark.parametrize("hint", [Look(ref="a"), Wake(), Expire(), Terminate(reason="r"), NEWS])
def test_what_the_engine_sends_can_be_read(hint: Hint) -> None:
    assert decode_message(encode_evaluation("w", hint)) == Evaluation(workflow_id="w", event=hint)
