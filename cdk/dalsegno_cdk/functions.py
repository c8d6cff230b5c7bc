"""The six functions of the engine, each with no more rights than it uses."""

from collections.abc import Mapping

from aws_cdk import Duration, Stack
from aws_cdk import aws_events as events
from aws_cdk import aws_events_targets as targets
from aws_cdk import aws_lambda as lambda_
from aws_cdk import aws_lambda_event_sources as sources
from aws_cdk import aws_secretsmanager as secretsmanager
from aws_cdk import aws_sqs as sqs
from constructs import Construct

from dalsegno_cdk.bundling import engine_code
from dalsegno_cdk.engine_function import EngineFunction
from dalsegno_cdk.messaging import Messaging
from dalsegno_cdk.rights import Rights
from dalsegno_cdk.settings import AuthMode, DalsegnoSettings
from dalsegno_cdk.storage import Storage
from dalsegno_cdk.timers import Timers
from dalsegno_state.engine.event_handlers import MESSAGE_KIND, execution_kind
from dalsegno_state.engine.scheduler import SCHEDULE_KIND

# 1,769 MB are a whole CPU; a handler needs some 100 MB, and time grows as memory shrinks.
_MEMORY_MB = 512
# A held poll is billed for its memory and computes nothing. It takes some 70 MB, and 200 MB for an
# answer as large as any, of many small values.
_POLL_MEMORY_MB = 256
# Kinds of documents: messages to workflows, and what waits for them and for webhooks.
_OF_SYSTEM_TASKS = ("messages", "waiting", "webhook")


class Functions(Construct):
    """API, poll, evaluator, system tasks, triggers and sweeper, and what invokes the last four.

    Args:
        code: What they run; by default the engine, bundled on this machine.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        settings: DalsegnoSettings,
        storage: Storage,
        messaging: Messaging,
        timers: Timers,
        code: lambda_.Code | None = None,
    ) -> None:
        super().__init__(scope, construct_id)
        self._settings = settings
        self._code = code or engine_code(settings.architecture, settings.python)
        self._environment = _environment(settings, storage, messaging, timers)
        self._messaging = messaging
        self._iam_roles = list(settings.iam_roles)
        self.rights = Rights(settings, storage, messaging, timers)
        self.token_secret = self._secret(storage) if settings.auth is AuthMode.KEYS else None
        self.api = self._api()
        self.poll = self._poll()
        self.evaluator = self._evaluator()
        self.system_tasks = self._system_tasks()
        self.triggers = self._triggers()
        self.sweeper = self._sweeper()
        self._check_signers()

    @property
    def all(self) -> tuple[EngineFunction, ...]:
        """All of them."""
        asked = (self.api, self.poll)
        return (*asked, self.evaluator, self.system_tasks, self.triggers, self.sweeper)

    def _secret(self, storage: Storage) -> secretsmanager.Secret:
        """Return what tokens are signed with; AWS makes it up, and nobody needs to know it."""
        secret = secretsmanager.Secret(
            self,
            "TokenSecret",
            description="Signs the tokens of Dalsegno's API",
            encryption_key=storage.key,
            generate_secret_string=secretsmanager.SecretStringGenerator(
                password_length=64, exclude_punctuation=True
            ),
        )
        self._environment["DALSEGNO_TOKEN_SECRET"] = secret.secret_arn
        return secret

    def give_role(self, address: str, role: str) -> None:
        """Let an IAM role or user do something, in auth mode ``iam``; see ``roles.written``."""
        self._iam_roles.append((address, role))
        self._check_signers()

    def _check_signers(self) -> None:
        if self._settings.auth is AuthMode.IAM:
            roles = Stack.of(self).to_json_string([list(pair) for pair in self._iam_roles])
            for function in (self.api, self.poll):
                function.function.add_environment("DALSEGNO_IAM_ROLES", roles)

    def _check_callers(self, function: EngineFunction) -> None:
        if self.token_secret is not None:
            self.rights.check_tokens(function, self.token_secret)

    def _api(self) -> EngineFunction:
        function = self._function("Api", "api", "Answers requests", Duration.seconds(30))
        self.rights.run_workflows(function)
        self.rights.hand_out_tasks(function)  # a worker's report is answered with its next task
        self.rights.define_workflows(function)
        self.rights.manage_secrets(function)
        self.rights.archive(function)
        self.rights.keep_files(function)
        self.rights.list_queues(function)
        self._check_callers(function)
        return function

    def _poll(self) -> EngineFunction:
        function = self._function(
            "Poll",
            "poll",
            "Hands out tasks",
            Duration.seconds(30),
            reserved=self._settings.poll_concurrency,
            memory_mb=_POLL_MEMORY_MB,
        )
        self.rights.run_workflows(function)
        self.rights.hand_out_tasks(function)
        self._check_callers(function)
        return function

    def _evaluator(self) -> EngineFunction:
        name, about = (
            "Evaluator",
            "Continues workflows: timers, wakes, schedules, events, results from queues",
        )
        function = self._function(name, "evaluator", about, Duration.seconds(60))
        self.rights.run_workflows(function)
        self.rights.forget_files(function)
        self.rights.keep_documents(function, SCHEDULE_KIND, MESSAGE_KIND, execution_kind(""))
        self.rights.archive(function)
        for work in (self._messaging.evaluator, self._messaging.results, self._messaging.events):
            _consume(function, work.queue, self._settings.evaluator_concurrency)
        return function

    def publish_events_to(self, bus: events.IEventBus) -> None:
        """Have the engine's own events published on a bus."""
        self.evaluator.function.add_environment("DALSEGNO_EVENT_BUS", bus.event_bus_arn)
        bus.grant_put_events_to(self.evaluator.role)

    def take_events_of(self, queue: sqs.IQueue) -> None:
        """Have the messages of somebody else's queue taken in as events."""
        _consume(self.evaluator, queue, self._settings.evaluator_concurrency)

    def _system_tasks(self) -> EngineFunction:
        name, about = "SystemTasks", "Makes HTTP calls, publishes events, invokes functions"
        function = self._function(name, "system_tasks", about, Duration.seconds(900))
        self.rights.run_workflows(function)
        self.rights.keep_documents(function, *_OF_SYSTEM_TASKS)
        for work in (self._messaging.http, self._messaging.system):
            # One at a time: a slow call must not make the others behind it late.
            source = sources.SqsEventSource(
                work.queue,
                batch_size=1,
                max_concurrency=self._settings.system_concurrency,
                report_batch_item_failures=True,
            )
            function.function.add_event_source(source)
        return function

    def _triggers(self) -> EngineFunction:
        name, about = "Triggers", "Starts workflows that events and schedules ask for"
        function = self._function(name, "triggers", about, Duration.seconds(60))
        self.rights.trigger(function)
        _consume(function, self._messaging.triggers.queue, self._settings.trigger_concurrency)
        return function

    def _sweeper(self) -> EngineFunction:
        about = "Has due workflows and schedules looked at, every minute"
        function = self._function(
            "Sweeper",
            "sweeper",
            about,
            Duration.seconds(60),
            reserved=self._settings.sweeper_concurrency,
        )
        self.rights.sweep(function)
        rule = events.Rule(self, "EveryMinute", schedule=events.Schedule.rate(Duration.minutes(1)))
        # The next minute's does what this one has not: no use in trying again.
        rule.add_target(targets.LambdaFunction(function.function, retry_attempts=0))
        function.function.configure_async_invoke(retry_attempts=0)
        return function

    def make(
        self,
        scope: Construct,
        construct_id: str,
        *,
        module: str,
        description: str,
        timeout: Duration,
        environment: Mapping[str, str] | None = None,
        reserved: int | None = None,
        memory_mb: int = _MEMORY_MB,
    ) -> EngineFunction:
        """Return one more function of the engine; it may do nothing yet."""
        return EngineFunction(
            scope,
            construct_id,
            settings=self._settings,
            code=self._code,
            module=module,
            description=f"Dalsegno: {description}",
            timeout=timeout,
            memory_mb=memory_mb,
            environment={**self._environment, **(environment or {})},
            reserved_concurrency=reserved,
        )

    def _function(
        self,
        construct_id: str,
        module: str,
        description: str,
        timeout: Duration,
        *,
        reserved: int | None = None,
        memory_mb: int = _MEMORY_MB,
    ) -> EngineFunction:
        return self.make(
            self,
            construct_id,
            module=module,
            description=description,
            timeout=timeout,
            reserved=reserved,
            memory_mb=memory_mb,
        )


def _consume(function: EngineFunction, queue: sqs.IQueue, max_concurrency: int) -> None:
    """Invoke a function with the messages of a queue; those that fail come again."""
    source = sources.SqsEventSource(
        queue, batch_size=10, max_concurrency=max_concurrency, report_batch_item_failures=True
    )
    function.function.add_event_source(source)


def _environment(
    settings: DalsegnoSettings, storage: Storage, messaging: Messaging, timers: Timers
) -> dict[str, str]:
    """Return what ``AwsSettings.from_environment`` and ``wiring`` read."""
    return {
        "DALSEGNO_EXECUTION_TABLE": storage.executions.table_name,
        "DALSEGNO_DEFINITION_TABLE": storage.definitions.table_name,
        "DALSEGNO_PAYLOAD_BUCKET": storage.payloads.bucket_name,
        "DALSEGNO_QUEUE_PREFIX": settings.queue_prefix,
        "DALSEGNO_EVALUATOR_QUEUE_ARN": messaging.evaluator.queue.queue_arn,
        "DALSEGNO_RESULTS_QUEUE_ARN": messaging.results.queue.queue_arn,
        "DALSEGNO_EVENTS_QUEUE_ARN": messaging.events.queue.queue_arn,
        "DALSEGNO_SYSTEM_QUEUE_ARN": messaging.system.queue.queue_arn,
        "DALSEGNO_SCHEDULE_GROUP": timers.group_name,
        "DALSEGNO_SCHEDULE_ROLE_ARN": timers.role.role_arn,
        "DALSEGNO_SECRET_PREFIX": settings.secret_prefix,
        "DALSEGNO_PARAMETER_PREFIX": settings.parameter_prefix,
        "DALSEGNO_CUSTOMER_KEY": storage.key.key_arn if storage.key else "",
        "DALSEGNO_RETENTION_DAYS": str(settings.retention_days),
        "DALSEGNO_ARCHIVE": str(settings.archive).lower(),
        "DALSEGNO_HTTP_ALLOW_PRIVATE": str(settings.http_allows_private).lower(),
        "DALSEGNO_TRACING": str(settings.tracing).lower(),
        "DALSEGNO_AUTH": settings.auth.value,
        "DALSEGNO_JWT_ROLE_CLAIM": settings.jwt_role_claim,
        "DALSEGNO_JWT_ROLE_PREFIX": settings.jwt_role_prefix,
        "POWERTOOLS_METRICS_NAMESPACE": f"Dalsegno/{settings.stage}",
    }
