"""WAIT_FOR_WEBHOOK: wait until a request comes that fits."""

from typing import Any

import pytest

from dalsegno.errors import InvalidRequestError, UnauthorizedError
from dalsegno.models import JsonValue
from tests.engine.world import Definition, World, done, simple, system, trace


def a_wait(ref: str = "w", **inputs: Any) -> Definition:
    matches = {"$['order']['id']": "${workflow.input.order}", "$.type": "paid"}
    return system("WAIT_FOR_WEBHOOK", ref, {"webhookId": "bank", "matches": matches, **inputs})


def paid(order: JsonValue, **fields: JsonValue) -> dict[str, JsonValue]:
    return {"type": "paid", "order": {"id": order}, **fields}


def deliver(world: World, payload: JsonValue, webhook_id: str = "bank") -> int:
    count = world.engine.webhooks.deliver(webhook_id, payload)
    world.pump()
    return count


def test_request_that_fits_completes_the_task_with_its_body(world: World) -> None:
    world.register(a_wait(), simple("z", inputParameters={"n": "${w.output.amount}"}))
    first, second = (world.start(inputs={"order": n}) for n in ("A-1", "A-2"))
    assert world.trace(first) == ["WAIT_FOR_WEBHOOK:w:IN_PROGRESS"]

    assert deliver(world, paid("A-2", amount=7)) == 1

    assert world.task(second, "w").output_data == paid("A-2", amount=7)
    assert world.task(second, "z").input_data == {"n": 7}
    assert world.trace(first) == ["WAIT_FOR_WEBHOOK:w:IN_PROGRESS"]


def test_every_task_that_a_request_fits_is_completed(world: World) -> None:
    world.register(a_wait())
    world.register(
        system("WAIT_FOR_WEBHOOK", "w", {"webhookId": "bank", "matches": {"$.type": "paid"}}),
        name="any",
    )
    started = [world.start(inputs={"order": "A"}), world.start(inputs={"order": "A"})]
    started.append(world.start("any"))

    assert deliver(world, paid("A")) == 3

    assert {world.workflow(w).status for w in started} == {"COMPLETED"}


@pytest.mark.parametrize(
    "payload",
    [{}, {"type": "paid"}, {"type": "sent", "order": {"id": "A"}}, paid("B"), [], "text", None],
)
def test_request_that_does_not_fit_changes_nothing(world: World, payload: JsonValue) -> None:
    world.register(a_wait())
    w = world.start(inputs={"order": "A"})

    assert deliver(world, payload) == 0
    assert deliver(world, paid("A"), webhook_id="other") == 0

    assert world.trace(w) == ["WAIT_FOR_WEBHOOK:w:IN_PROGRESS"]


@pytest.mark.parametrize(("asked", "told"), [(5, "5"), ("5", 5), (True, "true"), (None, None)])
def test_values_are_compared_by_their_text(world: World, asked: Any, told: JsonValue) -> None:
    world.register(a_wait())
    w = world.start(inputs={"order": asked})

    deliver(world, paid(told))

    assert world.workflow(w).status == "COMPLETED"


def test_body_that_is_no_object_becomes_the_payload(world: World) -> None:
    world.register(system("WAIT_FOR_WEBHOOK", "w", {"matches": {"$[0]": "go"}}), name="simple")
    w = world.start("simple")

    deliver(world, ["go"], webhook_id="simple")  # named after the workflow, unless it says more

    assert world.task(w, "w").output_data == {"payload": ["go"]}


def test_repeated_request_completes_nothing_more(world: World) -> None:
    world.register(a_wait(), a_wait("x"))
    w = world.start(inputs={"order": "A"})
    deliver(world, paid("A", n=1))
    assert world.trace(w) == ["WAIT_FOR_WEBHOOK:w:COMPLETED", "WAIT_FOR_WEBHOOK:x:IN_PROGRESS"]

    assert deliver(world, paid("A", n=2)) == 1

    assert [task.output_data["n"] for task in world.workflow(w).tasks] == [1, 2]


def test_request_for_a_task_that_has_ended_changes_nothing(world: World) -> None:
    world.register(a_wait(), simple("z"))
    w = world.start(inputs={"order": "A"})
    world.tell(w, "w", done(by="hand"))

    deliver(world, paid("A"))

    assert world.task(w, "w").output_data == {"by": "hand"}


def test_waiting_for_months_costs_ever_fewer_looks(world: World) -> None:
    world.define("w", responseTimeoutSeconds=10)
    world.register(a_wait())
    w = world.start(inputs={"order": "A"})
    looks = 0
    for _ in range(200):
        world.clock.advance(43_200)
        looks += world.engine.sweep()
        world.pump()

    deliver(world, paid("A"))

    assert world.workflow(w).status == "COMPLETED"
    assert looks <= 400


def test_webhook_with_a_secret_wants_to_hear_it(world: World) -> None:
    world.ports.secrets.put_secret("webhook_bank", "s3cret")

    world.engine.webhooks.check("bank", "s3cret")
    world.engine.webhooks.check("open", None)
    for told in (None, "", "guess"):
        with pytest.raises(UnauthorizedError):
            world.engine.webhooks.check("bank", told)


@pytest.mark.parametrize("matches", [None, {}, "text", {"": "x"}, {"$.a[": "x"}])
def test_impossible_matches_are_refused_at_registration(world: World, matches: Any) -> None:
    with pytest.raises(InvalidRequestError) as refused:
        world.register(a_wait(matches=matches))

    assert "inputParameters.matches" in refused.value.validation_errors[0].message


def test_impossible_matches_from_an_expression_fail_for_good(world: World) -> None:
    workflow = world.run(a_wait(matches="${workflow.input.m}"), inputs={"m": {"a[": "x"}})

    assert trace(workflow) == ["WAIT_FOR_WEBHOOK:w:FAILED_WITH_TERMINAL_ERROR"]


def test_paths_may_leave_out_the_root(world: World) -> None:
    matches = {"events[0].kind": "paid", "order": "A-1"}
    world.register(a_wait(matches=matches))
    workflow_id = world.start()

    assert deliver(world, {"events": [{"kind": "paid"}], "order": "A-2"}) == 0
    assert deliver(world, {"events": [{"kind": "paid"}], "order": "A-1"}) == 1
    assert world.task(workflow_id, "w").status == "COMPLETED"


@pytest.mark.parametrize(("given", "webhook_id"), [(0, "0"), (False, "false"), (None, "flow")])
def test_webhook_may_be_named_zero_or_false(world: World, given: Any, webhook_id: str) -> None:
    world.register(a_wait(webhookId="${workflow.input.id}"))
    world.start(inputs={"id": given, "order": "A-1"})

    assert deliver(world, paid("A-1"), webhook_id) == 1
