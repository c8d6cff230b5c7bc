"""The pytest plugin: fixtures, an option, and what a failing test shows.

It is loaded into every pytest run of a project that has this package installed, so it imports
nothing of the engine before a fixture is used.
"""

import sys
from collections.abc import Generator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from dalsegno.testing.histories import GoldenHistories
    from dalsegno.testing.workflow_test import WorkflowTest

_RECENT = "dalsegno.testing.recent"


def pytest_addoption(parser: pytest.Parser) -> None:
    """Offer to write golden histories."""
    group = parser.getgroup("dalsegno")
    group.addoption(
        "--update-histories",
        action="store_true",
        help="keep the histories of this run, instead of holding the kept ones against it",
    )


def pytest_runtest_setup() -> None:
    """Forget the runs of the test before."""
    recent = sys.modules.get(_RECENT)
    if recent is not None:
        recent.RECENT.clear()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(
    call: pytest.CallInfo[None],
) -> Generator[None, pytest.TestReport, pytest.TestReport]:
    """Show what has happened in the workflows of a test that fails."""
    report = yield
    recent = sys.modules.get(_RECENT)
    if recent is not None and report.failed:
        report.sections.extend(("workflow run", str(run)) for run in recent.RECENT)
    return report


@pytest.fixture
def workflow_test() -> "type[WorkflowTest]":
    """Return ``WorkflowTest``: ``test = workflow_test(definition)``."""
    from dalsegno.testing.workflow_test import WorkflowTest

    return WorkflowTest


@pytest.fixture
def golden_histories(request: pytest.FixtureRequest) -> "GoldenHistories":
    """Return the histories kept in the directory ``histories`` beside the test."""
    from dalsegno.testing.histories import GoldenHistories

    directory = Path(request.path).parent / "histories"
    return GoldenHistories(directory, update=bool(request.config.getoption("--update-histories")))
