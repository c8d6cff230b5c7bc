"""Each function may do what it does, and nothing else."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

pytest.importorskip("moto", reason="moto is not installed")

from dalsegno_state.aws.layout import REVISION_PK
from tests.aws.deployment import settings_of
from tests.cloud.accesses import Access, arn
from tests.cloud.policies import judged
from tests.cloud.strict import strict_cloud

Find = Callable[..., dict[str, dict[str, Any]]]
Statement = dict[str, Any]

FUNCTIONS = ("Api", "Poll", "Evaluator", "SystemTasks", "Triggers", "Sweeper")
# They name no resource that they could be bound to.
UNBOUND = {
    "secretsmanager:ListSecrets",
    "sqs:ListQueues",
    "xray:PutTelemetryRecords",
    "xray:PutTraceSegments",
}


def _statements(find: Find, function: str, **context: str) -> list[Statement]:
    policies = find("AWS::IAM::Policy", **context)
    return [
        statement
        for name, policy in policies.items()
        if f"Functions{function}Role" in name
        for statement in policy["Properties"]["PolicyDocument"]["Statement"]
    ]


def _actions(statements: list[Statement]) -> set[str]:
    return {action for statement in statements for action in _listed(statement["Action"])}


def _listed(value: Any) -> list[Any]:
    return value if isinstance(value, list) else [value]


def _all_statements(find: Find) -> Iterator[Statement]:
    for policy in find("AWS::IAM::Policy").values():
        yield from policy["Properties"]["PolicyDocument"]["Statement"]


def test_no_right_holds_for_everything(resources: Find) -> None:
    unbound = {
        action
        for statement in _all_statements(resources)
        if "*" in _listed(statement["Resource"])
        for action in _listed(statement["Action"])
    }

    assert unbound <= UNBOUND


def test_no_right_is_a_wildcard(resources: Find) -> None:
    actions = {a for s in _all_statements(resources) for a in _listed(s["Action"])}

    assert not [action for action in actions if "*" in action]


def test_no_function_has_a_managed_policy(resources: Find) -> None:
    roles = resources("AWS::IAM::Role")

    assert not [name for name, role in roles.items() if "ManagedPolicyArns" in role["Properties"]]


def test_each_function_has_a_role_of_its_own(resources: Find) -> None:
    functions = resources("AWS::Lambda::Function").values()
    roles = [function["Properties"]["Role"]["Fn::GetAtt"][0] for function in functions]

    assert len(set(roles)) == len(roles) == len(FUNCTIONS)


def test_the_sweeper_only_finds_what_is_due_sends_it_and_puts_it_off(resources: Find) -> None:
    actions = _actions(_statements(resources, "Sweeper"))

    assert actions == {
        "dynamodb:GetItem",
        "dynamodb:Query",
        "dynamodb:UpdateItem",
        "logs:CreateLogStream",
        "logs:PutLogEvents",
        "sqs:GetQueueUrl",
        "sqs:SendMessage",
    }


def test_triggers_only_create_workflows_and_tell_the_evaluator(resources: Find) -> None:
    statements = _statements(resources, "Triggers")
    to_executions = [s for s in statements if "Executions" in str(s["Resource"])]
    senders = [s for s in statements if "sqs:SendMessage" in _listed(s["Action"])]

    # The update lets another workflow of the same rate limit begin.
    assert _actions(to_executions) == {
        "dynamodb:GetItem",
        "dynamodb:PutItem",
        "dynamodb:UpdateItem",
    }
    assert all("Evaluator" in str(sender["Resource"]) for sender in senders)
    assert not {a for a in _actions(statements) if a.startswith(("secretsmanager", "scheduler"))}


@pytest.mark.parametrize("function", FUNCTIONS)
def test_nobody_scans_a_table_or_deletes_a_queue(resources: Find, function: str) -> None:
    actions = _actions(_statements(resources, function))

    assert actions
    assert not actions & {"dynamodb:Scan", "dynamodb:DeleteTable", "sqs:DeleteQueue"}


@pytest.mark.parametrize("function", ["Poll", "Evaluator", "SystemTasks", "Triggers", "Taker"])
@pytest.mark.parametrize("action", ["dynamodb:PutItem", "dynamodb:UpdateItem"])
@pytest.mark.parametrize("key", ["W#order", "T#charge", "KEYS", REVISION_PK, "D#secret", "D#tags"])
def test_only_the_api_changes_definitions(function: str, action: str, key: str) -> None:
    settings = settings_of("rights")
    table = arn("dynamodb", f"table/{settings.definition_table}")
    access = Access(action, table, {"dynamodb:LeadingKeys": (key,)})

    assert not judged(strict_cloud(settings).judge.functions[function].statements, access)


def test_no_function_writes_access_keys(resources: Find) -> None:
    for function in FUNCTIONS:
        for statement in _statements(resources, function, auth="keys"):
            if "Definitions" in str(statement["Resource"]) and "dynamodb:PutItem" in _listed(
                statement["Action"]
            ):
                (keys,) = statement["Condition"]["ForAllValues:StringLike"].values()
                assert "KEYS" not in keys


def test_only_those_who_check_tokens_read_what_signs_them(resources: Find) -> None:
    readers = {
        function
        for function in FUNCTIONS
        for statement in _statements(resources, function, auth="keys")
        if "TokenSecret" in str(statement["Resource"])
    }

    assert readers == {"Api", "Poll"}


@pytest.mark.parametrize(("archive", "writers"), [("false", set()), ("true", {"Api", "Evaluator"})])
def test_only_those_who_remove_executions_write_the_archive(
    resources: Find, archive: str, writers: set[str]
) -> None:
    to_archive = [
        (function, statement)
        for function in FUNCTIONS
        for statement in _statements(resources, function, archive=archive)
        if "/archive/*" in str(statement["Resource"])
    ]

    assert {function for function, _ in to_archive} == writers
    assert all(s["Action"] == "s3:PutObject" for _, s in to_archive)


def test_schedules_may_only_send_to_the_evaluator(resources: Find) -> None:
    (policy,) = (
        policy for name, policy in resources("AWS::IAM::Policy").items() if "TimersRole" in name
    )
    (statement,) = policy["Properties"]["PolicyDocument"]["Statement"]

    assert "Evaluator" in str(statement["Resource"])
    assert "sqs:ReceiveMessage" not in statement["Action"]


def test_only_the_api_changes_secrets(resources: Find) -> None:
    changers = {
        function
        for function in FUNCTIONS
        for action in _actions(_statements(resources, function))
        if action.startswith(("secretsmanager:", "ssm:")) and ":Get" not in action
    }

    assert changers == {"Api"}


def test_rights_on_secrets_end_with_the_stage(resources: Find) -> None:
    on = [
        str(statement["Resource"])
        for statement in _statements(resources, "Api", stage="prod")
        for action in _listed(statement["Action"])
        if action.startswith(("secretsmanager:", "ssm:")) and "List" not in action
    ]

    assert on
    assert all("dalsegno/prod" in resource for resource in on)


def test_who_uses_encrypted_queues_may_use_the_key(resources: Find) -> None:
    for function in FUNCTIONS:
        actions = _actions(_statements(resources, function, customerKey="true"))

        assert {"kms:Decrypt", "kms:GenerateDataKey*"} <= actions


def test_only_the_api_reads_and_writes_files(resources: Find) -> None:
    reaching = {
        (function, action)
        for function in FUNCTIONS
        for statement in _statements(resources, function)
        if "/files/*" in str(statement["Resource"])
        for action in _listed(statement["Action"])
        if action in {"s3:GetObject", "s3:PutObject"}
    }

    assert reaching == {("Api", "s3:GetObject"), ("Api", "s3:PutObject")}


def _denied(find: Find, function: str, action: str) -> str:
    return str(
        [
            statement["Resource"]
            for statement in _statements(find, function)
            if statement["Effect"] == "Deny" and action in _listed(statement["Action"])
        ]
    )


@pytest.mark.parametrize("function", ["Api", "Poll"])
@pytest.mark.parametrize(
    "action", ["sqs:ChangeMessageVisibility", "sqs:DeleteMessage", "sqs:ReceiveMessage"]
)
def test_what_hands_out_tasks_takes_nothing_from_queues_of_the_engine(
    resources: Find, function: str, action: str
) -> None:
    denied = _denied(resources, function, action)

    assert "dalsegno-dev-_*" in denied
    assert "Http" in denied


@pytest.mark.parametrize("function", ["Api", "Poll", "Evaluator", "SystemTasks"])
def test_nothing_is_sent_where_only_others_send(resources: Find, function: str) -> None:
    denied = _denied(resources, function, "sqs:SendMessage")

    assert "Results" in denied
    assert "Triggers" in denied


def test_only_what_a_queue_calls_takes_from_it(resources: Find) -> None:
    """Event source mappings receive with the function's own role."""
    for function in FUNCTIONS:
        allowed = {
            str(resource)
            for statement in _statements(resources, function)
            if statement["Effect"] == "Allow" and "sqs:ReceiveMessage" in statement["Action"]
            for resource in _listed(statement["Resource"])
        }
        wide = {resource for resource in allowed if "dalsegno-dev-*" in resource}
        assert bool(wide) is (function in {"Api", "Poll"})
