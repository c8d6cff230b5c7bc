"""The AWS adapters on moto, one deployment per test."""

from collections.abc import Iterator

import pytest
from moto import mock_aws

from bench.metered import MeteredWorld, metered_world
from dalsegno_state.aws import AwsPorts
from dalsegno_state.aws.client import Clients
from dalsegno_state.sandbox import SandboxedScripts
from tests.aws.deployment import REGION, deployed
from tests.clock import ManualClock


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def ports(clock: ManualClock) -> Iterator[AwsPorts]:
    with mock_aws(), deployed("test", clock, None) as ports:
        yield ports


@pytest.fixture
def admin(ports: AwsPorts) -> Clients:
    """Return clients of an administrator, who may do everything."""
    return Clients(REGION)


@pytest.fixture(scope="session")
def scripts() -> Iterator[SandboxedScripts]:
    sandbox = SandboxedScripts()
    yield sandbox
    sandbox.close()


@pytest.fixture
def metered(scripts: SandboxedScripts) -> Iterator[MeteredWorld]:
    with metered_world(scripts) as metered:
        yield metered
