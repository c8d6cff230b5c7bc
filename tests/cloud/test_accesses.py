"""What requests ask for is read off the wire, for each service that functions use."""

from collections.abc import Callable
from typing import Any

import pytest

pytest.importorskip("botocore", reason="the extra aws is not installed")

import botocore.session
from botocore.awsrequest import AWSResponse

from dalsegno_state.aws.client import Clients
from tests.aws.deployment import environment
from tests.cloud.accesses import REGION, Access, Sent, accesses, arn
from tests.cloud.strict import sent_by

KEY = {"pk": {"S": "W#1"}, "sk": {"S": "#"}}
TABLE = arn("dynamodb", "table/t")
QUEUE = f"https://sqs.{REGION}.amazonaws.com/000000000000/q"
ROLE = arn("iam", "role/timers", region="")
LEADING = "dynamodb:LeadingKeys"


class _AskedError(Exception):
    """Says what was about to be sent."""

    def __init__(self, sent: Sent) -> None:
        super().__init__(sent)
        self.sent = sent


def asked_for(service: str, method: str, **parameters: Any) -> list[Access]:
    """Return what a request of a real client asks for; it is never sent."""

    def stop(event_name: str, request: Any, **_context: object) -> AWSResponse:
        raise _AskedError(sent_by(event_name, request))

    with environment(None):
        client = botocore.session.get_session().create_client(service, region_name=REGION)
    client.meta.events.register_first("before-send", stop)
    with pytest.raises(_AskedError) as asked:
        getattr(client, method)(**parameters)
    return accesses(asked.value.sent)


@pytest.mark.parametrize(
    ("method", "parameters", "action"),
    [
        ("get_item", {"TableName": "t", "Key": KEY}, "GetItem"),
        ("put_item", {"TableName": "t", "Item": KEY}, "PutItem"),
        ("delete_item", {"TableName": "t", "Key": KEY}, "DeleteItem"),
        ("update_item", {"TableName": "t", "Key": KEY}, "UpdateItem"),
        ("batch_get_item", {"RequestItems": {"t": {"Keys": [KEY]}}}, "BatchGetItem"),
        (
            "batch_write_item",
            {"RequestItems": {"t": [{"DeleteRequest": {"Key": KEY}}]}},
            "BatchWriteItem",
        ),
        (
            "query",
            {
                "TableName": "t",
                "KeyConditionExpression": "#p = :p AND sk > :s",
                "ExpressionAttributeNames": {"#p": "pk"},
                "ExpressionAttributeValues": {":p": {"S": "W#1"}, ":s": {"S": "a"}},
            },
            "Query",
        ),
    ],
)
def test_tables(method: str, parameters: dict[str, Any], action: str) -> None:
    expected = Access(f"dynamodb:{action}", TABLE, {LEADING: ("W#1",)})

    assert asked_for("dynamodb", method, **parameters) == [expected]


def test_indexes() -> None:
    (access,) = asked_for(
        "dynamodb",
        "query",
        TableName="t",
        IndexName="due",
        KeyConditionExpression="ds = :ds",
        ExpressionAttributeValues={":ds": {"S": "3"}},
    )

    assert access.resource == f"{TABLE}/index/due"
    assert access.context == {LEADING: ("3",)}


@pytest.mark.parametrize(
    ("method", "parameters", "actions"),
    [
        ("send_message", {"QueueUrl": QUEUE, "MessageBody": "m"}, ["SendMessage"]),
        (
            "send_message_batch",
            {"QueueUrl": QUEUE, "Entries": [{"Id": "1", "MessageBody": "m"}]},
            ["SendMessage"],
        ),
        ("receive_message", {"QueueUrl": QUEUE}, ["ReceiveMessage"]),
        ("get_queue_url", {"QueueName": "q"}, ["GetQueueUrl"]),
        ("create_queue", {"QueueName": "q"}, ["CreateQueue"]),
        ("create_queue", {"QueueName": "q", "tags": {"a": "b"}}, ["CreateQueue", "TagQueue"]),
    ],
)
def test_queues(method: str, parameters: dict[str, Any], actions: list[str]) -> None:
    expected = [Access(f"sqs:{action}", arn("sqs", "q")) for action in actions]

    assert asked_for("sqs", method, **parameters) == expected


@pytest.mark.parametrize(
    ("method", "parameters", "action", "resource"),
    [
        ("get_object", {"Bucket": "b", "Key": "x/y z"}, "GetObject", "b/x/y z"),
        ("put_object", {"Bucket": "b", "Key": "x/y", "Body": b"1"}, "PutObject", "b/x/y"),
        ("delete_object", {"Bucket": "b", "Key": "x/y"}, "DeleteObject", "b/x/y"),
        (
            "delete_objects",
            {"Bucket": "b", "Delete": {"Objects": [{"Key": "x/y"}]}},
            "DeleteObject",
            "b/x/y",
        ),
        (
            "abort_multipart_upload",
            {"Bucket": "b", "Key": "x/y", "UploadId": "u"},
            "AbortMultipartUpload",
            "b/x/y",
        ),
        ("create_multipart_upload", {"Bucket": "b", "Key": "x/y"}, "PutObject", "b/x/y"),
    ],
)
def test_objects(method: str, parameters: dict[str, Any], action: str, resource: str) -> None:
    assert asked_for("s3", method, **parameters) == [
        Access(f"s3:{action}", f"arn:aws:s3:::{resource}")
    ]


def test_lists_of_objects_are_of_the_bucket() -> None:
    (access,) = asked_for("s3", "list_objects_v2", Bucket="b", Prefix="payloads/1/")

    assert (access.action, access.resource) == ("s3:ListBucket", "arn:aws:s3:::b")


def test_schedules_pass_their_role() -> None:
    create, passing = asked_for(
        "scheduler",
        "create_schedule",
        Name="n",
        GroupName="g",
        ScheduleExpression="at(2030-01-01T00:00:00)",
        FlexibleTimeWindow={"Mode": "OFF"},
        Target={"Arn": arn("sqs", "q"), "RoleArn": ROLE},
    )

    assert create == Access("scheduler:CreateSchedule", arn("scheduler", "schedule/g/n"))
    assert passing.resource == ROLE
    assert passing.context == {"iam:PassedToService": ("scheduler.amazonaws.com",)}


def test_secrets_and_parameters() -> None:
    (secret,) = asked_for("secretsmanager", "get_secret_value", SecretId="dalsegno/x/y")
    (parameter,) = asked_for("ssm", "get_parameter", Name="/dalsegno/x/y")

    assert secret.resource.startswith(arn("secretsmanager", "secret:dalsegno/x/y-"))
    assert parameter == Access("ssm:GetParameter", arn("ssm", "parameter/dalsegno/x/y"))


def test_sinks() -> None:
    topic, bus, function = (
        arn("sns", "t"),
        arn("events", "event-bus/b"),
        arn("lambda", "function:f"),
    )

    assert asked_for("sns", "publish", TopicArn=topic, Message="m") == [
        Access("sns:Publish", topic)
    ]
    assert asked_for("events", "put_events", Entries=[{"EventBusName": bus}]) == [
        Access("events:PutEvents", bus)
    ]
    assert asked_for("lambda", "invoke", FunctionName=function) == [
        Access("lambda:InvokeFunction", function)
    ]


def test_every_client_of_the_engine_is_read() -> None:
    """A service that no rule reads would not be judged."""
    services = {name for name, value in vars(Clients).items() if hasattr(value, "attrname")}
    read: dict[str, Callable[..., None]] = {
        "dynamodb": test_tables,
        "sqs": test_queues,
        "s3": test_objects,
        "scheduler": test_schedules_pass_their_role,
        "secrets_manager": test_secrets_and_parameters,
        "ssm": test_secrets_and_parameters,
        "sns": test_sinks,
        "events": test_sinks,
        "lambda_": test_sinks,
    }

    assert services == set(read)
