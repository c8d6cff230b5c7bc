"""A server of its own process, and clients of the official Python SDK that talk to it.

With ``--conductor-url`` they talk to what is there already, with the keys that the SDKs find in
``CONDUCTOR_AUTH_KEY`` and ``CONDUCTOR_AUTH_SECRET``.
"""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from pathlib import Path
from uuid import uuid4

import pytest
from conductor.client.configuration.configuration import Configuration
from conductor.client.http.models import Workflow
from conductor.client.orkes.orkes_metadata_client import OrkesMetadataClient
from conductor.client.orkes.orkes_task_client import OrkesTaskClient
from conductor.client.orkes.orkes_workflow_client import OrkesWorkflowClient
from conductor.client.workflow.executor.workflow_executor import WorkflowExecutor

from examples.violin_shop.processes import free_port
from examples.violin_shop.server import await_answer
from tests.eventually import eventually

ROOT = Path(__file__).parents[2]
# All types of ``sdk_workers.py``, each with a process of its own.
_WORKERS = 8


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Leave out what does not speak to the server that is given."""
    if config.getoption("--conductor-url"):
        items[:] = [item for item in items if "given_url" in getattr(item, "fixturenames", ())]


@pytest.fixture(scope="session")
def given_url(request: pytest.FixtureRequest) -> str | None:
    """Return the URL of the server that is there already, without ``/api``, if there is one."""
    url: str | None = request.config.getoption("--conductor-url")
    return url and url.rstrip("/")


@pytest.fixture(scope="session")
def sdk_url(given_url: str | None) -> Iterator[str]:
    """Return the URL of a server, without ``/api``."""
    if given_url:
        yield given_url
    else:
        with _own_server() as url:
            yield url


@contextmanager
def _own_server() -> Iterator[str]:
    port = free_port()
    command = [str(Path(sys.executable).with_name("dalsegno")), "dev", "--memory"]
    process = subprocess.Popen([*command, "--port", str(port)], stdout=subprocess.DEVNULL)
    url = f"http://127.0.0.1:{port}"
    try:
        await_answer(f"{url}/health", process)
        yield url
    finally:
        process.terminate()
        process.wait(60)


@pytest.fixture(scope="session")
def sdk_workers(sdk_url: str, tasks: OrkesTaskClient) -> Iterator[None]:
    """Keep the workers of ``sdk_workers.py`` running."""
    workers = subprocess.Popen(
        [sys.executable, "-m", "tests.conformance.sdk_workers"],
        cwd=ROOT,
        env={**os.environ, "CONDUCTOR_SERVER_URL": f"{sdk_url}/api"},
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        start_new_session=True,
    )
    try:
        eventually(
            tasks.taskResourceApi.get_all_poll_data,
            lambda polls: sum(poll.queue_name.startswith("sdk_") for poll in polls) >= _WORKERS,
            within_seconds=300,
        )
        yield
    finally:
        # The SDK's own way to stop takes seconds for each worker; nothing here depends on it.
        with suppress(ProcessLookupError):
            os.killpg(workers.pid, signal.SIGKILL)
        workers.wait()


@pytest.fixture(scope="session")
def configuration(sdk_url: str) -> Configuration:
    return Configuration(base_url=sdk_url)


@pytest.fixture(scope="session")
def workflows(configuration: Configuration) -> OrkesWorkflowClient:
    return OrkesWorkflowClient(configuration)


@pytest.fixture(scope="session")
def tasks(configuration: Configuration) -> OrkesTaskClient:
    return OrkesTaskClient(configuration)


@pytest.fixture(scope="session")
def metadata(configuration: Configuration) -> OrkesMetadataClient:
    return OrkesMetadataClient(configuration)


@pytest.fixture(scope="session")
def executor(configuration: Configuration) -> WorkflowExecutor:
    return WorkflowExecutor(configuration)


@pytest.fixture
def unique() -> Callable[[str], str]:
    """Return a maker of names that no other test uses: all tests share one server."""
    return lambda prefix: f"{prefix}_{uuid4().hex[:12]}"


@pytest.fixture
def ended(workflows: OrkesWorkflowClient) -> Callable[..., Workflow]:
    """Return a function that waits for the end of a workflow and returns it with its tasks."""

    def end_of(workflow_id: str) -> Workflow:
        return eventually(
            lambda: workflows.get_workflow(workflow_id, include_tasks=True),
            lambda workflow: workflow.status not in {"RUNNING", "PAUSED"},
            within_seconds=300,
        )

    return end_of
