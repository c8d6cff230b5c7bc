"""Rules and schedules of yours that start workflows, and rules whose events handlers take."""

from collections.abc import Mapping
from typing import Any, Final

import jsii
from aws_cdk import Duration, Names
from aws_cdk import aws_events as events
from aws_cdk import aws_iam as iam
from aws_cdk import aws_scheduler as scheduler
from aws_cdk import aws_scheduler_targets as scheduler_targets
from constructs import Construct

from dalsegno_cdk.messaging import WorkQueue
from dalsegno_cdk.timers import schedule_role

_TRIED_FOR: Final = Duration.hours(24)
_FIELDS: Final = ("id", "detail-type", "source", "account", "time", "region", "resources", "detail")


class Triggers(Construct):
    """Points rules and schedules at the queue of triggers.

    What EventBridge cannot deliver within a day goes to the same dead letters as what the function
    cannot do, and raises the same alarm.

    Attributes:
        role: In which schedules send to that queue.
    """

    def __init__(self, scope: Construct, construct_id: str, *, work: WorkQueue) -> None:
        super().__init__(scope, construct_id)
        self._work = work
        self.role = schedule_role(self, "Lets schedules ask Dalsegno to start workflows")
        work.queue.grant_send_messages(self.role)
        self._started: set[tuple[str, str | None]] = set()

    def add_rule(self, rule: events.Rule, request: Mapping[str, Any] | None) -> None:
        """Have every event of a rule start a workflow; without a request, the event's detail is it.

        Raises:
            ValueError: The rule starts that workflow already; one event would start only one.
        """
        rule_id = Names.node_unique_id(rule.node)
        name = None if request is None else str(request["name"])
        if (rule_id, name) in self._started:
            raise ValueError(f"{rule.node.path} starts {name or 'workflows'} already")
        self._started.add((rule_id, name))
        rule.add_target(
            _QueueTarget(
                self._work,
                None if request is None else _message(f"{rule_id}/{name}", request),
            )
        )

    def add_schedule(
        self,
        construct_id: str,
        schedule: scheduler.ScheduleExpression,
        request: Mapping[str, Any],
    ) -> scheduler.Schedule:
        """Return a schedule that starts a workflow at each of its times."""
        # Not the execution's id: that is another one each time EventBridge tries.
        set_for = f"{_attribute('schedule-arn')}/{_attribute('scheduled-time')}"
        message = {"identity": set_for, "at": _attribute("scheduled-time"), "request": request}
        return scheduler.Schedule(
            self,
            construct_id,
            schedule=schedule,
            target=scheduler_targets.SqsSendMessage(
                self._work.queue,
                input=scheduler.ScheduleTargetInput.from_object(message),
                dead_letter_queue=self._work.dead_letters,
                max_event_age=_TRIED_FOR,
                role=self.role,
            ),
        )


def add_event_rule(work: WorkQueue, rule: events.Rule, bus: str) -> None:
    """Point a rule at the queue of events: what it sends is an ``IncomingEvent``."""
    message = {
        "event": f"eventbridge:{bus}:{events.EventField.detail_type}",
        "id": events.EventField.event_id,
        "payload": events.EventField.from_path("$.detail"),
    }
    rule.add_target(_QueueTarget(work, events.RuleTargetInput.from_object(message)))


@jsii.implements(events.IRuleTarget)
class _QueueTarget:
    """A queue that takes messages of one rule, and of no other account's EventBridge.

    The CDK's target opens a queue with a key of the account, and that key, to every account.
    """

    def __init__(self, work: WorkQueue, message: events.RuleTargetInput | None) -> None:
        self._work = work
        self._message = message

    def bind(self, rule: events.IRule, id: str | None = None) -> events.RuleTargetConfig:
        """See ``IRuleTarget.bind``."""
        account = {"StringEquals": {"aws:SourceAccount": rule.env.account}}
        service = iam.ServicePrincipal("events.amazonaws.com")
        for queue in (self._work.queue, self._work.dead_letters):
            queue.add_to_resource_policy(
                iam.PolicyStatement(
                    principals=[service],
                    actions=["sqs:SendMessage"],
                    resources=[queue.queue_arn],
                    conditions={**account, "ArnEquals": {"aws:SourceArn": rule.rule_arn}},
                )
            )
        key = self._work.queue.encryption_master_key
        if key is not None:
            key.grant_encrypt_decrypt(service.with_conditions(account))
        return events.RuleTargetConfig(
            arn=self._work.queue.queue_arn,
            input=self._message,
            dead_letter_config=events.CfnRule.DeadLetterConfigProperty(
                arn=self._work.dead_letters.queue_arn
            ),
            retry_policy=events.CfnRule.RetryPolicyProperty(
                maximum_event_age_in_seconds=int(_TRIED_FOR.to_seconds())
            ),
            target_resource=self._work.queue,
        )


def request_of(
    name: str,
    version: int | None,
    inputs: Mapping[str, Any],
    correlation_id: str | None,
) -> dict[str, Any]:
    """Return a ``StartWorkflowRequest`` without what nobody asked for."""
    asked = {"name": name, "version": version, "correlationId": correlation_id}
    return {**{key: value for key, value in asked.items() if value is not None}, "input": inputs}


def whole_event() -> dict[str, Any]:
    """Return the fields of an event, to be filled in by its rule."""
    return {field: events.EventField.from_path(f"$.{field}") for field in _FIELDS}


def _message(rule: str, request: Mapping[str, Any]) -> events.RuleTargetInput:
    return events.RuleTargetInput.from_object(
        {
            "identity": f"{rule}/{events.EventField.event_id}",
            "at": events.EventField.time,
            "request": dict(request),
        }
    )


def _attribute(name: str) -> str:
    """Return what EventBridge Scheduler replaces when it sends."""
    return f"<aws.scheduler.{name}>"
