"""The engine as its handlers call it: everything around the decider that loads and stores."""

import logging
from collections.abc import Callable, Sequence
from functools import cached_property, partial
from typing import TYPE_CHECKING, Final

from dalsegno.errors import UnavailableError
from dalsegno.models import JsonObject
from dalsegno_state.engine.administration import Administration
from dalsegno_state.engine.alterations import Alterations
from dalsegno_state.engine.children import Children
from dalsegno_state.engine.claiming import Claims
from dalsegno_state.engine.effects.absent import no_services
from dalsegno_state.engine.effects.aws_lambda import InvokeFunction
from dalsegno_state.engine.effects.event import PublishEvent
from dalsegno_state.engine.effects.get_workflow import ReadWorkflow
from dalsegno_state.engine.effects.http import HttpCall
from dalsegno_state.engine.effects.http_poll import HttpPolling
from dalsegno_state.engine.effects.kafka_publish import SendRecord
from dalsegno_state.engine.effects.pull_workflow_messages import PullMessages
from dalsegno_state.engine.effects.shares import WORKERS_PER_HOST
from dalsegno_state.engine.effects.wait_for_webhook import EnterWebhook
from dalsegno_state.engine.effects.work import Effect
from dalsegno_state.engine.environment import ManagedEnvironment
from dalsegno_state.engine.executions import Executions
from dalsegno_state.engine.external import ExternalStorage
from dalsegno_state.engine.files import Files
from dalsegno_state.engine.loading import Loader
from dalsegno_state.engine.messages import WorkflowMessages
from dalsegno_state.engine.metadata import Metadata
from dalsegno_state.engine.mocked_runs import MockedRuns
from dalsegno_state.engine.queries import Queries
from dalsegno_state.engine.rate_limits import RateLimits
from dalsegno_state.engine.removal import Removal, Retention
from dalsegno_state.engine.runner import Runner
from dalsegno_state.engine.schemas import Schemas
from dalsegno_state.engine.secrets import ManagedSecrets
from dalsegno_state.engine.starting import Starter
from dalsegno_state.engine.storing import Writer
from dalsegno_state.engine.system_tasks import SystemTasks
from dalsegno_state.engine.tags import Tags
from dalsegno_state.engine.tasks import Tasks
from dalsegno_state.engine.triggers import Triggers
from dalsegno_state.engine.webhooks import Webhooks
from dalsegno_state.events import Expire, Look, ScheduleDue, Tell, Terminate, Wake, decode_message
from dalsegno_state.ids import EVALUATOR_QUEUE, EVENTS_QUEUE, SYSTEM_QUEUE
from dalsegno_state.ports import Due, HttpClient, Ports, Services
from dalsegno_state.scripts import Scripts
from dalsegno_state.tasks.http import Http
from dalsegno_state.view import View

if TYPE_CHECKING:
    from dalsegno_state.engine.event_handlers import EventHandlers
    from dalsegno_state.engine.event_intake import EventIntake
    from dalsegno_state.engine.scheduler import Scheduler
    from dalsegno_state.engine.schedules import Schedules

logger = logging.getLogger(__name__)

SYSTEM_QUEUES: Final = (Http.type, SYSTEM_QUEUE)
FOR_EVER: Final = Retention()
_INLINE_BYTES: Final = 8 * 1024
_DUE_AT_ONCE: Final = 100


class Engine:
    """Durable workflows over a set of ports.

    Args:
        services: What system tasks reach beside HTTP; nothing, if None.
        inline_bytes: Payloads longer than this are kept beside the items that name them.
        retention: What becomes of ended executions.
        max_answer_bytes: What one answer of a reader may hold; no bound, if None.
    """

    def __init__(
        self,
        ports: Ports,
        scripts: Scripts,
        http: HttpClient,
        *,
        services: Services | None = None,
        inline_bytes: int = _INLINE_BYTES,
        retention: Retention = FOR_EVER,
        max_answer_bytes: int | None = None,
    ) -> None:
        self._ports = ports
        self._services = services or no_services()
        loader = Loader(ports)
        writer = Writer(ports, inline_bytes=inline_bytes)
        self.external = ExternalStorage(ports.external)
        limits = RateLimits(ports, loader)
        starter = Starter(ports, writer, limits, scripts, self.external)
        children = Children(ports, loader, starter)
        self.queries = Queries(ports, scripts, loader, max_answer_bytes)
        self._runner = Runner(
            ports,
            scripts,
            loader,
            writer,
            limits,
            see_to_child=children.see_to,
            start_failure_workflow=lambda view: children.start_failure_workflow(
                view, self._failed_workflow(view)
            ),
            revive_parent=lambda child: self.executions.revive_parent(child),
            revive_children=lambda parent: self.executions.revive_children(parent),
        )
        claims = Claims(ports, loader, self._look, self._tell)
        self.metadata = Metadata(ports.definitions, ports.clock, scripts)
        self.removal = Removal(ports, retention, self.queries.whole, starter.let_go)
        self.executions = Executions(ports, loader, self._runner, starter, self.removal)
        self.tasks = Tasks(ports, self.queries, self._runner, claims, self.external)
        self.triggers = Triggers(ports, starter)
        self.alterations = Alterations(ports, loader, self._runner, starter)
        self.mocked_runs = MockedRuns(ports, self.executions, self._runner)
        self.administration = Administration(ports, loader, self.queries, self._runner)
        self.tags = Tags(ports.documents)
        self.files = Files(ports)
        self.schemas = Schemas(ports.documents, ports.clock)
        self.secrets = ManagedSecrets(ports.secrets, self.tags)
        self.environment = ManagedEnvironment(ports.secrets)
        self._definition_of = starter.definition_of
        self._starter = starter
        self._scripts = scripts
        self.messages = WorkflowMessages(ports, self.queries, self._look)
        self.webhooks = Webhooks(ports, self._runner.run)
        self._system_tasks = SystemTasks(
            ports,
            loader,
            self._runner,
            claims,
            self._effects(scripts, http, self._services),
        )

    # Schedules are loaded when they are first asked for: most functions never are.
    @cached_property
    def scheduler(self) -> "Scheduler":
        """What runs schedules."""
        from dalsegno_state.engine.scheduler import Scheduler

        return Scheduler(
            self._ports,
            lambda request, workflow_id: self.executions.start(request, workflow_id=workflow_id),
        )

    @cached_property
    def schedules(self) -> "Schedules":
        """Schedules as their authors see them."""
        from dalsegno_state.engine.schedules import Schedules

        return Schedules(self._ports, self.scheduler, self._definition_of, self.tags)

    # The same goes for events.
    @cached_property
    def event_handlers(self) -> "EventHandlers":
        """Event handlers as their authors see them."""
        from dalsegno_state.engine.event_handlers import EventHandlers

        return EventHandlers(self._ports.documents, self.tags, self._scripts)

    @cached_property
    def event_intake(self) -> "EventIntake":
        """What hands events to their handlers."""
        from dalsegno_state.engine.event_actions import EventActions
        from dalsegno_state.engine.event_intake import EventIntake

        actions = EventActions(
            self._ports, self.queries, self._runner, self._starter, self.executions
        )
        return EventIntake(self._ports, self.event_handlers, self._scripts, actions, self._services)

    def evaluate(self, body: str) -> None:
        """Take in one message of the evaluator queue; it may be deleted once this returns."""
        message = decode_message(body)
        if isinstance(message, ScheduleDue):
            self.scheduler.run(message)
        elif isinstance(message.event, Expire):
            self.removal.expire(message.workflow_id)
        elif isinstance(message.event, Terminate):
            self._runner.end_orphan(message.workflow_id, message.event)
        elif isinstance(message.event, Wake):
            self._guarded(message.workflow_id, partial(self._runner.run, event=message.event))
        else:
            self._runner.run(message.workflow_id, message.event)

    def take_event(self, body: str) -> None:
        """Take in one message of the queue of events; it may be deleted once this returns."""
        from dalsegno_state.incoming_event import decode_incoming_event

        self.event_intake.take_own(decode_incoming_event(body))

    def check_storage(self) -> None:
        """Raise UnavailableError if nothing can be stored now."""
        self._ports.state.check()

    def sweep(self) -> int:
        """Wake the workflows that are due, return how many; remove those whose time is over."""
        due = self.due(_DUE_AT_ONCE)
        for workflow in due:
            self.wake(workflow.workflow_id)
        self.sweep_out()
        return len(due)

    def due(self, count: int) -> Sequence[Due]:
        """Return the workflows that are due by now, those that have waited longest first."""
        return self._ports.state.due(self._ports.clock.now(), count)

    def wake(self, workflow_id: str) -> None:
        """Look at everything of a workflow; a failure is logged, and is that workflow's alone."""
        try:
            self._guarded(workflow_id, self._runner.wake)
        except UnavailableError as error:
            logger.warning("workflow %s is evaluated later: %s", workflow_id, error)

    def sweep_out(self) -> None:
        """Remove the executions that have been kept for long enough."""
        for workflow_id in self.removal.expired(_DUE_AT_ONCE):
            try:
                self.removal.expire(workflow_id)
            except Exception:  # one that cannot be removed must not keep the others
                logger.exception("workflow %s could not be removed", workflow_id)

    def _guarded(self, workflow_id: str, wake: Callable[[str], object]) -> None:
        """Wake a workflow; whatever its evaluation raises is counted against it alone.

        Raises:
            UnavailableError: The store could not be reached, which is no fault of the workflow.
        """
        try:
            wake(workflow_id)
        except UnavailableError:
            raise
        except Exception as error:
            logger.exception("workflow %s could not be evaluated", workflow_id)
            self._runner.wake_failed(workflow_id, error)

    def run_system_task(self, task_id: str) -> None:
        """Do one task of a system queue; its message may be deleted once this returns."""
        self._system_tasks.run(task_id)

    def _effects(self, scripts: Scripts, http: HttpClient, services: Services) -> dict[str, Effect]:
        call = HttpCall(self._ports, http)
        return {
            "AWS_LAMBDA": InvokeFunction(services.functions),
            "EVENT": PublishEvent(self._ports.queues, services.events),
            "GET_WORKFLOW": ReadWorkflow(self.queries),
            "HTTP": call,
            "HTTP_POLL": HttpPolling(call, scripts),
            "KAFKA_PUBLISH": SendRecord(self._ports, services.kafka),
            "PULL_WORKFLOW_MESSAGES": PullMessages(self.messages),
            "WAIT_FOR_WEBHOOK": EnterWebhook(self.webhooks),
        }

    def _look(self, workflow_id: str, ref: str) -> None:
        self._runner.run(workflow_id, Look(ref=ref))

    def _tell(self, workflow_id: str, ref: str) -> None:
        self._runner.run(workflow_id, Tell(ref=ref))

    def _failed_workflow(self, view: View) -> JsonObject:
        return self.queries.workflow(view.workflow.workflow_id, include_tasks=True).to_wire()


__all__ = [
    "EVALUATOR_QUEUE",
    "EVENTS_QUEUE",
    "FOR_EVER",
    "SYSTEM_QUEUES",
    "WORKERS_PER_HOST",
    "Engine",
    "Retention",
]
