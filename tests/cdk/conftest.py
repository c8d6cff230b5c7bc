"""Templates of the stack, each synthesized once, with code that need not be bundled."""

import os
from collections.abc import Callable
from functools import cache
from pathlib import Path
from typing import Any

import pytest

pytest.importorskip("aws_cdk", reason="the extra cdk is not installed")
os.environ.setdefault("JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION", "1")

from aws_cdk import App, Environment
from aws_cdk import aws_lambda as lambda_
from aws_cdk.assertions import Template

from dalsegno_cdk import DalsegnoSettings, DalsegnoStack

Resources = dict[str, dict[str, Any]]


@cache
def _template(context: tuple[tuple[str, str], ...]) -> Template:
    settings = DalsegnoSettings.from_context(dict(context))
    stack = DalsegnoStack(
        App(), "test", settings=settings, code=_code(), env=Environment(region="eu-west-1")
    )
    return Template.from_stack(stack)


def _code() -> lambda_.Code:
    return lambda_.Code.from_asset(str(Path(__file__).parent), exclude=["*", "!conftest.py"])


@pytest.fixture
def code() -> lambda_.Code:
    """Return an asset that takes no time to build."""
    return _code()


@pytest.fixture
def template() -> Callable[..., Template]:
    """Return what synthesizes the stack with some settings."""
    return lambda **context: _template(tuple(sorted(context.items())))


@pytest.fixture
def resources(template: Callable[..., Template]) -> Callable[..., Resources]:
    """Return what lists the resources of one type, by their logical ids."""

    def find(kind: str, **context: str) -> Resources:
        found: Resources = template(**context).find_resources(kind)
        return found

    return find
