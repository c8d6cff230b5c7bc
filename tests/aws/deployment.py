"""Tables, bucket and schedule group as the stack makes them, for adapters under test.

Around them is the strict cloud: adapters may do nothing that no function of the stack may do.
"""

from collections.abc import Iterator
from contextlib import contextmanager

import bench.deployment
from bench.deployment import REGION, create_resources, create_table, environment, settings_of
from dalsegno_state.aws import AwsPorts
from dalsegno_state.ports import Clock
from tests.cloud.strict import StrictCloud, strict_cloud

__all__ = [
    "REGION",
    "create_resources",
    "create_table",
    "deployed",
    "environment",
    "settings_of",
]


@contextmanager
def deployed(
    place: str, clock: Clock, endpoint_url: str | None, cloud: StrictCloud | None = None
) -> Iterator[AwsPorts]:
    """Give the ports on a place, whose resources are made if it is new.

    Raises:
        AssertionError: Something was denied meanwhile.
    """
    cloud = cloud or strict_cloud(settings_of(place))
    with bench.deployment.deployed(place, clock, endpoint_url, [cloud.watch]) as ports:
        yield ports
        cloud.judge.expect_nothing_denied()
