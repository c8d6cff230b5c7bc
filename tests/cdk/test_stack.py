"""What is deployed: encrypted, closed, watched, and kept."""

from collections.abc import Callable
from typing import Any

import pytest
from aws_cdk import App, Stack
from aws_cdk import aws_iam as iam
from aws_cdk import aws_lambda as lambda_
from aws_cdk.assertions import Match, Template

from dalsegno_cdk import Dalsegno, DalsegnoSettings, SettingsError
from dalsegno_functions.evaluator import RESULTS_QUEUE
from dalsegno_functions.triggers import TRIGGERS_QUEUE
from dalsegno_state.aws.layout import EXECUTION_INDEXES
from dalsegno_state.aws.settings import AwsSettings

Synthesize = Callable[..., Template]
Find = Callable[..., dict[str, dict[str, Any]]]

JWT = {"auth": "jwt", "jwtIssuer": "https://issuer.example.com", "jwtAudience": "dalsegno"}


def _tables(find: Find, **context: str) -> list[dict[str, Any]]:
    return list(find("AWS::DynamoDB::GlobalTable", **context).values())


def test_tables_are_paid_by_use_and_restorable(resources: Find) -> None:
    tables = _tables(resources)

    assert len(tables) == 2
    for table in tables:
        properties = table["Properties"]
        (replica,) = properties["Replicas"]
        assert properties["BillingMode"] == "PAY_PER_REQUEST"
        assert replica["PointInTimeRecoverySpecification"]["PointInTimeRecoveryEnabled"]
        assert properties["TimeToLiveSpecification"]["AttributeName"] == "expiresAt"


def test_the_table_has_every_index_that_the_engine_asks(resources: Find) -> None:
    names = {
        index["IndexName"]
        for table in _tables(resources)
        for index in table["Properties"].get("GlobalSecondaryIndexes", ())
    }

    assert names == {index.name for index in EXECUTION_INDEXES}


def test_data_outlives_the_stack_unless_told_otherwise(resources: Find) -> None:
    kept, thrown_away = _tables(resources), _tables(resources, keepData="false")

    assert {table["DeletionPolicy"] for table in kept} == {"Retain"}
    assert all(t["Properties"]["Replicas"][0]["DeletionProtectionEnabled"] for t in kept)
    assert {table["DeletionPolicy"] for table in thrown_away} == {"Delete"}


def test_queues_are_encrypted_and_refuse_plain_text(resources: Find) -> None:
    queues = resources("AWS::SQS::Queue")
    policies = resources("AWS::SQS::QueuePolicy")

    assert all(queue["Properties"]["SqsManagedSseEnabled"] for queue in queues.values())
    assert len(policies) == len(queues)
    assert all('"aws:SecureTransport": "false"' in _json(policy) for policy in policies.values())


def test_every_queue_that_a_function_consumes_has_dead_letters(resources: Find) -> None:
    queues = resources("AWS::SQS::Queue")
    mapped = {
        mapping["Properties"]["EventSourceArn"]["Fn::GetAtt"][0]: mapping["Properties"]
        for mapping in resources("AWS::Lambda::EventSourceMapping").values()
    }

    assert len(mapped) == 6
    for name, mapping in mapped.items():
        assert queues[name]["Properties"]["RedrivePolicy"]["maxReceiveCount"] >= 5
        assert mapping["FunctionResponseTypes"] == ["ReportBatchItemFailures"]


def test_no_queue_delivers_again_while_its_function_may_be_at_it(resources: Find) -> None:
    queues, functions = resources("AWS::SQS::Queue"), resources("AWS::Lambda::Function")

    for mapping in resources("AWS::Lambda::EventSourceMapping").values():
        queue = queues[mapping["Properties"]["EventSourceArn"]["Fn::GetAtt"][0]]
        function = functions[mapping["Properties"]["FunctionName"]["Ref"]]
        assert queue["Properties"]["VisibilityTimeout"] >= function["Properties"]["Timeout"]


def test_dead_letters_are_not_listed_among_the_queues_of_workers(resources: Find) -> None:
    names = [queue["Properties"]["QueueName"] for queue in resources("AWS::SQS::Queue").values()]

    listed = [name for name in names if name.startswith("dalsegno-dev-")]
    assert sorted(listed) == [
        "dalsegno-dev-HTTP",
        "dalsegno-dev-_evaluator",
        "dalsegno-dev-_events",
        f"dalsegno-dev-{RESULTS_QUEUE}",
        "dalsegno-dev-_system",
        f"dalsegno-dev-{TRIGGERS_QUEUE}",
    ]


def test_the_bucket_is_private_and_encrypted(template: Synthesize) -> None:
    template().has_resource_properties(
        "AWS::S3::Bucket",
        {
            "PublicAccessBlockConfiguration": {
                "BlockPublicAcls": True,
                "BlockPublicPolicy": True,
                "IgnorePublicAcls": True,
                "RestrictPublicBuckets": True,
            },
            "BucketEncryption": Match.any_value(),
        },
    )


def test_a_key_of_the_account_encrypts_everything(resources: Find) -> None:
    context = {"customerKey": "true"}
    (key,) = resources("AWS::KMS::Key", **context).values()
    queues = resources("AWS::SQS::Queue", **context).values()

    assert key["Properties"]["EnableKeyRotation"]
    assert all("KmsMasterKeyId" in queue["Properties"] for queue in queues)
    assert all(
        table["Properties"]["SSESpecification"]["SSEType"] == "KMS"
        for table in _tables(resources, **context)
    )


def test_a_key_of_the_account_needs_to_know_the_region(code: lambda_.Code) -> None:
    settings = DalsegnoSettings(customer_key=True)

    with pytest.raises(SettingsError, match="customerKey"):
        Dalsegno(Stack(App(), "anywhere"), "Workflows", settings=settings, code=code)


@pytest.mark.parametrize(
    ("context", "kind"), [({}, "AWS_IAM"), (JWT, "JWT"), ({"auth": "keys"}, "NONE")]
)
def test_every_route_asks_who_calls_but_that_of_webhooks_which_have_secrets(
    resources: Find, context: dict[str, str], kind: str
) -> None:
    routes = resources("AWS::ApiGatewayV2::Route", **context).values()

    asked = {
        route["Properties"]["RouteKey"]: route["Properties"].get("AuthorizationType", "NONE")
        for route in routes
    }
    assert asked == {
        "GET /api/tasks/poll/{proxy+}": kind,
        "ANY /{proxy+}": kind,
        "POST /webhook/{webhookId}": "NONE",
    }


def test_with_keys_the_functions_themselves_ask(resources: Find) -> None:
    functions = resources("AWS::Lambda::Function", auth="keys").values()

    for function in functions:
        variables = function["Properties"]["Environment"]["Variables"]
        assert variables["DALSEGNO_AUTH"] == "keys"
        assert "DALSEGNO_TOKEN_SECRET" in variables


@pytest.mark.parametrize(("auth", "kind"), [("iam", "AWS_IAM"), ("keys", "NONE")])
def test_function_urls_may_take_the_gateways_place(resources: Find, auth: str, kind: str) -> None:
    context = {"endpoint": "function-url", "auth": auth}
    urls = resources("AWS::Lambda::Url", **context).values()

    assert [url["Properties"]["AuthType"] for url in urls] == [kind, kind]
    assert not resources("AWS::ApiGatewayV2::Api", **context)


def test_functions_find_everything_they_read_from_their_environment(resources: Find) -> None:
    for function in resources("AWS::Lambda::Function").values():
        variables = function["Properties"]["Environment"]["Variables"]
        plain = {name: _resolved(name, value) for name, value in variables.items()}

        assert AwsSettings.from_environment({**plain, "AWS_REGION": "eu-west-1"})


def test_logs_are_kept_as_long_as_asked(resources: Find) -> None:
    groups = resources("AWS::Logs::LogGroup", logRetentionDays="7").values()

    assert [group["Properties"]["RetentionInDays"] for group in groups] == [7] * 6


def test_alarms_tell_the_topic(resources: Find) -> None:
    topic = "arn:aws:sns:eu-west-1:123456789012:operators"
    alarms = resources("AWS::CloudWatch::Alarm", alarmTopicArn=topic).values()

    assert all(alarm["Properties"]["AlarmActions"] == [topic] for alarm in alarms)


def test_a_silent_sweeper_is_an_alarm_too(template: Synthesize) -> None:
    template().has_resource_properties(
        "AWS::CloudWatch::Alarm",
        {"MetricName": "SweeperLateness", "TreatMissingData": "breaching"},
    )


def test_the_sweeper_runs_each_minute(template: Synthesize) -> None:
    template().has_resource_properties(
        "AWS::Events::Rule", {"ScheduleExpression": "rate(1 minute)"}
    )


def test_resources_carry_the_stage_as_a_tag(resources: Find) -> None:
    for queue in resources("AWS::SQS::Queue", stage="prod").values():
        assert {"Key": "dalsegno:stage", "Value": "prod"} in queue["Properties"]["Tags"]


def test_a_worker_gets_its_own_queues_only(code: lambda_.Code) -> None:
    stack = Stack(App(), "mine")
    workflows = Dalsegno(stack, "Workflows", settings=DalsegnoSettings(), code=code)
    role = iam.Role(stack, "Worker", assumed_by=iam.AccountRootPrincipal())

    workflows.grant_worker(role, "charge-card", domain="eu")

    policies = Template.from_stack(stack).find_resources("AWS::IAM::Policy")
    (policy,) = (policy for name, policy in policies.items() if name.startswith("Worker"))
    granted = _json(policy)
    assert "dalsegno-dev-eu-3acharge--card" in granted
    assert "dalsegno-dev-*" not in granted


def _json(value: object) -> str:
    return str(value).replace("'", '"')


def _resolved(name: str, value: Any) -> str:
    """Return what a reference could come to be once it is deployed."""
    if isinstance(value, str):
        return value
    if name.endswith("QUEUE_ARN"):
        return "arn:aws:sqs:eu-west-1:123456789012:dalsegno-dev-x"
    if name.endswith("ROLE_ARN"):
        return "arn:aws:iam::123456789012:role/x"
    return "x"
