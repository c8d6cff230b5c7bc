"""The tables of what is compatible are complete, and name tests that exist."""

import inspect
from collections import Counter
from collections.abc import Iterator

import pytest
from conductor.client.automator.task_handler import TaskHandler
from conductor.client.configuration.configuration import Configuration
from conductor.client.event.event_client import EventClient
from conductor.client.http.api.event_resource_api import EventResourceApi
from conductor.client.http.api.workflow_bulk_resource_api import WorkflowBulkResourceApi
from conductor.client.orkes.orkes_service_registry_client import OrkesServiceRegistryClient
from conductor.client.orkes_clients import OrkesClients
from conductor.client.workflow.conductor_workflow import ConductorWorkflow

from dalsegno_functions.api import OPERATIONS
from dalsegno_state.tasks.registry import TASK_TYPES
from dalsegno_state.tasks.served_by_workers import TYPES_OF_WORKERS
from tests.conformance.tables import PAGES, ROOT, Row, is_there, rows, uncovered

ALL_PAGES = sorted(path.stem for path in PAGES.glob("*.md"))
SERVED = {f"{route.method} {route.path}" for route in OPERATIONS}
# Not to be had from ``OrkesClients``; what only the generated classes can do, for one.
OTHER_CLASSES = (
    ConductorWorkflow,
    EventClient,
    EventResourceApi,
    OrkesServiceRegistryClient,
    TaskHandler,
    WorkflowBulkResourceApi,
)


def python_sdk() -> Iterator[type]:
    """Yield the classes a program of the Python SDK calls the server through."""
    clients = OrkesClients(Configuration(base_url="http://127.0.0.1:1"))
    for name, getter in inspect.getmembers(clients, inspect.ismethod):
        if name.startswith("get_"):
            yield type(getter())
    yield from OTHER_CLASSES


def methods() -> set[str]:
    """Return all public methods of the Python SDK's clients, as ``Class.method``."""
    return {
        f"{client.__name__}.{name}"
        for client in python_sdk()
        for name, _ in inspect.getmembers(client, inspect.isfunction)
        if not name.startswith("_") and not name.endswith("_with_http_info")
    }


def operations() -> set[str]:
    """Return what can be done to an execution, by the last word of its path."""
    one, many = "/api/workflow/{workflowId}", "/api/workflow/bulk"
    paths = {
        route.path.removeprefix(prefix)
        for route in OPERATIONS
        for prefix in (one, many)
        if route.method != "GET" and route.path.startswith(f"{prefix}/")
    }
    return {path.split("/")[1] for path in paths}


def test_every_endpoint_has_a_row() -> None:
    assert uncovered("endpoints", SERVED) == []


def test_every_operation_has_a_row() -> None:
    assert uncovered("operations", operations()) == []


def test_every_task_type_has_a_row() -> None:
    assert uncovered("task-types", {*TASK_TYPES, *TYPES_OF_WORKERS}) == []


def test_every_method_of_the_python_sdk_has_a_row() -> None:
    assert uncovered("python-sdk", methods()) == []


def test_refused_endpoints_are_not_served() -> None:
    refused = {path for row in rows("endpoints") if row.is_refused for path in row.names}

    assert refused
    for path in refused:
        assert not [each for each in SERVED if each.split()[1].startswith(path.rstrip("*"))]


def test_rows_are_about_something() -> None:
    about = {"endpoints": SERVED, "python-sdk": methods()}
    for page, names in about.items():
        for row in rows(page):
            if page == "endpoints" and row.is_refused:
                continue
            for each in row.names:
                assert any(Row((each,), "", ()).covers(name) for name in names), each


@pytest.mark.parametrize("page", ALL_PAGES)
def test_nothing_has_two_rows(page: str) -> None:
    counts = Counter(name for row in rows(page) for name in row.names)

    assert [name for name, count in counts.items() if count > 1] == []


@pytest.mark.parametrize("page", ALL_PAGES)
def test_every_row_has_a_verdict_and_tests_that_exist(page: str) -> None:
    assert rows(page)
    for row in rows(page):
        word, _, why = row.verdict.partition(": ")
        assert word == "same" or (word in {"better", "refused"} and why), row
        assert row.tests, row
        assert [test for test in row.tests if not is_there(test)] == [], row


@pytest.mark.parametrize("page", ["python-sdk", "javascript-sdk"])
def test_a_test_that_shows_a_method_is_in_a_file_that_calls_it(page: str) -> None:
    for row in rows(page):
        for name in row.names:
            method = name.split(".")[1]
            if row.is_refused or method == "*":
                continue
            files = {ROOT / test.split(":")[0] for test in row.tests}
            assert all(f".{method}(" in file.read_text() for file in files), row


def test_no_page_puts_anything_off() -> None:
    for path in (ROOT / "docs" / "compatibility.md", *PAGES.glob("*.md")):
        assert "not yet" not in path.read_text(), path.name


def test_the_entrance_leads_to_every_page() -> None:
    entrance = (ROOT / "docs" / "compatibility.md").read_text()

    assert [page for page in ALL_PAGES if f"(compatibility/{page}.md" not in entrance] == []
