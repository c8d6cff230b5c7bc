"""The same promises on AWS: at each request a process may die, be refused, or hear no answer."""

from collections import Counter
from collections.abc import Iterator
from functools import cache, partial
from itertools import chain
from typing import Final

import pytest

pytest.importorskip("moto", reason="moto is not installed")

from tests.crash.catalogue import CATALOGUE, loop, task, task_def, turns, workflow
from tests.crash.on_moto import READS, OnMoto, Trouble, moto
from tests.crash.outcome import Outcome, faults_of, outcome_of
from tests.crash.places import Death, Kind, chosen, deaths, kinds_of, refusals
from tests.crash.ports import Calls, NthCall
from tests.crash.world import FAILED, Hand, Scenario, World

SECRETS: Final = Scenario(
    "secrets and environment values",
    [
        workflow(
            "secretive",
            task("a", inputParameters={"e": "${workflow.env.region}"}),
            task("b", inputParameters={"s": "${workflow.secrets.token}"}),
        )
    ],
)
SHORT_LOOP: Final = Scenario(
    "a short loop that keeps its last turn",
    [workflow("short", loop("l", turns("l", 3), task("a"), inputParameters={"keepLastN": 1}))],
    task_defs=[task_def("a")],
    results={"a__1": [FAILED]},  # so that more than one item is deleted at once
)
# Its client looks into the database to see whether a webhook is entered.
_ON_SQLITE_ONLY: Final = "system tasks"
BY_NAME: Final = {
    scenario.name: scenario
    for scenario in (*CATALOGUE, SECRETS, SHORT_LOOP)
    if scenario.name != _ON_SQLITE_ONLY
}
# Together these make every request that the adapters make. All others only with --all-crashes.
CHOSEN: Final = (
    "a short loop that keeps its last turn",
    "large payloads",
    "limits",
    "secrets and environment values",
    "terminated by its owner",
    "waits and humans",
)


@pytest.fixture(scope="module", autouse=True)
def on_moto() -> Iterator[None]:
    with moto():
        yield


def pytest_generate_tests(metafunc: pytest.Metafunc) -> None:
    if "name" in metafunc.fixturenames:
        everything = metafunc.config.getoption("--all-crashes")
        metafunc.parametrize("name", sorted(BY_NAME) if everything else CHOSEN)


@pytest.mark.parametrize("repeats", [True, False], ids=["tried again", "never tried again"])
def test_workflow_ends_the_same_whatever_request_a_process_dies_at(
    name: str, *, repeats: bool, all_crashes: bool
) -> None:
    faults: list[str] = []
    for death in all_deaths(name) if all_crashes else sampled_deaths(name)[repeats::2]:
        calls = Calls(crashes={death.number: death.side})
        world = World(BY_NAME[name], calls, repeats=repeats, install=OnMoto)
        world.run()
        assert calls.died_at == [death.number]
        expected = calm_run(name, frozenset(world.lost_hands))
        faults.extend(f"{calls.strikes()}: {fault}" for fault in faults_of(world, expected))

    assert not faults, "\n".join(faults[:20])


def test_sample_strikes_each_kind_of_request_in_each_scenario_and_twice_in_all() -> None:
    occurs: Counter[Kind] = Counter()
    struck: Counter[Kind] = Counter()
    for name in CHOSEN:
        drawn = sampled_deaths(name)
        occurs.update(kind for death in all_deaths(name) for kind in death.kinds)
        struck.update(kind for death in drawn for kind in death.kinds)

        assert kinds_of(drawn) == kinds_of(all_deaths(name))
        assert len(set(drawn)) == len(drawn)

    assert {kind for kind in occurs if struck[kind] < min(2, occurs[kind])} == set()


@pytest.mark.parametrize("trouble", Trouble)
def test_trouble_with_a_request_is_nobodys_but_the_adapters(
    name: str, trouble: Trouble, *, all_crashes: bool
) -> None:
    faults: list[str] = []
    for befallen in each_request(name) if all_crashes else two_of_each_kind(name):
        install = partial(OnMoto, troubles=dict.fromkeys(befallen, trouble))
        world = World(BY_NAME[name], install=install)
        world.run()
        where = f"{trouble} at requests {befallen}"
        if world.refusals and trouble is not Trouble.OUTAGE:
            faults.append(f"{where}: a caller was told")
        faults.extend(f"{where}: {fault}" for fault in faults_of(world, calm_run(name)))

    assert not faults, "\n".join(faults[:20])


def test_chosen_scenarios_make_every_request_that_executions_make() -> None:
    made = set(chain.from_iterable(calm_run(name).calls.names for name in CHOSEN))

    assert made == {
        "dynamodb.BatchGetItem",
        "dynamodb.BatchWriteItem",
        "dynamodb.DeleteItem",
        "dynamodb.GetItem",
        "dynamodb.PutItem",
        "dynamodb.Query",
        "dynamodb.UpdateItem",
        "s3.GetObject",
        "s3.PutObject",
        "scheduler.CreateSchedule",
        "secrets-manager.GetSecretValue",
        "sqs.ChangeMessageVisibility",
        "sqs.CreateQueue",
        "sqs.DeleteMessageBatch",
        "sqs.GetQueueUrl",
        "sqs.ReceiveMessage",
        "sqs.SendMessageBatch",
        "ssm.GetParameter",
    }


@cache
def calm_run(name: str, dead_hands: frozenset[Hand] = frozenset()) -> Outcome:
    """Return what comes of a run in which nothing fails but workers having these attempts."""
    world = World(BY_NAME[name], dead_hands=dead_hands, install=OnMoto)
    world.run()
    return outcome_of(world)


def all_deaths(name: str) -> list[Death]:
    """Return every way to die in a scenario."""
    return deaths(calm_run(name).calls, READS)


def sampled_deaths(name: str) -> list[Death]:
    """Return deaths that strike each kind of a scenario once, and twice what others do not have.

    Half of them are tried again, the other half never.
    """
    found = all_deaths(name)
    others = chain.from_iterable(all_deaths(other) for other in CHOSEN if other != name)
    rare = kinds_of(found) - kinds_of(others)
    late = [death for death in chosen(found, late=True) if death.kinds & rare]
    return [*dict.fromkeys([*chosen(found, late=False), *late])]


def two_of_each_kind(name: str) -> Iterator[list[NthCall]]:
    """Yield once the first request of each kind and a later one: adapters outlive all of them."""
    names = calm_run(name).calls.names
    yield [*refusals(names, late=False), *refusals(names, late=True)]


def each_request(name: str) -> Iterator[list[NthCall]]:
    """Yield each request of a scenario alone."""
    made: Counter[str] = Counter()
    for request in calm_run(name).calls.names:
        yield [(request, made[request])]
        made[request] += 1
