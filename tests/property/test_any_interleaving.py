"""Promises 1 to 3: loss, repetition, delay, order and death change when it ends, never how."""

import pytest
from hypothesis import HealthCheck, given, note, seed, settings

from tests.crash.differences import differences
from tests.crash.digest import digest_of, leftovers
from tests.crash.world import Hand, Scenario, World
from tests.property.definitions import scenarios
from tests.property.schedules import Schedule, WildWorld, schedules

# The cases are split so that several processes may share them; each part has its own seed.
PARTS = 8


@pytest.mark.parametrize("part", range(PARTS))
def test_any_interleaving_ends_in_the_same_state(part: int, property_cases: int) -> None:
    cases = -(-property_cases // PARTS)
    ran = 0

    @seed(part)
    @settings(
        max_examples=cases,
        database=None,
        deadline=None,
        suppress_health_check=list(HealthCheck),
        print_blob=False,
    )
    @given(scenario=scenarios(), schedule=schedules())
    def ends_the_same(scenario: Scenario, schedule: Schedule) -> None:
        nonlocal ran
        ran += 1
        check(scenario, schedule)

    ends_the_same()

    assert ran >= cases


def check(scenario: Scenario, schedule: Schedule) -> None:
    """Assert that a scenario ends on a schedule as it does in calm."""
    calm = calm_run(scenario)
    world = WildWorld(scenario, schedule, len(calm.calls.names))
    world.run()
    if world.lost_hands:
        calm = calm_run(scenario, frozenset(world.lost_hands))

    note(f"died at {[world.calls.names[number] for number in world.calls.died_at]}")
    assert list(differences(digest_of(calm), digest_of(world))) == []
    assert leftovers(world) == []
    assert sorted(set(world.handed_out)) == sorted(world.handed_out)


def calm_run(scenario: Scenario, dead_hands: frozenset[Hand] = frozenset()) -> World:
    """Return the world after a run in which nothing goes wrong but that these workers die."""
    world = World(scenario, dead_hands=dead_hands)
    world.run()
    return world
