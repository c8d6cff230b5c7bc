"""Options of the whole suite, and the tiers its folders belong to."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

import pytest
from hypothesis import settings

from tests.aws.ministack import MinistackMissingError, running

ROOT: Final = Path(__file__).parent
# The tier of each folder, which is also the marker of its tests. `make quick` runs the first tier,
# folder by folder in this order; `make test` the first two; `make test-system` the third.
TIERS: Final = {
    "tests/decider": "quick",
    "tests/unit": "quick",
    "tests/testing": "quick",
    "tests/engine": "quick",
    "tests/crash": "deep",
    "tests/property": "deep",
    "tests/contract": "deep",
    "tests/versions": "deep",
    "tests/cloud": "deep",
    "tests/aws": "deep",
    "tests/cdk": "deep",
    "tests/integration": "deep",
    "tests/docs": "deep",
    "examples": "deep",
    "tests/system": "system",
    "tests/conformance": "system",
}

# Tests that share what takes long to make, by file: one process of `--dist loadgroup` runs each
# group. Marks of xdist do not reach its scheduler with pytest 9.2.
GROUPS: Final = {
    "tests/system/test_new_user.py": "the installed wheel and the deployed stack",
    "tests/system/test_aws_local.py": "the installed wheel and the deployed stack",
    "tests/conformance/test_python_sdk_code_workflows.py": "workers of the official SDK",
    "tests/conformance/test_python_sdk_workers.py": "workers of the official SDK",
}

# How long one example takes says nothing on a machine that others use, too.
settings.register_profile("shared machine", deadline=None)
settings.load_profile("shared machine")


def pytest_addoption(parser: pytest.Parser) -> None:
    """Offer the tiers, and the long forms of tests that sample by default."""
    parser.addoption(
        "--tier",
        action="append",
        choices=tuple(dict.fromkeys(TIERS.values())),
        help="collect this tier alone; may be given several times",
    )
    parser.addoption(
        "--all-crashes",
        action="store_true",
        help="die at every call of every scenario, long ones included",
    )
    parser.addoption(
        "--property-cases",
        type=int,
        default=400,
        help="how many generated cases the property tests run in all",
    )
    parser.addoption(
        "--soak-seconds",
        type=float,
        default=0,
        help="how long random operations and kills go on at least, beyond a few rounds",
    )
    parser.addoption(
        "--conductor-url",
        help="run the official SDKs against this server, without /api, not against one of our own",
    )


def pytest_configure(config: pytest.Config) -> None:
    """Declare the markers of the tiers."""
    for tier in dict.fromkeys(TIERS.values()):
        config.addinivalue_line("markers", f"{tier}: test of the {tier} tier, by its folder")
    config.addinivalue_line(
        "markers",
        "waits(seconds): so long it does nothing, so it begins first, beside what computes",
    )


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_make_scheduler(config: pytest.Config, log: Any) -> Any:
    """Return a scheduler that keeps each of ``GROUPS`` together, for ``--dist loadgroup``."""
    from xdist.scheduler import LoadScopeScheduling

    class ByGroup(LoadScopeScheduling):
        def _split_scope(self, nodeid: str) -> str:
            return GROUPS.get(nodeid.partition("::")[0], nodeid)

    if config.getoption("dist") != "loadgroup":
        return None
    config.option.loadscopereorder = False  # the longest begin, however few they are
    return ByGroup(config, log)


def pytest_ignore_collect(collection_path: Path, config: pytest.Config) -> bool | None:
    """Leave the folders of other tiers unread, which takes most of the time of a quick run."""
    wanted = config.getoption("--tier")
    folder = folder_of(collection_path)
    return True if wanted and folder and TIERS[folder] not in wanted else None


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Mark each test with its tier, and begin with what waits or computes longest.

    Where nothing is long, the folders come in the order of ``TIERS``: the shortest tests first.
    """
    folders = list(TIERS)
    order: dict[str, tuple[float, int]] = {}
    for item in items:
        folder = folder_of(item.path)
        if folder is None:
            raise pytest.UsageError(f"{item.path}: its folder has no tier in conftest.py")
        item.add_marker(TIERS[folder])
        order[item.nodeid] = (-_longest_seconds(item), folders.index(folder))
    items.sort(key=lambda item: order[item.nodeid])


def folder_of(path: Path) -> str | None:
    """Return the folder of ``TIERS`` that a file or folder lies in, or None."""
    relative = f"{path.relative_to(ROOT).as_posix()}/" if path.is_relative_to(ROOT) else ""
    return next((folder for folder in TIERS if relative.startswith(f"{folder}/")), None)


def _longest_seconds(item: pytest.Item) -> float:
    markers = (item.get_closest_marker(name) for name in ("timeout", "waits"))
    return max((float(marker.args[0]) for marker in markers if marker is not None), default=0)


@pytest.fixture
def all_crashes(request: pytest.FixtureRequest) -> bool:
    """Return whether to die at every call there is."""
    return bool(request.config.getoption("--all-crashes"))


@pytest.fixture
def property_cases(request: pytest.FixtureRequest) -> int:
    """Return how many cases to generate in all."""
    return int(request.config.getoption("--property-cases"))


@pytest.fixture
def soak_seconds(request: pytest.FixtureRequest) -> float:
    """Return how long random operations and kills go on at least."""
    return float(request.config.getoption("--soak-seconds"))


@pytest.fixture(scope="session")
def ministack() -> Iterator[str]:
    """Return the address of an emulator of AWS, one for all tests of a process that ask for it."""
    pytest.importorskip("botocore", reason="botocore is not installed")
    try:
        with running() as address:
            yield address
    except MinistackMissingError as error:
        pytest.skip(str(error))
