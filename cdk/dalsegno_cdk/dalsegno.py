"""The whole of Dalsegno as one construct, for a stack of its own or within yours."""

from collections.abc import Mapping, Sequence
from typing import Any, cast

from aws_cdk import Annotations, Stack, Tags
from aws_cdk import aws_events as events
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_lambda_destinations as destinations
from aws_cdk import aws_scheduler as scheduler
from aws_cdk import aws_sns as sns
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from dalsegno.queue_names import sqs_name
from dalsegno_cdk.acknowledged import acknowledge
from dalsegno_cdk.functions import Functions
from dalsegno_cdk.http_api import FunctionUrls, HttpApi
from dalsegno_cdk.messaging import Messaging
from dalsegno_cdk.monitoring import Monitoring
from dalsegno_cdk.routes import routes_of
from dalsegno_cdk.settings import AuthMode, DalsegnoSettings, Endpoint, SettingsError
from dalsegno_cdk.storage import Storage
from dalsegno_cdk.timers import Timers
from dalsegno_cdk.triggers import Triggers, add_event_rule, request_of, whole_event
from dalsegno_functions.auth.roles import Role, written
from dalsegno_state.worker_queue import queue_name


class Dalsegno(Construct):
    """Durable workflows behind Conductor's REST API.

    Args:
        settings: By default, stage ``dev`` behind IAM.
        code: What the functions run; by default the engine, bundled on this machine.

    Attributes:
        url: Where the API is found; a Conductor SDK is pointed at ``<url>/api``.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        settings: DalsegnoSettings | None = None,
        code: lambda_.Code | None = None,
    ) -> None:
        super().__init__(scope, construct_id)
        self.settings = settings = settings or DalsegnoSettings()
        self.storage = Storage(self, "Storage", settings=settings)
        self.messaging = Messaging(self, "Messaging", settings=settings, key=self.storage.key)
        self.timers = Timers(
            self,
            "Timers",
            group_name=f"dalsegno-{settings.stage}",
            target=self.messaging.evaluator.queue,
            key=self.storage.key,
        )
        self.functions = Functions(
            self,
            "Functions",
            settings=settings,
            storage=self.storage,
            messaging=self.messaging,
            timers=self.timers,
            code=code,
        )
        self.triggers = Triggers(self, "Triggers", work=self.messaging.triggers)
        self.endpoint = _endpoint(self, settings, self.functions)
        self.monitoring = Monitoring(
            self,
            "Monitoring",
            settings=settings,
            storage=self.storage,
            messaging=self.messaging,
            functions=self.functions,
            failed_requests=self.endpoint.failed_requests,
        )
        self.url = self.endpoint.url
        acknowledge(self.storage, self.functions, self.timers, self.triggers, self.endpoint)
        Tags.of(self).add("application", "dalsegno")
        Tags.of(self).add("dalsegno:stage", settings.stage)

    def grant_admin(self, grantee: iam.IGrantable) -> None:
        """Let somebody do everything, in auth mode ``iam``."""
        self._give(Role.ADMIN, grantee)

    def grant_operator(self, grantee: iam.IGrantable) -> None:
        """Let somebody start, repair and end workflows, in auth mode ``iam``."""
        self._give(Role.OPERATOR, grantee)

    def grant_start(self, grantee: iam.IGrantable) -> None:
        """Let somebody start workflows and read them, in auth mode ``iam``."""
        self._give(Role.STARTER, grantee)

    def grant_reader(self, grantee: iam.IGrantable) -> None:
        """Let somebody read, in auth mode ``iam``."""
        self._give(Role.READER, grantee)

    def start_on(
        self,
        rule: events.Rule,
        name: str | None = None,
        *,
        version: int | None = None,
        inputs: Mapping[str, Any] | None = None,
        correlation_id: str | None = None,
    ) -> None:
        """Have every event of a rule start one workflow, however often it is delivered.

        Without a name, the detail of the event is itself a ``StartWorkflowRequest``. Inputs and
        correlation id may hold ``EventField``; by default, the whole event is the input.

        Raises:
            ValueError: The rule starts that workflow already.
        """
        given = whole_event() if inputs is None else inputs
        request = None if name is None else request_of(name, version, given, correlation_id)
        self.triggers.add_rule(rule, request)

    def start_at(
        self,
        construct_id: str,
        schedule: scheduler.ScheduleExpression,
        name: str,
        *,
        version: int | None = None,
        inputs: Mapping[str, Any] | None = None,
        correlation_id: str | None = None,
    ) -> scheduler.Schedule:
        """Return a schedule that starts one workflow at each of its times.

        Inputs may hold ``ContextAttribute``, such as the time that the schedule was set for.
        """
        request = request_of(name, version, inputs or {}, correlation_id)
        return self.triggers.add_schedule(construct_id, schedule, request)

    def on_events(self, rule: events.Rule, *, bus: str = "default") -> None:
        """Hand every event of a rule to handlers of ``eventbridge:<bus>:<detail type>``.

        They see its detail. The bus is told by whatever name the handlers have for it.
        """
        add_event_rule(self.messaging.events, rule, bus)

    def on_events_of(self, queue: sqs.IQueue) -> None:
        """Hand every message of a queue to handlers of ``sqs:<name of the queue>``.

        Its visibility timeout must be at least three minutes. A message that no active handler is
        there for, or that cannot be handled now, comes again, and goes to its dead letters: so it
        needs some.
        """
        self.functions.take_events_of(queue)

    def publish_events_to(self, bus: events.IEventBus) -> None:
        """Publish on a bus what workflows tell: changes of status, events to ``conductor``.

        Each event has the source ``dalsegno``, its name as detail type, and an ``id`` that is the
        same if it comes again.
        """
        self.functions.publish_events_to(bus)

    def grant_worker(
        self, grantee: iam.IGrantable, *task_types: str, domain: str | None = None
    ) -> None:
        """Let a worker do tasks of some types.

        It may take them from their queues and send back their results, and in auth mode ``iam``
        poll and report over HTTP, whatever the domain.

        Args:
            grantee: Who is the worker.
            task_types: What it works on.
            domain: Of the queues; tasks of none unless given.
        """
        if not task_types:
            raise SettingsError("grant_worker: name the task types it works on")
        if self.settings.auth is AuthMode.IAM:
            self._give(Role.WORKER, grantee, task_types)
        prefix = self.settings.queue_prefix
        names = (sqs_name(prefix, queue_name(task_type, domain)) for task_type in task_types)
        queues = [Stack.of(self).format_arn(service="sqs", resource=name) for name in names]
        iam.Grant.add_to_principal(
            grantee=grantee,
            actions=[
                "sqs:ChangeMessageVisibility",
                "sqs:DeleteMessage",
                "sqs:GetQueueUrl",
                "sqs:ReceiveMessage",
            ],
            resource_arns=queues,
        )
        self.messaging.results.queue.grant_send_messages(grantee)
        if self.storage.key is not None:
            self.storage.key.grant_encrypt_decrypt(grantee)

    def _give(self, role: Role, grantee: iam.IGrantable, task_types: Sequence[str] = ()) -> None:
        """Let IAM pass somebody's calls of the role's routes, and the functions know the role."""
        if self.settings.auth is not AuthMode.IAM:
            raise SettingsError(f"a grant of the role {role} needs auth: iam")
        self.endpoint.grant_invoke(grantee, routes_of(role, task_types))
        # Roles and users are constructs, which a principal need not be.
        principal = cast("iam.IRole", grantee.grant_principal)
        address = getattr(principal, "role_arn", None) or getattr(principal, "user_arn", None)
        if address is None:
            raise SettingsError(f"a grant of the role {role} needs an IAM role or user")
        if Stack.of(principal) is not Stack.of(self):
            # Its stack depends on this one by the grant: this one cannot depend on it as well.
            Annotations.of(self).add_warning_v2(
                f"dalsegno:{principal.node.path}",
                f"{principal.node.path} is of another stack: give it its role, "
                f"{written(role, task_types)}, in the setting iamRoles",
            )
            return
        self.functions.give_role(address, written(role, task_types))

    def grant_publish(self, sink: sqs.IQueue | sns.ITopic | events.IEventBus) -> None:
        """Let EVENT tasks publish to a queue, a topic or a bus, and to no other of its kind."""
        role = self.functions.system_tasks.role
        if hasattr(sink, "queue_arn"):
            cast(sqs.IQueue, sink).grant_send_messages(role)
        elif hasattr(sink, "topic_arn"):
            cast(sns.ITopic, sink).grant_publish(role)
        else:
            sink.grant_put_events_to(role)

    def grant_invoke(self, function: lambda_.IFunction) -> None:
        """Let AWS_LAMBDA tasks invoke a function, an alias or a version, and send back its results.

        Of a function, its versions and aliases may be invoked as well; the results of one come
        back only if it has been granted itself.

        Lambda then tells what came of each of its asynchronous invocations, and does not try
        them again by itself: that is for the definition of the task to say.
        """
        self.functions.system_tasks.allow("lambda:InvokeFunction", on=_invoked_as(function))
        results = destinations.SqsDestination(self.messaging.results.queue)
        function.configure_async_invoke(on_success=results, on_failure=results, retry_attempts=0)


def _invoked_as(function: lambda_.IFunction) -> list[str]:
    """Return the addresses of a function and its versions, or of the one that is meant."""
    if isinstance(function, lambda_.Alias | lambda_.Version):
        return [function.function_arn]
    return [function.function_arn, f"{function.function_arn}:*"]


def _endpoint(
    scope: Construct, settings: DalsegnoSettings, functions: Functions
) -> HttpApi | FunctionUrls:
    if settings.endpoint is Endpoint.FUNCTION_URL:
        return FunctionUrls(scope, "Urls", settings=settings, functions=functions)
    return HttpApi(scope, "Http", settings=settings, functions=functions)
