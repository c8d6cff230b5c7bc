"""Functions may do all that workflows of every kind need, each with the rights of its role."""

from collections.abc import Iterator

import pytest

pytest.importorskip("moto", reason="moto is not installed")
pytest.importorskip("aws_cdk", reason="the extra cdk is not installed")

from tests.crash.on_moto import OnMoto, moto
from tests.crash.test_every_request import BY_NAME
from tests.crash.world import World


@pytest.fixture(scope="module", autouse=True)
def on_moto() -> Iterator[None]:
    with moto():
        yield


@pytest.mark.parametrize("name", sorted(BY_NAME))
def test_nothing_that_a_scenario_needs_is_denied(name: str) -> None:
    world = World(BY_NAME[name], install=OnMoto)

    world.run()  # it raises what was denied

    assert world.has_ended()
