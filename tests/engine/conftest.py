"""One sandbox for all tests, a world for each."""

from collections.abc import Iterator

import pytest

from dalsegno_state.sandbox import SandboxedScripts
from tests.engine.world import World


@pytest.fixture(scope="session")
def scripts() -> Iterator[SandboxedScripts]:
    sandbox = SandboxedScripts()
    yield sandbox
    sandbox.close()


@pytest.fixture
def world(scripts: SandboxedScripts) -> Iterator[World]:
    world = World(scripts)
    yield world
    world.ports.close()
