"""Two starts with one key make one execution, whatever call the process dies at."""

from collections.abc import Iterator
from contextlib import closing

import pytest

from dalsegno.errors import ConflictError, NotFoundError
from dalsegno.models import StartWorkflowRequest, WorkflowDef
from dalsegno_state.engine import Engine
from dalsegno_state.ports import Ports, WorkflowQuery
from dalsegno_state.sqlite import open_ports
from tests.clock import ManualClock
from tests.crash.ports import READS, Calls, CrashError, Side, dying_http, dying_ports
from tests.crash.world import Service, the_scripts

STRATEGIES = ["FAIL", "RETURN_EXISTING", "FAIL_ON_RUNNING"]


@pytest.mark.parametrize("strategy", STRATEGIES)
@pytest.mark.parametrize("beside", [False, True], ids=["alone", "beside another start"])
def test_start_that_died_is_found_by_the_next(strategy: str, *, beside: bool) -> None:
    """With ``beside`` another start comes through before any call of the first."""
    for number, side in places(strategy):
        with closing(open_ports(None, ManualClock())) as ports:
            calls = Calls({number: side})
            answers: list[str | None] = []
            if beside:
                calls.interrupt = lambda p=ports, a=answers: a.append(start(p, Calls(), strategy))
            answers.append(start(ports, calls, strategy))
            answers.append(start(ports, Calls(), strategy))

            assert calls.died_at in ([number], [])
            (stored,) = ports.state.search(WorkflowQuery())[1]
            assert set(answers) <= {stored.workflow_id, None}
            assert stored.workflow_id in answers or strategy != "RETURN_EXISTING"


@pytest.mark.parametrize("archive", [True, False])
def test_removal_that_died_can_be_repeated_and_frees_the_key(*, archive: bool) -> None:
    for number in range(12):
        with closing(open_ports(None, ManualClock())) as ports:
            first = start(ports, Calls(), "FAIL")
            assert first is not None
            engine_of(ports, Calls()).executions.terminate(first, None)
            for calls in (Calls({number: Side.AFTER}), Calls()):
                remove(ports, calls, first, archive=archive)

            assert start(ports, Calls(), "FAIL") not in (None, first)


def places(strategy: str) -> Iterator[tuple[int, Side]]:
    """Yield every call of a start, and the sides of it to die on."""
    calls = Calls()
    with closing(open_ports(None, ManualClock())) as ports:
        start(ports, calls, strategy)
    for number, name in enumerate(calls.names):
        yield number, Side.BEFORE
        if name not in READS:
            yield number, Side.AFTER


def start(ports: Ports, calls: Calls, strategy: str) -> str | None:
    """Start a workflow with a key; return its id, None if that is refused or the process dies."""
    ports.definitions.put_workflow_def(
        WorkflowDef.model_validate(
            {"name": "flow", "tasks": [{"name": "a", "taskReferenceName": "a"}]}
        )
    )
    request = StartWorkflowRequest.model_validate(
        {"name": "flow", "idempotencyKey": "k", "idempotencyStrategy": strategy}
    )
    try:
        return engine_of(ports, calls).executions.start(request)
    except (CrashError, ConflictError):
        return None


def remove(ports: Ports, calls: Calls, workflow_id: str, *, archive: bool) -> None:
    """Remove a workflow, unless the process dies of it or it is gone already."""
    if ports.state.workflow(workflow_id) is None:
        return
    try:
        engine_of(ports, calls).executions.remove(workflow_id, archive=archive)
    except (CrashError, NotFoundError):
        return


def engine_of(ports: Ports, calls: Calls) -> Engine:
    """Return an engine whose process may die."""
    http = dying_http(Service({}, ports.clock), calls)
    return Engine(dying_ports(ports, calls), the_scripts(), http)
