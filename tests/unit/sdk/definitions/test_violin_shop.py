"""The violin shop's definitions, as the builder says them and as JSON."""

import json
from pathlib import Path

import pytest

from dalsegno.definitions import Workflow, load
from dalsegno.models import TaskDef
from examples.violin_shop_sdk.workflows import ORDER_PROCESSING, REFUND_ORDER, TASKS

FOLDER = Path(__file__).parents[4] / "examples" / "violin_shop"


@pytest.mark.parametrize("flow", [ORDER_PROCESSING, REFUND_ORDER], ids=lambda flow: flow.name)
def test_builder_says_the_same_as_the_json(flow: Workflow) -> None:
    assert flow.definition() == load(FOLDER / f"{flow.name}.json")


def test_task_definitions_say_the_same_as_the_json() -> None:
    written = json.loads((FOLDER / "task_definitions.json").read_text())

    assert list(TASKS) == [TaskDef.model_validate(each) for each in written]
