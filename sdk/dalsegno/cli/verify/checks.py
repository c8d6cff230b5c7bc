"""The checks of ``dalsegno verify``, each named by what it runs."""

import ipaddress
import threading
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Final, TypeAlias
from urllib.parse import urlsplit

from dalsegno.cli.verify.outcome import CheckFailedError, SkippedError, expect
from dalsegno.cli.verify.trial import Trial
from dalsegno.client import Execution
from dalsegno.definitions import (
    Step,
    each,
    event,
    expression,
    http,
    inline,
    input,
    loop,
    subworkflow,
    task,
    wait,
)
from dalsegno.errors import ConflictError
from dalsegno.models import (
    Action,
    ActionType,
    EventHandler,
    IdempotencyStrategy,
    JsonValue,
    ScheduleExecutionState,
    StartWorkflowAction,
    StartWorkflowRequest,
    TaskStatus,
    WorkflowSchedule,
    WorkflowScheduleExecution,
)

_MOST_AT_ONCE: Final = 1
_LIMITED: Final = 3
_WINDOW_SECONDS: Final = 2
_WORK_SECONDS: Final = 0.3


@dataclass(frozen=True, slots=True)
class Sizes:
    """How large the checks are, and what they may use.

    Attributes:
        steps: Of each chain.
        wide: Branches of the fork.
        echo_url: What HTTP tasks call; the API's own health if absent.
        sinks: Where EVENT tasks publish to.
    """

    steps: int
    wide: int
    echo_url: str | None
    sinks: tuple[str, ...]


Check: TypeAlias = Callable[[Trial, Sizes], str]


class _Gauge:
    """Counts calls of a worker function, and how many of them run at the same time."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._running = 0
        self.most = 0
        self.times: list[float] = []

    def work(self) -> dict[str, int]:
        """Take a moment; return how many calls there have been."""
        with self._lock:
            self._running += 1
            self.most = max(self.most, self._running)
            self.times.append(time.monotonic())
        time.sleep(_WORK_SECONDS)
        with self._lock:
            self._running -= 1
            return {"call": len(self.times)}


def _definitions(trial: Trial, sizes: Sizes) -> str:
    """Register, read, change and delete a workflow and a task definition."""
    tasks, workflows = trial.client.definitions.tasks, trial.client.definitions.workflows
    defined = trial.define("defined")
    name = trial.register("definitions", task(defined, ref="step"), description="first")
    trial.register("definitions", task(defined, ref="step"), description="second")
    expect(workflows.get(name).description == "second", f"{name} has not been changed")
    tasks.delete(defined)
    workflows.delete(name, 1)
    expect(name not in workflows.names(), f"{name} is still listed after it was deleted")
    return "a workflow and a task definition were registered, changed and deleted"


def _worker_chain(trial: Trial, sizes: Sizes) -> str:
    """Run a chain of worker tasks, each with the output of the one before."""
    task_type = trial.define("work")
    refs = [f"step_{number}" for number in range(sizes.steps)]
    numbers = [input.number, *(expression(f"{ref}.output.number") for ref in refs)]
    steps = [
        task(task_type, ref=ref, number=number) for ref, number in zip(refs, numbers, strict=False)
    ]
    name = trial.register("worker_chain", steps, outputParameters={"number": str(numbers[-1])})

    def add(number: int) -> dict[str, int]:
        return {"number": number + 1}

    with trial.working(task_type, add):
        output = trial.result(trial.start(name, {"number": 0}))
    expect(output == {"number": sizes.steps}, f"{sizes.steps} steps counted to {output}")
    return f"{sizes.steps} worker tasks, each with the output of the one before"


def _http_chain(trial: Trial, sizes: Sizes) -> str:
    """Run a chain of HTTP tasks, which the server itself does."""
    url = sizes.echo_url or f"{trial.client.url}/health"
    if sizes.echo_url is None and _is_private(url):
        raise SkippedError(f"{url} is a private address: give --echo-url")
    steps = [http(url, ref=f"call_{number}") for number in range(sizes.steps)]
    execution = trial.start(trial.register("http_chain", steps))
    trial.result(execution)
    return f"{_completed(execution)} calls of {url}"


def _subworkflow_chain(trial: Trial, sizes: Sizes) -> str:
    """Run a chain of sub-workflows."""
    child = trial.register("child", inline("1 + 1", ref="sum"))
    steps = [subworkflow(child, ref=f"child_{number}") for number in range(sizes.steps)]
    execution = trial.start(trial.register("subworkflow_chain", steps))
    trial.result(execution)
    return f"{_completed(execution)} sub-workflows, one after the other"


def _loop(trial: Trial, sizes: Sizes) -> str:
    """Run the turns of a DO_WHILE with a worker task in each."""
    task_type = trial.define("turn")
    name = trial.register("loop", loop(task(task_type, ref="turn"), times=sizes.steps))
    with trial.working(task_type, lambda: {"at": time.monotonic()}):
        execution = trial.start(name)
        trial.result(execution)
    turns = _completed(execution, task_type)
    expect(turns == sizes.steps, f"{turns} turns were completed, not {sizes.steps}")
    return f"{turns} turns of a DO_WHILE"


def _fork(trial: Trial, sizes: Sizes) -> str:
    """Run a dynamic fork with a worker task in each branch."""
    task_type = trial.define("branch")
    name = trial.register("fork", each(input.numbers, task(task_type), ref="branches"))
    numbers: list[JsonValue] = list(range(sizes.wide))

    def double(input: int) -> dict[str, int]:
        return {"doubled": input * 2}

    with trial.working(task_type, double):
        execution = trial.start(name, {"numbers": numbers})
        trial.result(execution)
    done = _completed(execution, task_type)
    expect(done == sizes.wide, f"{done} branches were completed, not {sizes.wide}")
    return f"{done} branches, joined"


def _timer(trial: Trial, sizes: Sizes) -> str:
    """Wait for a timer of three seconds."""
    began_at = time.monotonic()
    trial.result(trial.start(trial.register("timer", wait(3))))
    took = time.monotonic() - began_at
    expect(took >= 3, f"a WAIT of 3 s ended after {took:.1f} s")
    return f"a WAIT of 3 s ended after {took:.1f} s"


def _sinks(trial: Trial, sizes: Sizes) -> str:
    """Publish an EVENT to each sink that was given."""
    if not sizes.sinks:
        raise SkippedError("no sink: give --sink sqs:QUEUE, sns:ARN or eventbridge:BUS")
    steps = [event(sink, ref=f"sink_{number}", run=trial.run_id)
             for number, sink in enumerate(sizes.sinks)]  # fmt: skip
    trial.result(trial.start(trial.register("sinks", steps)))
    return f"{', '.join(sizes.sinks)} took a message each"


def _event_handler(trial: Trial, sizes: Sizes) -> str:
    """Publish an EVENT to the engine, whose handler starts a workflow."""
    told = trial.register("told", inline("1", ref="one"))
    tells = trial.register("tells", event("conductor:done", ref="tell", run=trial.run_id))
    handler = trial.handler("on_done")
    trial.client.event_handlers.create(
        EventHandler(
            name=handler,
            event=f"conductor:{tells}:done",
            active=True,
            actions=[
                Action(
                    action=ActionType.START_WORKFLOW, start_workflow=StartWorkflowAction(name=told)
                )
            ],
        )
    )
    published = trial.start(tells)
    trial.result(published)
    started = trial.eventually(
        lambda: [
            execution
            for execution in trial.client.event_handlers.executions(handler)
            if execution.output.get("workflowId")
        ],
        f"{handler} has not started {told}",
    )
    trial.result(trial.client.execution(str(started[-1].output["workflowId"])))
    return "an event was handled, and a workflow started by it"


def _task_concurrency(trial: Trial, sizes: Sizes) -> str:
    """Run tasks of which one may be in progress at a time."""
    task_type, gauge = trial.define("single", concurrent_exec_limit=_MOST_AT_ONCE), _Gauge()
    name = trial.register("task_concurrency", _several(task_type))
    with trial.working(task_type, gauge.work):
        trial.result(trial.start(name, {"items": _items()}))
    expect(gauge.most == _MOST_AT_ONCE, f"{gauge.most} tasks ran at a time, not {_MOST_AT_ONCE}")
    return f"{len(gauge.times)} tasks, never more than {_MOST_AT_ONCE} at a time"


def _task_rate(trial: Trial, sizes: Sizes) -> str:
    """Run tasks of which one may begin in a window of two seconds."""
    task_type, gauge = (
        trial.define(
            "paced", rate_limit_per_frequency=1, rate_limit_frequency_in_seconds=_WINDOW_SECONDS
        ),
        _Gauge(),
    )
    name = trial.register("task_rate", _several(task_type))
    with trial.working(task_type, gauge.work):
        trial.result(trial.start(name, {"items": _items()}))
    # Three tasks begin in three windows, so that at least the whole one between them has passed.
    took = max(gauge.times) - min(gauge.times)
    expect(took >= _WINDOW_SECONDS, f"{_LIMITED} tasks began within {took:.1f} s")
    return f"{_LIMITED} tasks, 1 in {_WINDOW_SECONDS} s, began within {took:.1f} s"


def _workflow_limit(trial: Trial, sizes: Sizes) -> str:
    """Start workflows of which one may run at a time; the others wait."""
    task_type, gauge = trial.define("inside"), _Gauge()
    limit: dict[str, JsonValue] = {
        "rateLimitKey": trial.run_id,
        "concurrentExecLimit": _MOST_AT_ONCE,
    }
    name = trial.register("workflow_limit", task(task_type, ref="inside"), rateLimitConfig=limit)
    with trial.working(task_type, gauge.work):
        for execution in [trial.start(name) for _ in range(_LIMITED)]:
            trial.result(execution)
    expect(gauge.most == _MOST_AT_ONCE, f"{gauge.most} workflows ran at a time")
    return f"{_LIMITED} workflows, never more than {_MOST_AT_ONCE} at a time"


def _idempotency(trial: Trial, sizes: Sizes) -> str:
    """Start a workflow twice with one key."""
    name, key = trial.register("idempotency", inline("1", ref="one")), trial.run_id
    first, again = (
        trial.start(name, key=key, strategy=IdempotencyStrategy.RETURN_EXISTING) for _ in range(2)
    )
    expect(first.id == again.id, f"one key started {first.id} and {again.id}")
    try:
        trial.start(name, key=key, strategy=IdempotencyStrategy.FAIL)
    except ConflictError:
        trial.result(first)
        return "a key in use returned its execution, and was refused with FAIL"
    raise CheckFailedError("a key in use was taken again with FAIL")


def _cache(trial: Trial, sizes: Sizes) -> str:
    """Run a cached worker task twice with one key."""
    task_type, gauge = trial.define("cached"), _Gauge()
    step = task(task_type, ref="cached", key=input.key)
    cached = step.with_options(cache_key="${key}", cache_seconds=300)
    name = trial.register("cache", cached)
    with trial.working(task_type, gauge.work):
        outputs = [trial.result(trial.start(name, {"key": trial.run_id})) for _ in range(2)]
    calls = len(gauge.times)
    expect(calls == 1 and outputs[0] == outputs[1], f"the worker was called {calls} times")
    return "the second of two tasks took the output of the first"


def _schedule(trial: Trial, sizes: Sizes) -> str:
    """Start a workflow by a schedule that has one time left."""
    workflow = trial.register("scheduled", inline("1", ref="one"))
    name = trial.schedule("once")
    cron = "*/5 * * * * *"
    at = trial.client.schedules.preview(cron, limit=2)[-1]  # the first may be now
    trial.client.schedules.put(
        WorkflowSchedule(
            name=name,
            cron_expression=cron,
            schedule_start_time=at - 1,
            schedule_end_time=at + 1,
            start_workflow_request=StartWorkflowRequest(name=workflow),
        )
    )

    def fired() -> list[WorkflowScheduleExecution]:
        found = trial.client.schedules.executions(f"scheduleName = '{name}'")
        return [execution for execution in found if execution.scheduled_time >= at]

    (started,) = trial.eventually(fired, f"{name} has not fired")
    expect(started.state is ScheduleExecutionState.EXECUTED, f"{name} failed: {started.reason}")
    trial.result(trial.client.execution(started.workflow_id or ""))
    late = (started.execution_time - started.scheduled_time) / 1000
    return f"a schedule fired once, {late:.1f} s after its time"


CHECKS: Final[dict[str, Check]] = {
    "definitions": _definitions,
    "worker-chain": _worker_chain,
    "http-chain": _http_chain,
    "subworkflow-chain": _subworkflow_chain,
    "loop": _loop,
    "fork": _fork,
    "timer": _timer,
    "sinks": _sinks,
    "event-handler": _event_handler,
    "task-concurrency": _task_concurrency,
    "task-rate": _task_rate,
    "workflow-limit": _workflow_limit,
    "idempotency": _idempotency,
    "cache": _cache,
    "schedule": _schedule,
}


def chosen(only: Iterable[str], skip: Iterable[str]) -> list[str]:
    """Return the names of the checks to run, in their order.

    Raises:
        ValueError: There is no check of a name, or none is left.
    """
    only, skip = set(only), set(skip)
    if unknown := sorted((only | skip) - CHECKS.keys()):
        raise ValueError(f"no check {', '.join(unknown)}; there are {', '.join(CHECKS)}")
    names = [name for name in CHECKS if (not only or name in only) and name not in skip]
    if not names:
        raise ValueError("no check is left")
    return names


def _several(task_type: str) -> Step:
    return each(input.items, task(task_type), ref="several")


def _items() -> list[JsonValue]:
    return [{} for _ in range(_LIMITED)]


def _completed(execution: Execution, task_type: str | None = None) -> int:
    """Return how many tasks of an execution have completed, of one type if it is given."""
    found = execution.tasks(statuses=[TaskStatus.COMPLETED])
    return sum(1 for each in found if task_type in {None, each.task_def_name})


def _is_private(url: str) -> bool:
    host = urlsplit(url).hostname or ""
    try:
        return not ipaddress.ip_address(host).is_global
    except ValueError:
        return host == "localhost"
