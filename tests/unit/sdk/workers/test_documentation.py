"""The page on workers: its examples do what it says."""

import re
from pathlib import Path
from typing import Any

import pytest

from dalsegno.models import Task

PAGE = Path(__file__).parents[4] / "docs" / "workers.md"


def test_every_example_runs(monkeypatch: pytest.MonkeyPatch) -> None:
    pytest.importorskip("boto3", reason="the extra sqs is not installed")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "us-east-1")
    examples = re.findall(r"```python\n(.*?)```", PAGE.read_text(), re.DOTALL)
    names: dict[str, Any] = {"__name__": "workers_page"}

    for example in examples:
        exec(compile(example, str(PAGE), "exec"), names)  # noqa: S102 - our own page

    fields = {"taskId": "t1", "workflowInstanceId": "w1", "taskDefName": "charge_card"}
    order = {"order": {"number": 7, "card": "fine"}, "amount": 1}
    task = Task.model_validate({**fields, "status": "IN_PROGRESS", "inputData": order})
    assert names["handler"](task.to_wire(), Context()) == {"number": "R-7"}
    assert names["wait_for_till"].run(task).callback_after_seconds == 30


class Context:
    def get_remaining_time_in_millis(self) -> int:
        return 60_000
