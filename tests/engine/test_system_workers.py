"""System workers: what their errors, their deaths and slow services mean for tasks."""

import threading
from collections.abc import Callable
from typing import Any

import pytest

from dalsegno.errors import UnavailableError
from dalsegno.models import StartWorkflowRequest
from dalsegno_state.engine.effects.aws_lambda import InvokeFunction
from dalsegno_state.engine.effects.event import PublishEvent
from dalsegno_state.engine.effects.get_workflow import ReadWorkflow
from dalsegno_state.engine.effects.http import HttpCall
from dalsegno_state.engine.effects.http_poll import HttpPolling
from dalsegno_state.engine.effects.kafka_publish import SendRecord
from dalsegno_state.engine.effects.pull_workflow_messages import PullMessages
from dalsegno_state.engine.effects.shares import Shares
from dalsegno_state.engine.effects.wait_for_webhook import EnterWebhook
from dalsegno_state.engine.effects.work import Effect, Work
from dalsegno_state.ports import HttpReply
from tests.engine.world import Definition, World, system, trace
from tests.eventually import eventually

URL = "https://example.org/orders"
CALL = {"uri": URL, "method": "GET"}
RECORD = {"bootStrapServers": "b:9092", "topic": "t", "value": 1}
TASKS: dict[type[Effect], Definition] = {
    InvokeFunction: system("AWS_LAMBDA", "t", {"functionName": "f"}),
    PublishEvent: {**system("EVENT", "t"), "sink": "conductor"},
    ReadWorkflow: system("GET_WORKFLOW", "t", {"id": "x"}),
    HttpCall: system("HTTP", "t", CALL),
    HttpPolling: system(
        "HTTP_POLL", "t", {"http_request": {**CALL, "terminationCondition": "true"}}
    ),
    SendRecord: system("KAFKA_PUBLISH", "t", {"kafka_request": RECORD}),
    PullMessages: system("PULL_WORKFLOW_MESSAGES", "t", {"batchSize": 1}),
    EnterWebhook: system("WAIT_FOR_WEBHOOK", "t", {"webhookId": "w", "matches": {"$.a": 1}}),
}
WITH_LEASE = [effect for effect in TASKS if effect not in (PullMessages, EnterWebhook)]


class PoweredOffError(BaseException):
    """The process is gone."""


def raising(error: BaseException) -> Callable[..., Any]:
    def perform(self: Effect, work: Work) -> None:
        raise error

    return perform


def test_every_effect_is_here() -> None:
    assert set(Effect.__subclasses__()) == TASKS.keys()


# -- errors ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("effect", TASKS)
@pytest.mark.parametrize(
    "error", [RuntimeError("boom"), ValueError("boom"), RecursionError("boom"), KeyError("boom")]
)
def test_error_that_nobody_thought_of_fails_the_attempt_with_its_reason(
    world: World, monkeypatch: pytest.MonkeyPatch, effect: type[Effect], error: Exception
) -> None:
    monkeypatch.setattr(effect, "perform", raising(error))

    task = world.run(TASKS[effect]).tasks[0]

    assert task.status == "FAILED"
    assert task.reason_for_incompletion == f"{type(error).__name__}: {error}"


def test_error_that_nobody_thought_of_is_retried_as_the_definition_says(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(HttpCall, "perform", raising(RuntimeError("boom")))
    world.define("t", retryCount=2)

    assert trace(world.run(TASKS[HttpCall])) == ["HTTP:t:FAILED"] * 3


@pytest.mark.parametrize("effect", WITH_LEASE)
def test_error_in_a_lease_does_not_keep_a_task_in_progress(
    world: World, monkeypatch: pytest.MonkeyPatch, effect: type[Effect]
) -> None:
    w = start(world, effect)
    with monkeypatch.context() as died:
        died.setattr(effect, "perform", raising(PoweredOffError()))
        with pytest.raises(PoweredOffError):
            world.pump()
    monkeypatch.setattr(effect, "lease_ms", raising(ValueError("no lease")))
    monkeypatch.setattr(effect, "perform", raising(RuntimeError("boom")))

    for _ in range(5):
        world.advance(60)

    assert world.task(w, "t").status == "FAILED"


def start(world: World, effect: type[Effect]) -> str:
    """Start a workflow of one task that no system worker has seen yet."""
    world.register(TASKS[effect])
    return world.engine.executions.start(StartWorkflowRequest(name="flow"))


@pytest.mark.parametrize("output", [{"x": object()}, {"x": {1: {2}}}], ids=["object", "set"])
def test_result_that_is_no_json_fails_the_attempt(
    world: World, monkeypatch: pytest.MonkeyPatch, output: Any
) -> None:
    monkeypatch.setattr(HttpCall, "perform", lambda self, work: work.completed(output))

    assert trace(world.run(TASKS[HttpCall])) == ["HTTP:t:FAILED"]


def test_outage_is_no_failure(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.http.replies[URL] = [HttpReply(status_code=200, reason_phrase="OK")]
    w = start(world, HttpCall)
    with monkeypatch.context() as outage:
        outage.setattr(HttpCall, "perform", raising(UnavailableError("busy")))
        with pytest.raises(UnavailableError):
            world.pump()

    for _ in range(5):
        world.advance(60)

    assert world.trace(w) == ["HTTP:t:COMPLETED"]


# -- deaths ---------------------------------------------------------------------------------------


@pytest.mark.parametrize("effect", WITH_LEASE)
def test_task_that_takes_its_workers_down_does_so_a_few_times_only(
    world: World, monkeypatch: pytest.MonkeyPatch, effect: type[Effect]
) -> None:
    deaths = 0

    def dies(self: Effect, work: Work) -> None:
        nonlocal deaths
        deaths += 1
        raise PoweredOffError

    monkeypatch.setattr(effect, "perform", dies)
    w = start(world, effect)

    for _ in range(40):
        try:
            world.advance(60)
        except PoweredOffError:
            continue

    task = world.task(w, "t")
    assert deaths == 4
    assert (task.status, task.poll_count) == ("FAILED_WITH_TERMINAL_ERROR", 5)
    assert task.reason_for_incompletion == "The workers that were at it have died 4 times"


def test_one_worker_is_at_a_task_however_long_it_takes(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    entered, over = threading.Semaphore(0), threading.Event()

    def slow(self: HttpCall, work: Work) -> Any:
        entered.release()
        over.wait(30)
        return work.completed({})

    monkeypatch.setattr(HttpCall, "perform", slow)
    w = start(world, HttpCall)
    first = threading.Thread(target=world.pump, daemon=True)
    first.start()
    assert entered.acquire(timeout=20)

    for _ in range(20):  # far beyond the lease, each time with messages for others
        world.clock.advance(60)
        world.engine.sweep()
        world.engine.run_system_task(world.task(w, "t").task_id)
    assert not entered.acquire(blocking=False)

    over.set()
    first.join(20)
    assert world.trace(w) == ["HTTP:t:COMPLETED"]


@pytest.mark.parametrize("effect", WITH_LEASE)
def test_task_without_a_definition_has_a_response_timeout(
    world: World, monkeypatch: pytest.MonkeyPatch, effect: type[Effect]
) -> None:
    """Whatever keeps it in progress: here an outage that does not end."""
    monkeypatch.setattr(effect, "perform", raising(UnavailableError("busy")))
    w = start(world, effect)

    def wait(seconds: float) -> None:
        world.clock.advance(seconds)
        for step in (world.pump, world.engine.sweep, world.pump):
            try:
                step()
            except UnavailableError:
                continue

    wait(0)
    assert world.task(w, "t").status == "IN_PROGRESS"
    for _ in range(12):
        wait(400)

    assert world.workflow(w).tasks[0].status == "TIMED_OUT"


# -- slow services --------------------------------------------------------------------------------


def test_host_has_no_more_than_its_share_of_workers() -> None:
    shares = Shares(limit=2)
    with shares.of("a") as a, shares.of("b") as b, shares.of("c") as c, shares.of("d") as d:
        assert (a.take("slow"), b.take("slow"), d.take("quick")) == (None, None, None)
        assert a.take("slow") is None  # it has one already
        assert (c.take("slow") or 0) >= 1_000

    with shares.of("c") as c:
        assert c.take("slow") is None


def test_waiting_tasks_ask_more_seldom_the_more_there_are() -> None:
    shares = Shares(limit=1)
    with shares.of("first") as first:
        first.take("slow")
        delays = []
        for number in range(5_000):
            with shares.of(str(number)) as share:
                delays.append(share.take("slow") or 0)

    assert delays == sorted(delays)
    assert (delays[0], delays[-1]) == (1_010, 30_000)


def test_slow_host_leaves_workers_to_the_others(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    entered, over = threading.Semaphore(0), threading.Event()

    def answered(self: HttpCall, work: Work) -> Any:
        if self.shared_by(work) == "slow.test":
            entered.release()
            over.wait(60)
        return work.completed({})

    monkeypatch.setattr(HttpCall, "perform", answered)
    world.register(system("HTTP", "t", {"uri": "${workflow.input.uri}", "method": "GET"}))

    def begin(uri: str) -> str:
        request = StartWorkflowRequest(name="flow", input={"uri": uri})
        w = world.engine.executions.start(request)
        return world.task(w, "t").task_id

    slow = [begin(f"http://slow.test/{n}") for n in range(12)]
    threads = [
        threading.Thread(target=world.engine.run_system_task, args=(task_id,), daemon=True)
        for task_id in slow
    ]
    for thread in threads:
        thread.start()
    eventually(lambda: sum(t.is_alive() for t in threads), lambda alive: alive == 8)

    quick = begin("http://quick.test/")
    world.engine.run_system_task(quick)
    assert world.engine.tasks.get(quick).status == "COMPLETED"
    assert [world.engine.tasks.get(t).status for t in slow].count("SCHEDULED") == 4

    over.set()
    for thread in threads:
        thread.join(20)
    world.advance(60)
    assert {world.engine.tasks.get(t).status for t in slow} == {"COMPLETED"}
