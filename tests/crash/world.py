"""A small installation in one process: stored state, workers, clients, time, and deaths."""

import json
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache, partial
from typing import Any, Final, TypeAlias
from unittest.mock import patch

from dalsegno.errors import ConductorError, UnavailableError
from dalsegno.models import (
    JsonObject,
    JsonValue,
    StartWorkflowRequest,
    Task,
    TaskDef,
    TaskResult,
    TaskResultStatus,
    Workflow,
    WorkflowDef,
)
from dalsegno_state.draft import Tools
from dalsegno_state.engine import EVALUATOR_QUEUE, SYSTEM_QUEUES, Engine, runner
from dalsegno_state.engine.effects.absent import NoPublisher
from dalsegno_state.execution import TaskState, WorkflowState
from dalsegno_state.ids import EVENTS_QUEUE
from dalsegno_state.ports import HttpCallError, HttpReply, Message, Ports, Queues, Services
from dalsegno_state.sandbox import SandboxedScripts
from dalsegno_state.scripts import Scripts
from tests.clock import ManualClock
from tests.crash.installations import Installation, OnSqlite
from tests.crash.ports import Calls, CrashError, dying_functions, dying_http

ROOT: Final = "0190f000-0000-7000-8000-000000000000"
_RESULTS: Final = "_results"
_VISIBILITY_SECONDS: Final = 30
_MOST_ROUNDS: Final = 5_000

# One handing out of one attempt: path of its workflow, its id within that, its poll count.
Hand: TypeAlias = tuple[str, str, int]


@dataclass(frozen=True)
class Result:
    """What a worker reports of one attempt."""

    status: TaskResultStatus = TaskResultStatus.COMPLETED
    output: JsonObject | None = None
    reason: str | None = None
    callback_after_seconds: int = 0


DONE: Final = Result()
FAILED: Final = Result(TaskResultStatus.FAILED, {}, "no luck")
DEAD_END: Final = Result(TaskResultStatus.FAILED_WITH_TERMINAL_ERROR, {}, "no use")
SILENCE: Final = None


@dataclass(frozen=True)
class Step:
    """Something a client does once the execution has come so far.

    Attributes:
        when: Asked whenever nothing else is to be done for the moment.
        do: The request; repeated by a client that got no answer.
        took: Whether the request has had its effect, answered or not.
    """

    when: Callable[["World"], bool]
    do: Callable[["World"], object]
    took: Callable[["World"], bool]


@dataclass(frozen=True)
class Scenario:
    """A definition, and what the world around it does.

    Attributes:
        definitions: The first is started; the others are there for it.
        results: What workers report, by full reference or as the definition spells it: the
            first entry for the first attempt they get to work on in workflows of that name, and
            so on; then they complete. ``SILENCE`` is a worker that never reports.
        steps: What clients do, in this order.
        held: Task types that no worker polls before so many steps are done.
        replies: What the remote service answers, in order, by path; the last one from then on.
        inline_bytes: Payloads longer than this are kept beside their items.
        writes_per_decision: How many writes make a decision long enough.
        patience_seconds: How much later than in calm it may come to rest: a busy wake, its
            repetition, and the doubt of it; where the news is lost on a workflow that has long
            been idle, up to its next wake.
    """

    name: str
    definitions: Sequence[JsonObject]
    task_defs: Sequence[JsonObject] = ()
    input: JsonObject = field(default_factory=dict)
    results: Mapping[str, Sequence[Result | None]] = field(default_factory=dict)
    steps: Sequence[Step] = ()
    held: Mapping[str, int] = field(default_factory=dict)
    replies: Mapping[str, Sequence[int]] = field(default_factory=dict)
    task_to_domain: Mapping[str, str] = field(default_factory=dict)
    inline_bytes: int = 8 * 1024
    writes_per_decision: int | None = None
    patience_seconds: int = 900


class Service:
    """See ``HttpClient``: answers by script and remembers who called."""

    def __init__(self, replies: Mapping[str, Sequence[int]], clock: ManualClock) -> None:
        self._replies = replies
        self._clock = clock
        self._late_at = clock.now() + 60_000
        self.calls: list[str] = []

    def request(
        self,
        method: str,
        url: str,
        *,
        headers: dict[str, str],
        body: bytes | None,
        connect_timeout_seconds: float,
        read_timeout_seconds: float,
        exchange_timeout_seconds: float,
        confidential: frozenset[str],
    ) -> HttpReply:
        """See ``HttpClient.request``; the answer depends on the attempt the caller names."""
        token = headers["Idempotency-Key"]
        attempt = int(token.split(".")[2])
        self.calls.append(token)
        path = "/" + url.split("/", 3)[3]
        statuses = self._replies.get(path, (200,))
        status = statuses[min(attempt, len(statuses) - 1)]
        if status == 0:
            raise HttpCallError("connection refused")
        reply: JsonObject = {"path": path, "sent": None if body is None else json.loads(body)}
        if path.startswith("/poll"):
            reply["late"] = self._clock.now() >= self._late_at
        return HttpReply(status_code=status, reason_phrase="-", body=json.dumps(reply).encode())


class Functions:
    """See ``FunctionInvoker``: has the result sent back through a queue."""

    def __init__(self, queues: Queues) -> None:
        self._queues = queues

    def invoke(self, function: str, payload: bytes) -> None:
        """See ``FunctionInvoker.invoke``."""
        task = json.loads(payload)
        result = TaskResult(
            workflow_instance_id=task["workflowInstanceId"],
            task_id=task["taskId"],
            status=TaskResultStatus.COMPLETED,
            output_data={"by": function},
        )
        self._queues.send([Message(queue=_RESULTS, body=result.to_wire_json().decode())])


class World:
    """Runs a scenario to its end, through all the deaths that are asked for.

    Args:
        repeats: Whoever got no answer tries again. Otherwise a message whose consumer died is
            gone, and a client whose request has had some effect never comes back.
        dead_hands: What was handed out to workers who died having it.
        install: Gives the installation that everything is kept in.
    """

    def __init__(
        self,
        scenario: Scenario,
        calls: Calls | None = None,
        *,
        repeats: bool = True,
        dead_hands: frozenset[Hand] = frozenset(),
        install: Callable[[ManualClock], Installation] = OnSqlite,
    ) -> None:
        self.scenario = scenario
        self.calls = calls or Calls()
        self.clock = ManualClock()
        self.began_at = self.clock.now()
        self.place = install(self.clock)
        self.stored: Ports = self.place.ports
        self.service = Service(scenario.replies, self.clock)
        self.events: set[str] = set()
        self.steps_done = 0
        self.deaths = 0
        self.refusals = 0
        self.lost_hands: set[Hand] = set()
        self.handed_out: list[str] = []
        self._repeats = repeats
        self._dead_hands = dead_hands
        self._reported: dict[str, list[str]] = {}
        self._in_hand: set[tuple[str, int]] = set()
        self._holds = True
        self._register()
        self._http = dying_http(self.service, self.calls)
        self._functions = dying_functions(Functions(self.stored.queues), self.calls)
        self._ports, self.engine = self._new_process()

    # -- running -----------------------------------------------------------------------------

    def run(self) -> None:
        """Go on until nothing is left to be done, now or at any time."""
        with self._small_decisions():
            self._request(start_root())
            self.run_on()

    def run_on(self) -> None:
        """Go on from whatever is stored until nothing is left to be done."""
        for _ in range(_MOST_ROUNDS):
            if not (self.turn() or self._next_step() or self._let_time_pass() or self._let_go()):
                self.place.expect_nothing_denied()
                return
        raise AssertionError("the world does not come to rest")

    def turn(self) -> bool:
        """Do one thing that can be done now; return whether there was one."""
        queue = self._ready_queue()
        if queue is not None:
            self._serve(queue)
            return True
        if self.is_wake_due():
            self._sweep()
            return True
        return False

    def is_wake_due(self) -> bool:
        """Return whether a workflow is to be looked at by now."""
        wake_at = self.place.next_wake_at()
        return wake_at is not None and wake_at <= self.clock.now()

    def _sweep(self) -> None:
        self._outlive("Sweeper", lambda: self.place.sweep(self.engine, self._ports))

    def _let_go(self) -> bool:
        """At the end let workers poll what was held from them: nothing may be left there."""
        was_held, self._holds = self._holds, False
        return was_held

    def _serve(self, queue: str) -> None:
        if queue == EVALUATOR_QUEUE:
            self._consume(queue, lambda body: self.engine.evaluate(body))
        elif queue == EVENTS_QUEUE:
            self._consume(queue, lambda body: self.events.add(json.loads(body)["id"]))
        elif queue == _RESULTS:
            self._consume(queue, self._take_result)
        elif queue in SYSTEM_QUEUES:
            self._consume(queue, lambda body: self.engine.run_system_task(body))
        else:
            self._work(queue)

    def _consume(self, queue: str, take_in: Callable[[str], None]) -> None:
        """Take one message in, then delete it."""
        received = []

        def consume() -> None:
            received.extend(
                self._ports.queues.receive(
                    queue, count=1, wait_seconds=0, visibility_seconds=_VISIBILITY_SECONDS
                )
            )
            for message in received:  # none, if somebody else was faster
                take_in(message.body)
                self._ports.queues.delete(queue, [message.receipt])

        # A lost result is a worker that never reports: the response timeout is for that.
        keeps = self._repeats or queue == _RESULTS
        function = "SystemTasks" if queue in SYSTEM_QUEUES else "Evaluator"
        if not self._outlive(function, consume) and not keeps:
            self.stored.queues.delete(queue, [message.receipt for message in received])

    def _work(self, queue: str) -> None:
        """Poll for one task, do it and report."""
        domain, _, task_type = queue.rpartition(":")
        polled: list[Task] = []

        def poll() -> None:
            polled.extend(
                self.engine.tasks.poll(
                    task_type, worker_id="w", domain=domain or None, count=1, wait_seconds=0
                )
            )

        if not self._outlive("Poll", poll):
            self._note_lost_hands()
        for task in polled:
            self._in_hand.add((task.task_id, task.poll_count))
            self.handed_out.append(task.task_id)
            hand = self._hand(task.workflow_instance_id, task.task_id, task.poll_count)
            if hand not in self._dead_hands:
                self._take(task)

    def _take_result(self, body: str) -> None:
        self.engine.tasks.update(TaskResult.model_validate_json(body))

    def _take(self, task: Task) -> None:
        """Do a task; the workers of this world report at once."""
        self._report(task)

    def _report(self, task: Task) -> None:
        result = self.result_of(task)
        if result is not None:
            self._update(task, result)

    def _update(self, task: Task, result: Result) -> None:
        self._request(
            Step(
                when=lambda world: True,
                do=lambda world: world.engine.tasks.update(as_reported(task, result)),
                took=lambda world: not world.is_in_hand(task),
            )
        )

    def result_of(self, task: Task) -> Result | None:
        """Return what a worker reports of an attempt: the next entry of its script."""
        key = f"{task.workflow_type} {task.reference_task_name}"
        known = self._reported.setdefault(key, [])
        name = task.reference_task_name.split("__")[0]
        script = self.scenario.results.get(task.reference_task_name)
        script = self.scenario.results.get(name, ()) if script is None else script
        callbacks = sum(1 for t in self.handed_out if t == task.task_id) - 1
        if task.task_id not in known:
            known.append(task.task_id)
        index = known.index(task.task_id) + callbacks
        return script[index] if index < len(script) else DONE

    def _request(self, step: Step) -> bool:
        """Make a client's request until it is answered; return False if nobody wants it more."""
        while True:
            answered = self._outlive("Api", lambda: step.do(self))
            if answered or (not self._repeats and step.took(self)):
                return True

    def _next_step(self) -> bool:
        if self.steps_done >= len(self.scenario.steps):
            return False
        step = self.scenario.steps[self.steps_done]
        if not step.when(self):
            return False
        self.steps_done += 1
        self._request(step)
        return True

    def _outlive(self, function: str, act: Callable[[], object]) -> bool:
        """Have a function do something; return False if it died of it, or had to give up.

        A new process takes the place of one that died.
        """
        self.calls.begin_act()
        try:
            with self.place.running(function):
                act()
        except CrashError:
            self.deaths += 1
            self._ports, self.engine = self._new_process()
            return False
        except UnavailableError:
            self.refusals += 1
            return False
        except ConductorError:
            if (
                not self.deaths and not self.refusals
            ):  # a repeated request may find that it has had its effect
                raise
        return True

    # -- time --------------------------------------------------------------------------------

    def _let_time_pass(self) -> bool:
        """Move the clock to the next moment at which anything can happen; False if none."""
        next_at = self.next_at()
        if next_at is None:
            return False
        self.clock.advance(max(1, next_at - self.clock.now()) / 1000)
        return True

    def next_at(self) -> int | None:
        """Return when the next hidden message shows or the next wake is due, or None."""
        coming = (self.place.next_message_at(self._held_queues()), self.place.next_wake_at())
        return min((at for at in coming if at is not None), default=None)

    @property
    def elapsed_seconds(self) -> float:
        """How long the world has been going."""
        return (self.clock.now() - self.began_at) / 1000

    # -- looking at what is stored -----------------------------------------------------------

    def workflow(self, workflow_id: str = ROOT) -> WorkflowState:
        """Return a workflow as it is stored."""
        workflow = self.stored.state.workflow(workflow_id)
        if workflow is None:
            raise LookupError(workflow_id)
        return workflow

    def workflows(self) -> list[WorkflowState]:
        """Return all workflows that are stored."""
        return [self.workflow(workflow_id) for workflow_id in self.place.workflow_ids()]

    def shown(self, workflow_id: str) -> Workflow:
        """Return a workflow as the API shows it; asking is no call of the engine that may die."""
        engine = Engine(self.stored, the_scripts(), self.service)
        return engine.queries.workflow(workflow_id, include_tasks=True)

    def task(self, ref: str, workflow_id: str = ROOT) -> TaskState | None:
        """Return the current attempt of a task, or None."""
        return self.stored.state.tasks(workflow_id, [ref]).get(ref)

    def everything_sent(self) -> str:
        """Return the messages that were stored for the workflow, taken or not, as JSON."""
        shown = json.dumps([task.output_data for task in self.shown(ROOT).tasks])
        kind = f"messages/{ROOT}/{self.workflow().run}"
        queued = [document.body for document in self.stored.documents.documents(kind)]
        return shown + json.dumps(queued)

    def exists(self) -> bool:
        """Return whether the workflow was started."""
        return self.stored.state.workflow(ROOT) is not None

    def has_ended(self) -> bool:
        """Return whether the workflow has ended."""
        return self.workflow().status.is_terminal

    def is_open(self, ref: str) -> bool:
        """Return whether a task of the root workflow exists and is open."""
        task = self.task(ref)
        return task is not None and not task.status.is_terminal

    def is_in_hand(self, task: Task) -> bool:
        """Return whether an attempt still waits for its worker's report."""
        stored = self.task(task.reference_task_name, task.workflow_instance_id)
        if stored is None or stored.task_id != task.task_id:
            return False
        return stored.status.value == "IN_PROGRESS"

    # -- inside ------------------------------------------------------------------------------

    def _new_process(self) -> tuple[Ports, Engine]:
        ports = self.place.process(self.calls)
        services = Services(events=NoPublisher(), functions=self._functions)
        engine = Engine(
            ports,
            the_scripts(),
            self._http,
            services=services,
            inline_bytes=self.scenario.inline_bytes,
        )
        return ports, engine

    @contextmanager
    def _small_decisions(self) -> Iterator[None]:
        """Make decisions as long as the scenario says; there is no setting for it."""
        most = self.scenario.writes_per_decision
        tools = Tools if most is None else partial(Tools, max_writes=most)
        with patch.object(runner, "Tools", tools):
            yield

    def _register(self) -> None:
        metadata = Engine(self.stored, the_scripts(), self.service).metadata
        for task_def in self.scenario.task_defs:
            metadata.create_task_defs([TaskDef.model_validate(task_def)])
        for definition in reversed(self.scenario.definitions):
            parsed = WorkflowDef.model_validate(definition)
            metadata.create_workflow_def(parsed, overwrite=True)

    def _ready_queue(self) -> str | None:
        """Return the name of a queue with a message to be had, the engine's own first."""
        names = self._ready_queues()
        return names[0] if names else None

    def _ready_queues(self) -> list[str]:
        held = self._held_queues()
        ready = (name for name in self.place.ready_queues() if name not in held)
        return sorted(ready, key=_by_importance)

    def _held_queues(self) -> list[str]:
        held = self.scenario.held if self._holds else {}
        return [name for name, steps in held.items() if self.steps_done < steps]

    def _hand(self, workflow_id: str, task_id: str, poll_count: int) -> Hand:
        return self.path_of(workflow_id), task_id.partition(".")[2], poll_count

    def path_of(self, workflow_id: str) -> str:
        """Return where a workflow comes from: the attempts that lead to it."""
        workflow = self.workflow(workflow_id)
        if workflow_id == ROOT:
            return "root"
        if workflow.parent_task_id is None or workflow.parent_workflow_id is None:
            return f"detached {workflow.name}"
        attempt = workflow.parent_task_id.split(".", 1)[1]
        return f"{self.path_of(workflow.parent_workflow_id)}/{attempt}"

    def _note_lost_hands(self) -> None:
        """Remember the attempts that a dying poll claimed and handed to nobody."""
        for workflow in self.workflows():
            for task in self.stored.state.all_tasks(workflow.workflow_id):
                if (
                    task.worker_id == "w"
                    and task.status.value == "IN_PROGRESS"
                    and (task.task_id, task.poll_count) not in self._in_hand
                ):
                    self.lost_hands.add(self._hand(task.workflow_id, task.task_id, task.poll_count))


def start_root() -> Step:
    """Return the request that starts the scenario's first definition."""

    def start(world: World) -> object:
        scenario = world.scenario
        return world.engine.executions.start(
            StartWorkflowRequest(
                name=str(scenario.definitions[0]["name"]),
                input=scenario.input,
                task_to_domain=dict(scenario.task_to_domain),
            ),
            workflow_id=ROOT,
        )

    return Step(when=lambda world: True, do=start, took=World.exists)


def as_reported(task: Task, result: Result) -> TaskResult:
    """Return a result as a worker sends it; by default its output names the task."""
    output: JsonObject = {"by": task.reference_task_name, "attempt": task.retry_count}
    return TaskResult(
        workflow_instance_id=task.workflow_instance_id,
        task_id=task.task_id,
        status=result.status,
        output_data=output if result.output is None else result.output,
        reason_for_incompletion=result.reason,
        callback_after_seconds=result.callback_after_seconds,
        worker_id="w",
    )


def _by_importance(queue: str) -> tuple[int, str]:
    return (0 if queue == EVALUATOR_QUEUE else 1 if queue in SYSTEM_QUEUES else 2, queue)


class RememberingScripts:
    """See ``Scripts``: each script runs once for the same inputs, as it always says the same."""

    def __init__(self, scripts: Scripts) -> None:
        self._scripts = scripts
        self._answers: dict[str, Any] = {}

    def javascript(self, source: str, inputs: Mapping[str, JsonValue]) -> JsonValue:
        """See ``Scripts.javascript``."""
        answer: JsonValue = self._answer("js", source, inputs, self._scripts.javascript)
        return answer

    def function_body(self, source: str, inputs: Mapping[str, JsonValue]) -> JsonValue:
        """See ``Scripts.function_body``."""
        answer: JsonValue = self._answer("body", source, inputs, self._scripts.function_body)
        return answer

    def jq(self, query: str, document: JsonValue) -> list[JsonValue]:
        """See ``Scripts.jq``."""
        answer: list[JsonValue] = self._answer("jq", query, document, self._scripts.jq)
        return answer

    def on_behalf_of(self, name: str) -> Scripts:
        """See ``Scripts.on_behalf_of``."""
        return self

    def schema_errors(self, schema: str, values: list[JsonValue]) -> list[JsonValue]:
        """See ``Scripts.schema_errors``."""
        return self._scripts.schema_errors(schema, values)

    def syntax_error(self, source: str) -> str | None:
        """See ``Scripts.syntax_error``."""
        return self._scripts.syntax_error(source)

    def _answer(self, kind: str, source: str, inputs: Any, ask: Callable[[str, Any], Any]) -> Any:
        key = json.dumps([kind, source, inputs], sort_keys=True)
        if key not in self._answers:
            self._answers[key] = ask(source, inputs)
        return self._answers[key]


@cache
def the_scripts() -> Scripts:
    """Return the one interpreter that all worlds of this process share; it keeps no state."""
    return RememberingScripts(SandboxedScripts())
