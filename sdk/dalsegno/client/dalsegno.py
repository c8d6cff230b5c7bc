"""The client that blocks."""

from collections.abc import Mapping
from types import TracebackType
from typing import Any, Self, TypeVar, overload

import httpx

from dalsegno.client.connection import Connection
from dalsegno.client.definitions import Definitions
from dalsegno.client.environment import Environment
from dalsegno.client.event_handlers import EventHandlers
from dalsegno.client.events import Events
from dalsegno.client.execution import Execution
from dalsegno.client.executions import Executions
from dalsegno.client.files import Files
from dalsegno.client.payload import Payload
from dalsegno.client.payloads import Payloads
from dalsegno.client.queues import Queues
from dalsegno.client.retries import Retries
from dalsegno.client.schedules import Schedules
from dalsegno.client.schemas import Schemas
from dalsegno.client.secrets import Secrets
from dalsegno.client.service import Service
from dalsegno.client.starting import start_call, start_request, with_key
from dalsegno.client.steps import follow
from dalsegno.client.tasks import Tasks
from dalsegno.client.waiting import run_steps
from dalsegno.models import IdempotencyStrategy, JsonObject, WorkflowDef

T = TypeVar("T")


class Dalsegno:
    """A client of the API, for any number of threads; connects when first used.

    A request whose answer got lost is made again if that is safe. Every call raises a
    ``ConductorError`` of ``dalsegno.errors``, after the status of the answer.

    Args:
        url: Of the server, with or without ``/api``; ``DALSEGNO_URL`` or ``CONDUCTOR_SERVER_URL``
            if absent, else a server on this machine.
        auth: ``KeyAuth``, ``TokenAuth`` or ``IamAuth``; if absent, what ``DALSEGNO_AUTH=iam``,
            ``DALSEGNO_TOKEN``, or ``CONDUCTOR_AUTH_KEY`` and ``CONDUCTOR_AUTH_SECRET`` say.
        retries: When requests that failed are made again.

    Attributes:
        url: Of the API.
        executions: Finds executions, and steers many at once; ``execution`` is for one.
        tasks: What workers take and report.
        definitions: Of workflows and of tasks.
        schedules: When workflows are started by the clock.
        events: Publishes events.
        event_handlers: What events cause.
        queues: How many tasks wait, and who polls for them.
        secrets: Values for ``${workflow.secrets.NAME}``.
        environment: Values for ``${workflow.env.NAME}``.
        schemas: What inputs and outputs are checked against.
        files: What workflows hand to each other.
        payloads: Inputs and outputs that are too large to be sent along.
        service: The server itself.

    Raises:
        ValueError: The URL is none.
    """

    def __init__(
        self,
        url: str | None = None,
        *,
        auth: httpx.Auth | None = None,
        retries: Retries | None = None,
    ) -> None:
        connection = Connection(url, auth, retries or Retries())
        self._connection = connection
        self.url = connection.url
        self.executions = Executions(connection)
        self.tasks = Tasks(connection)
        self.definitions = Definitions(connection)
        self.schedules = Schedules(connection)
        self.events = Events(connection)
        self.event_handlers = EventHandlers(connection)
        self.queues = Queues(connection)
        self.secrets = Secrets(connection)
        self.environment = Environment(connection)
        self.schemas = Schemas(connection)
        self.files = Files(connection)
        self.payloads = Payloads(connection)
        self.service = Service(connection)

    def start(
        self,
        name: str,
        input: Payload | None = None,
        *,
        version: int | None = None,
        correlation_id: str | None = None,
        priority: int = 0,
        task_to_domain: Mapping[str, str] | None = None,
        idempotency_key: str | None = None,
        idempotency_strategy: IdempotencyStrategy | None = None,
        external_input_path: str | None = None,
        workflow_def: WorkflowDef | None = None,
        once: bool = True,
    ) -> Execution:
        """Start a workflow by name; return its execution.

        Args:
            name: Of the workflow.
            input: A mapping, a pydantic model or a dataclass.
            version: Of the definition; the highest one unless given.
            correlation_id: A name of your own to find the execution by.
            priority: 0 to 99; larger is served first, where the queue can.
            task_to_domain: Which workers do tasks of which type.
            idempotency_key: Whoever starts this workflow with the same key gets the same execution.
            idempotency_strategy: What to do if the key is known; RETURN_EXISTING unless given.
                With any other, a start whose answer got lost is not made again.
            external_input_path: The input as ``payloads.put`` has stored it.
            workflow_def: The definition itself, which is not registered.
            once: Make a key if none is given, so that a start whose answer got lost is made again
                and starts one execution. On AWS that takes a write unit and four read units
                more: 1.13 US$ for a million starts. False makes the start once.

        Raises:
            NotFoundError: There is no such workflow.
            InvalidRequestError: The input, or the definition, breaks a rule.
            ConflictError: The key is in use, and the strategy wants another execution.
            TooManyRequestsError: The workflow's rate limit is reached.
        """
        request = start_request(
            name,
            input,
            version=version,
            correlation_id=correlation_id,
            priority=priority,
            task_to_domain=task_to_domain,
            idempotency_key=idempotency_key,
            idempotency_strategy=idempotency_strategy,
            external_input_path=external_input_path,
            workflow_def=workflow_def,
        )
        call = start_call(with_key(request) if once else request)
        return self.execution(self._connection.send(call))

    @overload
    def run(
        self,
        name: str,
        input: Payload | None = None,
        *,
        timeout_seconds: float | None = None,
        version: int | None = None,
        correlation_id: str | None = None,
        priority: int = 0,
        task_to_domain: Mapping[str, str] | None = None,
        idempotency_key: str | None = None,
    ) -> JsonObject: ...
    @overload
    def run(
        self,
        name: str,
        input: Payload | None = None,
        *,
        kind: type[T],
        timeout_seconds: float | None = None,
        version: int | None = None,
        correlation_id: str | None = None,
        priority: int = 0,
        task_to_domain: Mapping[str, str] | None = None,
        idempotency_key: str | None = None,
    ) -> T: ...
    def run(
        self,
        name: str,
        input: Payload | None = None,
        *,
        kind: Any = JsonObject,
        timeout_seconds: float | None = None,
        version: int | None = None,
        correlation_id: str | None = None,
        priority: int = 0,
        task_to_domain: Mapping[str, str] | None = None,
        idempotency_key: str | None = None,
    ) -> Any:
        """Start a workflow, wait for its end, and return its output as what it is asked to be.

        A workflow that ends within two seconds takes one request. See ``start`` for the arguments
        that are not here.

        Args:
            name: Of the workflow.
            input: A mapping, a pydantic model or a dataclass.
            kind: What the output is read as, by pydantic.
            timeout_seconds: How long to wait; for ever unless given.
            version: Of the definition; the highest one unless given.
            correlation_id: A name of your own to find the execution by.
            priority: 0 to 99.
            task_to_domain: Which workers do tasks of which type.
            idempotency_key: Whoever starts this workflow with the same key gets the same execution.

        Raises:
            WorkflowFailedError: It ended otherwise than COMPLETED.
            StillRunningError: It has not ended in time; it goes on. A TimeoutError.
            pydantic.ValidationError: Its output is not what it is asked to be.
        """
        request = start_request(
            name,
            input,
            version=version,
            correlation_id=correlation_id,
            priority=priority,
            task_to_domain=task_to_domain,
            idempotency_key=idempotency_key,
            idempotency_strategy=None,
        )
        return follow(self._connection, run_steps(with_key(request), kind, timeout_seconds))

    def execution(self, workflow_id: str) -> Execution:
        """Return an execution that was started before, without asking whether there is one."""
        return Execution(self._connection, workflow_id)

    def close(self) -> None:
        """Close what is open."""
        self._connection.close()

    def __enter__(self) -> Self:
        """Return the client; it is closed at the end of the block."""
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        traceback: TracebackType | None,
    ) -> None:
        """Close what is open."""
        self.close()
