"""Promise 2 to 4 of the design: whatever call a process dies at, the execution ends the same."""

import json
import re
from collections.abc import Iterator, Sequence
from functools import cache
from typing import get_args

import pytest

from dalsegno_state.tasks.registry import TASK_TYPES
from dalsegno_state.writes import Write
from tests.crash.catalogue import CATALOGUE
from tests.crash.outcome import Outcome, faults_of, outcome_of
from tests.crash.ports import READS, Calls, Side
from tests.crash.world import Hand, World

# A scenario with more places to die at is sampled evenly, unless --all-crashes is given.
MOST_RUNS = 64

BY_NAME = {scenario.name: scenario for scenario in CATALOGUE}


@pytest.mark.parametrize("name", BY_NAME)
@pytest.mark.parametrize("repeats", [True, False], ids=["tried again", "never tried again"])
def test_workflow_ends_the_same_whatever_call_a_process_dies_at(
    name: str, *, repeats: bool, all_crashes: bool
) -> None:
    scenario = BY_NAME[name]
    calm = calm_run(name)
    places = list(places_to_die(calm.calls))
    chosen = places if all_crashes else sample(places, MOST_RUNS, upper=repeats)

    died_at: set[tuple[int, Side]] = set()
    faults: list[str] = []
    for number, side in chosen:
        world = World(scenario, Calls(crashes={number: side}), repeats=repeats)
        world.run()
        died_at.update((number, side) for number in world.calls.died_at)
        faults.extend(
            f"{side} call {number}, {calm.calls[number]}: {fault}"
            for fault in faults_of(world, calm_run(name, frozenset(world.lost_hands)))
        )

    assert not faults, "\n".join(faults[:20])
    assert died_at == set(chosen)
    if len(chosen) == len(places):
        assert {number for number, _ in died_at} == set(range(len(calm.calls)))


def test_catalogue_uses_every_task_type() -> None:
    used: set[str] = set()
    for scenario in CATALOGUE:
        used.update(re.findall(r'"type": "(\w+)"', json.dumps(scenario.definitions)))

    assert used >= set(TASK_TYPES)


def test_catalogue_calls_everything_that_changes_something() -> None:
    called = {name.split(" ")[0] for scenario in CATALOGUE for name in calls_of(scenario.name)}
    writes = {name for scenario in CATALOGUE for name in calls_of(scenario.name)}

    assert called >= {
        "state.create_workflow",
        "state.commit",
        "state.arrive",
        "queues.send",
        "queues.receive",
        "queues.delete",
        "queues.postpone",
        "payloads.put",
        "limits.acquire_slot",
        "limits.release_slot",
        "limits.acquire_rate",
        "definitions.put_snapshot",
        "http.request",
    }
    kinds = {f"state.commit {write.__name__}" for write in get_args(Write)}
    assert kinds <= writes


def calls_of(name: str) -> tuple[str, ...]:
    """Return the calls of a run without any death."""
    return calm_run(name).calls


def places_to_die(names: Sequence[str]) -> Iterator[tuple[int, Side]]:
    """Yield every call with each side of it that makes a difference, and its refusal.

    Dying after a call that only reads is dying before the next one.
    """
    for number, name in enumerate(names):
        yield number, Side.BEFORE
        if name not in READS:
            yield number, Side.AFTER
        if name != "http.request":
            yield number, Side.REFUSED


def sample(places: list[tuple[int, Side]], most: int, *, upper: bool) -> list[tuple[int, Side]]:
    """Return at most so many of the places, evenly spread: every second one of twice as many."""
    if len(places) <= most:
        return places
    fractions = (2 * index + upper for index in range(most))
    return [places[fraction * len(places) // (2 * most)] for fraction in fractions]


@cache
def calm_run(name: str, dead_hands: frozenset[Hand] = frozenset()) -> Outcome:
    """Return what comes of a run in which nothing dies but workers having these attempts."""
    world = World(BY_NAME[name], dead_hands=dead_hands)
    world.run()
    return outcome_of(world)
