"""Long chains of functions go on: Lambda takes what comes through one 17 times for a loop."""

from collections.abc import Iterator
from typing import Any

import pytest

pytest.importorskip("moto", reason="moto is not installed")

import botocore.session
from moto.core.models import botocore_stubber

from tests.aws.deployment import REGION, environment
from tests.cloud.judge import Judge
from tests.cloud.policies import Statement
from tests.cloud.strict import LONGEST_CHAIN, StrictCloud
from tests.cloud.template import Function
from tests.crash.catalogue import http, loop, task, turns, workflow
from tests.crash.on_moto import OnMoto, moto
from tests.crash.world import Scenario, World

LENGTH = 40


CALLS = Scenario(
    "calls one after another", [workflow("calls", *(http(f"c{n}", "/c") for n in range(LENGTH)))]
)
TURNS = Scenario(
    "a loop of calls", [workflow("turns", loop("l", turns("l", LENGTH), http("c", "/c")))]
)
CHILDREN = Scenario(
    "sub-workflows one after another",
    [
        workflow(
            "parent",
            *(
                task(f"s{n}", "SUB_WORKFLOW", subWorkflowParam={"name": "child"})
                for n in range(LENGTH // 2)
            ),
        ),
        workflow("child", http("c", "/c")),
    ],
)


@pytest.fixture(scope="module", autouse=True)
def on_moto() -> Iterator[None]:
    with moto():
        yield


@pytest.mark.parametrize("scenario", [CALLS, TURNS, CHILDREN], ids=lambda each: each.name)
def test_long_chains_are_not_taken_for_loops(scenario: Scenario) -> None:
    world = World(scenario, install=OnMoto)

    world.run()  # it raises what was dropped

    assert world.workflow().status.value == "COMPLETED"
    assert world.elapsed_seconds < 60  # nothing had to wait for a wake


@pytest.mark.parametrize(("may_recur", "runs"), [(False, LONGEST_CHAIN), (True, 20)])
def test_a_chain_is_dropped_where_it_is_not_allowed(*, may_recur: bool, runs: int) -> None:
    """The rule itself, for a function whose client hands the lineage on as botocore does."""
    everything = Statement(allows=True, actions=("*",), resources=("*",))
    cloud = StrictCloud(Judge({"F": Function((everything,), may_recur=may_recur, sources=())}))
    with environment(None):
        sqs: Any = botocore.session.get_session().create_client("sqs", region_name=REGION)
    sqs.meta.events.unregister("before-send", botocore_stubber)
    sqs.meta.events.register(
        "before-send",
        lambda event_name, request, **_: cloud.carry(
            event_name, request, lambda: botocore_stubber(event_name, request)
        ),
    )
    url = sqs.create_queue(QueueName="chain")["QueueUrl"]
    sqs.send_message(QueueUrl=url, MessageBody="0")
    ran = 0
    for _ in range(20):
        with cloud.running("F"):
            for message in sqs.receive_message(QueueUrl=url).get("Messages", []):
                sqs.send_message(QueueUrl=url, MessageBody="next")
                sqs.delete_message(QueueUrl=url, ReceiptHandle=message["ReceiptHandle"])
                ran += 1

    assert ran == runs
    assert bool(cloud.dropped) is not may_recur
