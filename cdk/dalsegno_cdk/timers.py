"""One-time schedules, for waits longer than SQS can delay a message."""

from aws_cdk import RemovalPolicy, Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_kms as kms
from aws_cdk import aws_scheduler as scheduler
from aws_cdk import aws_sqs as sqs
from constructs import Construct


class Timers(Construct):
    """A group for schedules, and the role in which they send to the evaluator's queue.

    Schedules delete themselves once they have fired; those of a removed stack go with the group.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        group_name: str,
        target: sqs.IQueue,
        key: kms.IKey | None,
    ) -> None:
        super().__init__(scope, construct_id)
        self.group_name = group_name
        group = scheduler.CfnScheduleGroup(self, "Group", name=group_name)
        group.apply_removal_policy(RemovalPolicy.DESTROY)
        self.role = schedule_role(self, "Lets Dalsegno's timers send to its evaluator queue")
        target.grant_send_messages(self.role)
        if key is not None:
            key.grant_encrypt_decrypt(self.role)

    @property
    def schedule_arns(self) -> str:
        """Pattern of the addresses of the group's schedules."""
        return Stack.of(self).format_arn(
            service="scheduler", resource="schedule", resource_name=f"{self.group_name}/*"
        )


def schedule_role(scope: Construct, description: str) -> iam.Role:
    """Return a role that EventBridge Scheduler may take on, for schedules of this account only."""
    return iam.Role(
        scope,
        "Role",
        assumed_by=iam.ServicePrincipal(
            "scheduler.amazonaws.com",
            conditions={"StringEquals": {"aws:SourceAccount": Stack.of(scope).account}},
        ),
        description=description,
    )
