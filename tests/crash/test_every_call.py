"""Promise 2 to 4 of the design: whatever call a process dies at, the execution ends the same."""

import json
import re
from collections import Counter
from functools import cache
from typing import get_args

import pytest

from dalsegno_state.tasks.registry import TASK_TYPES
from dalsegno_state.writes import Write
from tests.crash.catalogue import CATALOGUE
from tests.crash.outcome import Outcome, faults_of, outcome_of
from tests.crash.places import (
    all_strikes,
    chosen,
    deaths,
    kinds_of,
    refusals,
    sampled_strikes,
)
from tests.crash.ports import READS, Side
from tests.crash.world import Hand, World

BY_NAME = {scenario.name: scenario for scenario in CATALOGUE}


@pytest.mark.parametrize("name", BY_NAME)
@pytest.mark.parametrize("repeats", [True, False], ids=["tried again", "never tried again"])
def test_workflow_ends_the_same_whatever_call_a_process_dies_at(
    name: str, *, repeats: bool, all_crashes: bool
) -> None:
    calm = calm_run(name).calls
    faults: list[str] = []
    for calls in all_strikes(calm) if all_crashes else sampled_strikes(calm, late=not repeats):
        world = World(BY_NAME[name], calls, repeats=repeats)
        world.run()
        assert calls.died_at
        faults.extend(
            f"{calls.strikes()}: {fault}"
            for fault in faults_of(world, calm_run(name, frozenset(world.lost_hands)))
        )

    assert not faults, "\n".join(faults[:20])


@pytest.mark.parametrize("name", BY_NAME)
def test_sample_strikes_each_kind_of_call_at_two_places(name: str) -> None:
    calls = calm_run(name).calls
    found = deaths(calls)
    drawn = {*chosen(found, late=False), *chosen(found, late=True)}
    refused = {*refusals(calls.names, late=False), *refusals(calls.names, late=True)}
    refused_places = Counter(name for name, _ in refused)

    assert kinds_of(chosen(found, late=False)) == kinds_of(chosen(found, late=True))
    assert kinds_of(found) == {
        (name, side)
        for name in calls.names
        for side in (Side.BEFORE, Side.AFTER)
        if side is Side.BEFORE or name not in READS
    }
    for kind in kinds_of(found):
        occurs = sum(kind in death.kinds for death in found)
        assert sum(kind in death.kinds for death in drawn) >= min(2, occurs), kind
    for name, count in calls.made.items():
        assert refused_places[name] == min(2, count) or name == "http.request"


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


def calls_of(name: str) -> list[str]:
    """Return the calls of a run without any death."""
    return calm_run(name).calls.names


@cache
def calm_run(name: str, dead_hands: frozenset[Hand] = frozenset()) -> Outcome:
    """Return what comes of a run in which nothing dies but workers having these attempts."""
    world = World(BY_NAME[name], dead_hands=dead_hands)
    world.run()
    return outcome_of(world)
