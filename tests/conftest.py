"""Options of the whole suite, and the tiers its folders belong to."""

from pathlib import Path
from typing import Final

import pytest
from hypothesis import settings

ROOT: Final = Path(__file__).parents[1]
# The tier of each folder, which is also the marker of its tests: `make quick` runs the first,
# `make test` the first two, `make test-system` the third.
TIERS: Final = {
    "tests/unit": "quick",
    "tests/decider": "quick",
    "tests/engine": "quick",
    "tests/testing": "quick",
    "tests/integration": "deep",
    "tests/contract": "deep",
    "tests/crash": "deep",
    "tests/property": "deep",
    "tests/aws": "deep",
    "tests/cdk": "deep",
    "tests/docs": "deep",
    "examples": "deep",
    "tests/conformance": "system",
    "tests/system": "system",
}

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


def pytest_configure(config: pytest.Config) -> None:
    """Declare the markers of the tiers."""
    for tier in dict.fromkeys(TIERS.values()):
        config.addinivalue_line("markers", f"{tier}: test of the {tier} tier, by its folder")


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark each test with its tier and begin with the longest tests of the slow tiers."""
    for item in items:
        item.add_marker(tier_of(item.path))
    items.sort(key=_longest_seconds, reverse=True)


def tier_of(test_file: Path) -> str:
    """Return the tier of a test file; raises LookupError for a folder without one."""
    relative = test_file.relative_to(ROOT).as_posix()
    for folder, tier in TIERS.items():
        if relative.startswith(f"{folder}/"):
            return tier
    raise LookupError(f"{relative}: its folder has no tier in tests/conftest.py")


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
