"""What goes into the Lambda bundle, and when it is deployed again."""

import re
from collections.abc import Callable

from aws_cdk.assertions import Template

from dalsegno_cdk.bundling import requirements, source_hash


def _names() -> set[str]:
    return {re.split(r"[\[=<>~!;]", requirement)[0] for requirement in requirements()}


def test_the_bundle_holds_what_functions_import_and_no_server() -> None:
    names = _names()

    assert {"pydantic", "aws-lambda-powertools", "quickjs-ng", "jq", "httpcore"} <= names
    assert names & {"boto3", "botocore"}
    assert not names & {"uvicorn", "typer", "rich", "aws-cdk-lib", "dalsegno"}


def test_the_same_sources_are_the_same_asset() -> None:
    assert source_hash("arm64", "3.13") == source_hash("arm64", "3.13")


def test_another_platform_or_python_is_another_asset() -> None:
    hashes = {
        source_hash("arm64", "3.13"),
        source_hash("x86_64", "3.13"),
        source_hash("arm64", "3.12"),
    }

    assert len(hashes) == 3


def test_functions_run_on_arm_unless_told_otherwise(template: Callable[..., Template]) -> None:
    for context, architecture in (({}, "arm64"), ({"architecture": "x86_64"}, "x86_64")):
        functions = template(**context).find_resources("AWS::Lambda::Function")

        found = {function["Properties"]["Architectures"][0] for function in functions.values()}
        assert found == {architecture}
