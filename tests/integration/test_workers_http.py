"""Worker functions that poll a server over HTTP."""

import asyncio
import threading
import time
from collections.abc import Callable
from typing import Any
from urllib.parse import parse_qs, urlsplit

import httpx
import pytest
from pydantic import BaseModel

from dalsegno import Fail, Input, Retry, TaskContext, Worker, WorkflowFailedError, worker
from dalsegno.client import Dalsegno
from dalsegno.workers import Polling, WorkerFunction
from tests.eventually import eventually
from tests.misbehaving import Answer, Behaviour, Drop, Forward, Garble, misbehaving
from tests.tcp_proxy import proxied

SHORT = Polling(wait_seconds=0.2)
LEASE_SECONDS = 6  # renewed when over by half or so, which a machine under load is late for
Played = Callable[..., str]
Run = dict[str, Any]


class Order(BaseModel):
    number: int


class Receipt(BaseModel):
    text: str


def a_task(name: str, **fields: Any) -> dict[str, Any]:
    return {"name": name, "taskReferenceName": "it", "type": "SIMPLE", **fields}


@pytest.fixture
def begin(
    api: httpx.Client, register: Callable[..., str], start: Callable[..., str]
) -> Callable[..., str]:
    """Return a function that starts a workflow of one task and returns its id."""

    def begin_one(function: WorkerFunction[Any, Any], **fields: Any) -> str:
        definition = {"name": function.task_type, "retryDelaySeconds": 0, **fields.pop("task", {})}
        api.post("/metadata/taskdefs", json=[definition]).raise_for_status()
        name = register(a_task(function.task_type, inputParameters=fields))
        return start(name)

    return begin_one


@pytest.fixture
def ended(api: httpx.Client) -> Callable[[str], list[Run]]:
    """Return a function that waits for a workflow's end and returns its tasks, all attempts."""

    def await_end(workflow_id: str) -> list[Run]:
        found = eventually(
            lambda: api.get(f"/workflow/{workflow_id}").json(), lambda it: it["status"] != "RUNNING"
        )
        tasks: list[Run] = found["tasks"]
        return tasks

    return await_end


def named(a_name: Callable[[str], str], function: Callable[..., Any], **options: Any) -> Any:
    """Return a worker of a type that no other test uses."""
    return worker(a_name(function.__name__), **options)(function)


def test_types_go_in_and_out_and_lines_become_logs(
    server_url: str, api: httpx.Client, a_name: Any, begin: Played, ended: Any
) -> None:
    def charge(order: Order, task: TaskContext, by: str = "card") -> Receipt:
        task.logger.info("charging %s", order.number)
        return Receipt(text=f"{order.number} by {by}")

    charged = named(a_name, charge)
    with Worker(charged, url=server_url, polling=SHORT):
        (done,) = ended(begin(charged, order={"number": 7}))

    assert done["outputData"] == {"text": "7 by card"}
    (line,) = api.get(f"/tasks/{done['taskId']}/log").json()
    assert line["log"] == "charging 7"


def test_wrong_input_fails_for_good_and_failures_are_tried_again(
    server_url: str, a_name: Any, begin: Played, ended: Any
) -> None:
    def strict(number: int) -> None: ...

    def flaky(task: TaskContext) -> int:
        if task.attempt < 3:
            raise Fail("not yet")
        return task.attempt

    picky, patient = named(a_name, strict), named(a_name, flaky)
    with Worker(picky, patient, url=server_url, polling=SHORT):
        (refused,) = ended(begin(picky, number="many"))
        attempts = ended(begin(patient))

    assert refused["status"] == "FAILED_WITH_TERMINAL_ERROR"
    assert "number: Input should be a valid integer" in refused["reasonForIncompletion"]
    assert [attempt["status"] for attempt in attempts] == ["FAILED", "FAILED", "COMPLETED"]
    assert attempts[-1]["outputData"] == {"result": 3}


def test_retry_after_a_time_brings_the_same_attempt_back_with_what_it_had_told(
    server_url: str, a_name: Any, begin: Played, ended: Any
) -> None:
    def patient(task: TaskContext) -> list[Any]:
        if task.deliveries == 1:
            task.progress(page=1)
            raise Retry("not yet", after_seconds=1)
        return [task.saved_progress, task.attempt]

    function = named(a_name, patient)
    with Worker(function, url=server_url, polling=SHORT):
        (done,) = ended(begin(function))

    assert done["outputData"] == {"result": [{"page": 1}, 1]}
    assert (done["retryCount"], done["pollCount"]) == (0, 2)


@pytest.mark.waits(LEASE_SECONDS * 1.5)
def test_long_task_keeps_its_lease(
    server_url: str, api: httpx.Client, a_name: Any, begin: Played, ended: Any
) -> None:
    def silent() -> str:
        time.sleep(LEASE_SECONDS * 1.5)
        return "done"

    def telling(task: TaskContext) -> str:
        task.progress(percent=40)
        return silent()

    functions = [named(a_name, silent), named(a_name, telling)]
    with (
        Worker(*functions, url=server_url, polling=SHORT),
        Worker(*functions, url=server_url, polling=SHORT),  # would take them if it could
    ):
        ids = [
            begin(function, task={"responseTimeoutSeconds": LEASE_SECONDS})
            for function in functions
        ]
        eventually(
            lambda: api.get(f"/workflow/{ids[1]}").json()["tasks"][0]["outputData"],
            lambda output: output == {"percent": 40},
        )
        runs = [ended(workflow_id) for workflow_id in ids]

    for (done,) in runs:
        assert (done["status"], done["retryCount"]) == ("COMPLETED", 0)
        assert (done["pollCount"], done["outputData"]["result"]) == (1, "done")


def test_functions_see_that_their_task_is_not_open_any_more(
    server_url: str, api: httpx.Client, a_name: Any, begin: Played
) -> None:
    seen: dict[str, bool] = {}
    begun = threading.Barrier(3)

    def blocking(task: TaskContext) -> None:
        begun.wait(60)
        while not task.cancelled:
            time.sleep(0.01)
        seen["blocking"] = True
        task.raise_if_cancelled()

    async def awaiting() -> None:
        await asyncio.to_thread(begun.wait, 60)
        try:
            await asyncio.sleep(90)
        except asyncio.CancelledError:
            seen["awaiting"] = True
            raise

    functions = [named(a_name, blocking), named(a_name, awaiting)]
    with Worker(*functions, url=server_url, polling=SHORT, look_seconds=0.1):
        ids = [begin(function) for function in functions]
        begun.wait(60)
        for workflow_id in ids:
            api.delete(f"/workflow/{workflow_id}").raise_for_status()
        eventually(lambda: len(seen), lambda count: count == 2)


def test_never_more_at_once_than_there_are_slots_and_no_poll_asks_for_more(
    server_url: str, a_name: Any, begin: Played, ended: Any
) -> None:
    lock, at_once, most = threading.Lock(), 0, 0

    def count(number: int) -> None:
        nonlocal at_once, most
        with lock:
            at_once += 1
            most = max(most, at_once)
        time.sleep(0.05)
        with lock:
            at_once -= 1

    function = named(a_name, count, concurrency=3)
    ids = [begin(function, number=number) for number in range(20)]
    with proxied(urlsplit(server_url).port or 0) as proxy:
        with Worker(function, url=proxy.url, polling=SHORT):
            for workflow_id in ids:
                ended(workflow_id)
        polls = [parse_qs(urlsplit(line).query) for line in proxy.lines() if "/poll/" in line]

    assert most == 3
    assert {int(poll["count"][0]) for poll in polls} <= {1, 2, 3}
    assert len(polls) < 20  # slots that become free together share a poll


def test_async_functions_are_done_a_hundred_at_once(
    server_url: str, a_name: Any, begin: Played, ended: Any
) -> None:
    arrived, everybody = 0, asyncio.Event()

    async def meet() -> None:
        nonlocal arrived
        arrived += 1
        if arrived == 100:
            everybody.set()
        await everybody.wait()  # for ever, if fewer than a hundred are done at once

    function = named(a_name, meet, concurrency=100)
    ids = [begin(function) for _ in range(100)]
    with Worker(function, url=server_url, polling=SHORT):
        for workflow_id in ids:
            ended(workflow_id)


def test_whole_input_and_domain(server_url: str, api: httpx.Client, a_name: Any) -> None:
    def north(everything: Input[dict[str, int]]) -> int:
        return sum(everything.values())

    function = named(a_name, north, domain="north")
    name = a_name("flow")
    task = a_task(function.task_type, inputParameters={"a": 1, "b": 2})
    api.post("/metadata/workflow", json={"name": name, "version": 1, "tasks": [task]})
    with Worker(function, url=server_url, polling=SHORT), Dalsegno(server_url) as client:
        execution = client.start(name, task_to_domain={function.task_type: "north"})

        assert execution.result(timeout_seconds=60) == {"result": 3}


def test_failure_reaches_whoever_waits(server_url: str, api: httpx.Client, a_name: Any) -> None:
    def steal() -> None:
        raise Fail("card is stolen", terminal=True)

    function, name = named(a_name, steal), a_name("flow")
    definition = {"name": name, "version": 1, "tasks": [a_task(function.task_type)]}
    api.post("/metadata/workflow", json=definition)
    with (
        Worker(function, url=server_url, polling=SHORT),
        Dalsegno(server_url) as client,
        pytest.raises(WorkflowFailedError, match="card is stolen"),
    ):
        client.start(name).result(timeout_seconds=60)


def test_what_is_not_done_in_the_time_of_grace_is_given_to_another_worker(
    server_url: str, a_name: Any, begin: Played, ended: Any
) -> None:
    gate, begun = threading.Event(), threading.Event()

    def wait() -> str:
        begun.set()
        gate.wait(60)
        return "done"

    function = named(a_name, wait)
    first = Worker(function, url=server_url, polling=SHORT, grace_seconds=0.1)
    first.start()
    workflow_id = begin(function)
    assert begun.wait(60)
    first.stop()
    gate.set()
    with Worker(function, url=server_url, polling=SHORT):
        (done,) = ended(workflow_id)

    assert (done["retryCount"], done["pollCount"]) == (0, 2)


@pytest.mark.parametrize(
    "misfortunes",
    [
        [Answer(401, '{"message": "no"}'), Answer(403, '{"message": "no"}')],
        [Answer(500, '{"message": "oops"}'), Answer(503, "busy"), Answer(429, "busy")],
        [Answer(404, "<html>no such page</html>"), Garble(), Drop()],
    ],
    ids=["not let in", "not now", "nothing that makes sense"],
)
def test_result_is_sent_until_it_is_taken(
    server_url: str, a_name: Any, begin: Played, ended: Any, misfortunes: list[Behaviour]
) -> None:
    runs: list[str] = []

    def pack(task: TaskContext) -> str:
        runs.append(task.task_id)
        return "parcel"

    packing = named(a_name, pack)
    with misbehaving() as between:
        between.chooses(
            lambda seen: (
                misfortunes.pop(0) if seen.method == "POST" and misfortunes else Forward(server_url)
            )
        )
        with Worker(packing, url=between.url, polling=SHORT):
            (done,) = ended(begin(packing))

    assert done["outputData"] == {"result": "parcel"}
    assert runs == [done["taskId"]]


def test_result_of_a_workflow_that_was_removed_is_given_up(
    server_url: str,
    api: httpx.Client,
    a_name: Any,
    begin: Played,
    caplog: pytest.LogCaptureFixture,
) -> None:
    working, gone = threading.Event(), threading.Event()

    def pack() -> None:
        working.set()
        assert gone.wait(60)

    packing = named(a_name, pack)
    with Worker(packing, url=server_url, polling=SHORT):
        workflow_id = begin(packing)
        assert working.wait(60)
        remove = f"/workflow/{workflow_id}/terminate-remove?archiveWorkflow=false"
        api.delete(remove).raise_for_status()
        gone.set()
        eventually(lambda: "never will be" in caplog.text, bool)

    assert f"of task {workflow_id}" in caplog.text


def test_result_that_is_too_large_fails_for_good_and_says_so(
    server_url: str, a_name: Any, begin: Played, ended: Any
) -> None:
    def much() -> str:
        return "x" * 10_600_000

    function = named(a_name, much)
    with Worker(function, url=server_url, polling=SHORT):
        (failed,) = ended(begin(function))

    assert failed["status"] == "FAILED_WITH_TERMINAL_ERROR"
    assert "Put what is large elsewhere" in failed["reasonForIncompletion"]
