"""How much of the account's concurrency a deployment may take, and what is kept for it."""

from collections.abc import Callable
from typing import Any

import pytest
from aws_cdk import App, Duration, Stack
from aws_cdk import aws_lambda as lambda_
from aws_cdk.assertions import Template

from dalsegno_cdk import Dalsegno, DalsegnoSettings, LambdaWorker, SettingsError

Find = Callable[..., dict[str, dict[str, Any]]]


def _ceilings(find: Find, **context: str) -> dict[str, int]:
    """Return the most invocations at once for each queue, by the name of its construct."""
    return {
        _queue(mapping): mapping["Properties"]["ScalingConfig"]["MaximumConcurrency"]
        for mapping in find("AWS::Lambda::EventSourceMapping", **context).values()
    }


def _queue(mapping: dict[str, Any]) -> str:
    name: str = mapping["Properties"]["EventSourceArn"]["Fn::GetAtt"][0]
    return name.removeprefix("WorkflowsMessaging").partition("Queue")[0]


def _reserved(find: Find, **context: str) -> dict[str, int]:
    functions = find("AWS::Lambda::Function", **context).values()
    return {
        function["Properties"]["Handler"].split(".")[1]: function["Properties"][
            "ReservedConcurrentExecutions"
        ]
        for function in functions
        if "ReservedConcurrentExecutions" in function["Properties"]
    }


def test_no_backlog_takes_the_whole_account(resources: Find) -> None:
    ceilings = _ceilings(resources)

    assert len(ceilings) == 6
    assert max(ceilings.values()) <= 100


def test_every_event_source_has_the_ceiling_of_its_setting(resources: Find) -> None:
    context = {"evaluatorConcurrency": "7", "systemConcurrency": "8", "triggerConcurrency": "9"}

    assert sorted(_ceilings(resources, **context).values()) == [7, 7, 7, 8, 8, 9]


def test_a_new_account_can_deploy_as_nothing_is_reserved_unless_asked(resources: Find) -> None:
    assert _reserved(resources) == {}


def test_polls_have_a_ceiling_and_the_sweeper_a_reserve_if_asked(resources: Find) -> None:
    context = {"pollConcurrency": "200", "sweeperConcurrency": "2"}

    assert _reserved(resources, **context) == {"poll": 200, "sweeper": 2}


def test_a_sweep_that_fails_is_left_to_the_next(resources: Find) -> None:
    (config,) = resources("AWS::Lambda::EventInvokeConfig").values()

    assert config["Properties"]["FunctionName"]["Ref"].startswith("WorkflowsFunctionsSweeper")
    assert config["Properties"]["MaximumRetryAttempts"] == 0


def test_the_gateway_refuses_more_than_it_is_told(resources: Find) -> None:
    (stage,) = resources("AWS::ApiGatewayV2::Stage", apiRequestsPerSecond="500").values()

    throttle = stage["Properties"]["DefaultRouteSettings"]
    assert throttle == {"ThrottlingRateLimit": 500, "ThrottlingBurstLimit": 1000}


def test_a_function_url_cannot_throttle() -> None:
    with pytest.raises(SettingsError, match="apiRequestsPerSecond"):
        DalsegnoSettings.from_context({"endpoint": "function-url", "apiRequestsPerSecond": "5"})


def test_a_worker_that_would_outlast_its_function_is_refused_by_name(code: lambda_.Code) -> None:
    stack = Stack(App(), "shop")
    workflows = Dalsegno(stack, "Workflows", code=code)
    handler = lambda_.Function(
        stack, "Charge", code=code, handler="x.y", runtime=lambda_.Runtime.PYTHON_3_13
    )

    def worker(name: str, seconds: int) -> LambdaWorker:
        return LambdaWorker(
            stack,
            name,
            workflows=workflows,
            task_type=name,
            handler=handler,
            timeout=Duration.seconds(seconds),
        )

    worker("longest", 880)
    with pytest.raises(SettingsError, match=r"shop/longer: timeout: at most 880 seconds"):
        worker("longer", 881)


def test_functions_run_on_one_version_of_python_whatever_deploys_them(resources: Find) -> None:
    runtimes = {
        function["Properties"]["Runtime"]
        for function in resources("AWS::Lambda::Function").values()
    }

    assert runtimes == {"python3.13"}


@pytest.mark.parametrize("granted", ["function", "version", "alias"])
def test_what_is_granted_may_be_invoked(code: lambda_.Code, granted: str) -> None:
    stack = Stack(App(), "shop")
    workflows = Dalsegno(stack, "Workflows", code=code)
    function = lambda_.Function(
        stack, "Charge", code=code, handler="x.y", runtime=lambda_.Runtime.PYTHON_3_13
    )
    version = function.current_version
    alias = lambda_.Alias(stack, "Live", alias_name="live", version=version)
    workflows.grant_invoke({"function": function, "version": version, "alias": alias}[granted])

    policies = Template.from_stack(stack).find_resources("AWS::IAM::Policy").values()
    (statement,) = (
        statement
        for policy in policies
        for statement in policy["Properties"]["PolicyDocument"]["Statement"]
        if statement["Action"] == "lambda:InvokeFunction"
    )
    if granted == "function":
        whole, qualified = statement["Resource"]
        assert qualified == {"Fn::Join": ["", [whole, ":*"]]}
    else:
        assert set(statement["Resource"]) == {"Ref"}
