"""A server of its own process, and clients of the official Python SDK that talk to it."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from uuid import uuid4

import httpx
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


@pytest.fixture(scope="session")
def sdk_url() -> Iterator[str]:
    """Return the URL of a server, without ``/api``."""
    port = free_port()
    command = [str(Path(sys.executable).with_name("dalsegno")), "dev", "--memory"]
    process = subprocess.Popen([*command, "--port", str(port)], stdout=subprocess.DEVNULL)
    url = f"http://127.0.0.1:{port}"
    try:
        await_answer(f"{url}/health", process)
        yield url
    finally:
        process.terminate()
        process.wait(20)


@pytest.fixture(scope="session")
def sdk_workers(sdk_url: str) -> Iterator[None]:
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
            lambda: httpx.get(f"{sdk_url}/api/tasks/queue/polldata/all").json(),
            lambda polls: sum(poll["queueName"].startswith("sdk_") for poll in polls) >= _WORKERS,
            within_seconds=60,
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
        )

    return end_of
