"""Options of the whole suite."""

import pytest
from hypothesis import settings

# How long one example takes says nothing on a machine that others use, too.
settings.register_profile("shared machine", deadline=None)
settings.load_profile("shared machine")


def pytest_addoption(parser: pytest.Parser) -> None:
    """Offer the long forms of tests that sample by default."""
    parser.addoption(
        "--all-crashes",
        action="store_true",
        help="die at every call of every scenario, long ones included",
    )
    parser.addoption(
        "--property-cases",
        type=int,
        default=1_600,
        help="how many generated cases the property tests run in all",
    )
    parser.addoption(
        "--conductor-url",
        help="run the official SDKs against this server, without /api, not against one of our own",
    )


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with what may take longest, so that nothing waits for it at the end."""
    items.sort(key=_longest_seconds, reverse=True)


def _longest_seconds(item: pytest.Item) -> float:
    marker = item.get_closest_marker("timeout")
    return 0 if marker is None else float(marker.args[0])


@pytest.fixture
def all_crashes(request: pytest.FixtureRequest) -> bool:
    """Return whether to die at every call there is."""
    return bool(request.config.getoption("--all-crashes"))


@pytest.fixture
def property_cases(request: pytest.FixtureRequest) -> int:
    """Return how many cases to generate in all."""
    return int(request.config.getoption("--property-cases"))
