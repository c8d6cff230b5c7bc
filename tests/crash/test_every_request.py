"""The same promises on AWS: at each request a process may die, be refused, or hear no answer."""

from collections.abc import Iterator, Mapping
from functools import cache, partial
from itertools import chain, zip_longest
from typing import Final, TypeAlias, TypeVar

import pytest

pytest.importorskip("moto", reason="moto is not installed")

from tests.crash.catalogue import CATALOGUE, task, workflow
from tests.crash.on_moto import READS, OnMoto, Trouble, moto
from tests.crash.outcome import Outcome, faults_of, outcome_of
from tests.crash.ports import Calls, Side
from tests.crash.world import Hand, Scenario, World

T = TypeVar("T")
K = TypeVar("K")

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
# Its client looks into the database to see whether a webhook is entered.
_ON_SQLITE_ONLY: Final = "system tasks"
BY_NAME: Final = {
    scenario.name: scenario
    for scenario in (*CATALOGUE, SECRETS)
    if scenario.name != _ON_SQLITE_ONLY
}
# Together these make every request that the adapters make. All others only with --all-crashes.
CHOSEN: Final = (
    "a sequence with retries and a callback",
    "a dynamic fork of listed tasks",
    "a loop over items that keeps the last turns",
    "large payloads",
    "limits",
    "secrets and environment values",
    "terminated by its owner",
    "waits and humans",
)
# So many places in all are tried, of each kind of request as many, unless --all-crashes is given.
MOST_DEATHS: Final = 16
MOST_TROUBLES: Final = 12

# A scenario by its name, and the number of a request in it.
Place: TypeAlias = tuple[str, int]


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
    most = None if all_crashes else MOST_DEATHS
    faults: list[str] = []
    for number, side in deaths(name, most, odd=repeats):
        calls = Calls(crashes={number: side})
        world = World(BY_NAME[name], calls, repeats=repeats, install=OnMoto)
        world.run()
        assert calls.died_at == [number]
        expected = calm_run(name, frozenset(world.lost_hands))
        where = f"{side} request {number}, {calls.names[number]}"
        faults.extend(f"{where}: {fault}" for fault in faults_of(world, expected))

    assert not faults, "\n".join(faults[:20])


@pytest.mark.parametrize("trouble", Trouble)
def test_trouble_with_a_request_is_nobodys_but_the_adapters(
    name: str, trouble: Trouble, *, all_crashes: bool
) -> None:
    most = None if all_crashes else MOST_TROUBLES
    faults: list[str] = []
    for number in requests(name, most):
        world = World(BY_NAME[name], install=partial(OnMoto, troubles={number: trouble}))
        world.run()
        where = f"{trouble} at request {number}, {world.calls.names[number]}"
        if world.refusals and trouble is not Trouble.OUTAGE:
            faults.append(f"{where}: a caller was told")
        faults.extend(f"{where}: {fault}" for fault in faults_of(world, calm_run(name)))

    assert not faults, "\n".join(faults[:20])


def test_chosen_scenarios_make_every_request_that_executions_make() -> None:
    made = set(chain.from_iterable(calm_run(name).calls for name in CHOSEN))

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


def deaths(name: str, most: int | None, *, odd: bool) -> list[tuple[int, Side]]:
    """Return where to die in a scenario. Dying after a read is dying before what comes next."""
    kinds: dict[tuple[str, Side], list[Place]] = {}
    for place, call in requests_of(name, most):
        for side in (Side.BEFORE, Side.AFTER) if call not in READS else (Side.BEFORE,):
            kinds.setdefault((call, side), []).append(place)
    drawn = {(place, side) for (place, (_, side)) in spread(kinds, most, odd=odd)}
    return sorted((number, side) for (scenario, number), side in drawn if scenario == name)


def requests(name: str, most: int | None) -> list[int]:
    """Return which requests of a scenario to have trouble with."""
    kinds: dict[str, list[Place]] = {}
    for place, call in requests_of(name, most):
        kinds.setdefault(call, []).append(place)
    drawn = {place for place, _ in spread(kinds, most, odd=False)}
    return sorted(number for scenario, number in drawn if scenario == name)


def requests_of(name: str, most: int | None) -> Iterator[tuple[Place, str]]:
    """Yield the requests that are drawn from: those of all chosen scenarios, or all of one."""
    for scenario in CHOSEN if most is not None else [name]:
        for number, call in enumerate(calm_run(scenario).calls):
            if not call.startswith("http."):
                yield (scenario, number), call


def spread(kinds: Mapping[K, list[Place]], most: int | None, *, odd: bool) -> list[tuple[Place, K]]:
    """Return at most so many places with their kinds: one of each kind, then another of each.

    What the even ones have no room for, the odd ones begin with.
    """
    turns = zip_longest(
        *([(place, kind) for place in evenly(places, odd=odd)] for kind, places in kinds.items())
    )
    drawn = [
        place for turn in turns for place in (reversed(turn) if odd else turn) if place is not None
    ]
    return drawn[:most]


def evenly(places: list[T], *, odd: bool) -> Iterator[T]:
    """Yield the middle one, then those at a quarter and at three, and so on, each once."""
    seen: set[int] = set()
    step = len(places)
    while len(seen) < len(places):
        for index in range(step // 2, len(places), max(step, 1)):
            if index not in seen:
                seen.add(index)
                yield places[-1 - index if odd else index]
        step = step // 2
