"""Promise 3: with every message and timer lost again and again, wakes alone bring it to its end."""

from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, nullcontext
from functools import cache
from random import Random
from typing import Final

import pytest

from tests.clock import ManualClock
from tests.crash.catalogue import CATALOGUE
from tests.crash.installations import Installation, OnSqlite
from tests.crash.outcome import Outcome, faults_of, outcome_of
from tests.crash.world import Scenario, World

Install = Callable[[ManualClock], Installation]

BY_NAME: Final = {scenario.name: scenario for scenario in CATALOGUE}
CHOSEN: Final = (
    "a sequence with retries and a callback",
    "calls that are retried",
    "limits",
    "nested forks",
    "nested loops",
    "sub-workflows",
    "terminated by its owner",
    "waits and humans",
)
# After so many losses the messages are left alone, so that it ends some time.
LOSSES: Final = 20


class LossyWorld(World):
    """Loses all messages at random moments. A lost one costs time, each time more of it."""

    def __init__(self, scenario: Scenario, install: Install, seed: int) -> None:
        super().__init__(scenario, install=install)
        self._random = Random(seed)
        self.losses = 0

    def turn(self) -> bool:
        """See ``World.turn``."""
        if self.losses < LOSSES and self.place.messages() and self._random.random() < 0.5:
            self.losses += 1
            self.place.forget_messages()
        return super().turn()


def on_sqlite() -> tuple[AbstractContextManager[None], Install]:
    return nullcontext(), OnSqlite


def on_moto() -> tuple[AbstractContextManager[None], Install]:
    pytest.importorskip("moto", reason="moto is not installed")
    from tests.crash.on_moto import OnMoto, moto

    return moto(), OnMoto


@pytest.fixture(params=[on_sqlite, on_moto], ids=["sqlite", "aws-moto"])
def install(request: pytest.FixtureRequest) -> Iterator[Install]:
    context, install = request.param()
    with context:
        yield install


@pytest.mark.parametrize("name", CHOSEN)
def test_workflow_ends_the_same_though_its_queues_are_emptied_again_and_again(
    install: Install, name: str, *, all_crashes: bool
) -> None:
    seeds = 20 if all_crashes else 5 if install is OnSqlite else 1
    expected = calm_run(install, name)
    for seed in range(seeds):
        world = LossyWorld(BY_NAME[name], install, seed)
        world.run()

        assert world.losses
        faults = [fault for fault in faults_of(world, expected) if "came to rest" not in fault]
        assert faults == [], f"seed {seed}"


@cache
def calm_run(install: Install, name: str) -> Outcome:
    """Return what comes of a run in which nothing is lost."""
    world = World(BY_NAME[name], install=install)
    world.run()
    return outcome_of(world)
