"""How times, reasons and trees of steps look in a terminal."""

from typing import Any

import pytest

from dalsegno.cli.view.lines import outline, tree_lines
from dalsegno.cli.view.mermaid import mermaid
from dalsegno.cli.view.reasons import reason
from dalsegno.cli.view.times import duration, millis_of, relative, since
from dalsegno.cli.view.tree import tree_of_definition, tree_of_execution
from dalsegno.models import Workflow, WorkflowDef

NOW = 1_700_000_000_000


@pytest.mark.parametrize(
    ("millis", "shown"),
    [
        (-5, "0 ms"),
        (340, "340 ms"),
        (3_000, "3 s"),
        (3_249, "3.2 s"),
        (59_999, "1 min"),
        (252_000, "4 min 12 s"),
        (7_500_000, "2 h 5 min"),
        (3 * 86_400_000, "3 d"),
        (3 * 86_400_000 + 60_000, "3 d"),
    ],
)
def test_a_duration_has_two_units_at_most(millis: int, shown: str) -> None:
    assert duration(millis) == shown


def test_a_time_is_told_from_now() -> None:
    assert relative(NOW - 200_000, NOW) == "3 min ago"
    assert relative(NOW + 7_200_000, NOW) == "in 2 h"
    assert relative(NOW, NOW) == "now"
    assert relative(0, NOW) == ""


def test_since_takes_spans_and_times() -> None:
    assert since("90m", NOW) == since("1.5h", NOW) == since("90 min ago", NOW) == NOW - 5_400_000
    assert since("2023-11-14T22:13:20+00:00", NOW) == NOW
    with pytest.raises(ValueError, match="30m, 2h or 7d"):
        since("soon", NOW)
    with pytest.raises(ValueError, match="is no time"):
        since("9" * 400 + "d", NOW)  # infinite, as a double


def test_a_time_of_a_summary_is_in_epoch_milliseconds() -> None:
    assert millis_of("2023-11-14T22:13:20.000Z") == NOW
    assert millis_of(None) == 0


def test_the_reason_of_a_failed_task_is_its_own() -> None:
    told = "Task w1.charge failed with status: FAILED and reason: 'no money'"

    assert reason(told, ["charge"]) == "charge: no money"
    assert reason(told) == "no money"
    assert reason("wrong price", ["charge"]) == "wrong price"
    assert reason(None) == ""


def _step(ref: str, type: str = "SIMPLE", **fields: Any) -> dict[str, Any]:
    return {"name": ref, "taskReferenceName": ref, "type": type, **fields}


def _task(ref: str, seq: int, status: str = "COMPLETED", **fields: Any) -> dict[str, Any]:
    times = {"scheduledTime": NOW, "startTime": NOW, "endTime": NOW + 1_000}
    task = {"referenceTaskName": ref, "taskType": "SIMPLE", "seq": seq, "status": status}
    return {**task, "taskId": f"{ref}-{seq}", **times, **fields}


STEPS = [
    _step(
        "choice",
        "SWITCH",
        decisionCases={"yes": [_step("paid")], "no": [_step("refused")]},
    ),
    _step("fan", "FORK_JOIN_DYNAMIC"),
    _step("again", "DO_WHILE", loopOver=[_step("inner")], loopCondition="true"),
    _step("stop", "TERMINATE"),
]


def _execution(status: str, *tasks: dict[str, Any]) -> Workflow:
    definition = {"name": "order", "version": 1, "tasks": STEPS}
    return Workflow.model_validate(
        {"workflowId": "w1", "status": status, "workflowDefinition": definition, "tasks": tasks}
    )


def test_a_definition_shows_all_cases() -> None:
    lines = outline(tree_of_definition(WorkflowDef.model_validate({"name": "o", "tasks": STEPS})))

    assert [line.split("  ")[0] for line in lines] == [
        "choice",
        "├ case yes",
        "│ └ paid",
        "└ case no",
        "",
        "fan",
        "again",
        "└ inner",
        "stop",
    ]


def test_an_execution_shows_the_case_taken_dynamic_branches_and_what_lies_ahead() -> None:
    execution = _execution(
        "RUNNING",
        _task("choice", 1, taskType="SWITCH"),
        _task("refused", 2),
        _task("fan", 3, taskType="FORK", inputData={"forkedTasks": ["left", "right"]}),
        _task("left", 4),
        _task("right", 5, "IN_PROGRESS"),
    )

    shown = [str(line).split("  ")[0] for line in _lines(execution)]

    assert "└ case no" in shown
    assert not any("yes" in line for line in shown)
    assert "├ ✓ left" in shown
    assert "└ ● right" in shown
    assert "· stop" in shown


def test_an_ended_execution_shows_what_it_has_reached() -> None:
    execution = _execution("COMPLETED", _task("choice", 1, taskType="SWITCH"), _task("paid", 2))

    assert "stop" not in "\n".join(map(str, _lines(execution)))


def test_a_long_loop_shows_its_last_iterations() -> None:
    inner = [_task(f"inner__{number}", number + 1, iteration=number) for number in range(1, 101)]
    execution = _execution("COMPLETED", _task("again", 1, taskType="DO_WHILE"), *inner)

    shown = "\n".join(map(str, _lines(execution)))

    assert "iteration 96 of 100" in shown
    assert "inner__95" not in shown


def test_attempts_that_failed_are_told_within_the_width() -> None:
    execution = _execution(
        "FAILED",
        _task("paid", 1, "FAILED", reasonForIncompletion="the till is busy " * 10),
        _task("paid", 2, "TIMED_OUT", retryCount=1, reasonForIncompletion="nobody answered"),
    )

    shown = [str(line) for line in _lines(execution)]

    assert "attempt 1 FAILED after 1 s: the till" in "\n".join(shown)
    assert "nobody answered" in shown[-1]
    assert "attempt 2" in shown[0]
    assert max(map(len, shown)) <= 80


def test_a_chart_goes_on_after_cases_and_not_after_an_end() -> None:
    chart = mermaid(WorkflowDef.model_validate({"name": "order", "tasks": STEPS}))

    assert '  n1 -->|"yes"| n2' in chart
    assert '  n1 -->|"else"| n4' in chart
    assert '  n5 -->|"again"| n6' in chart
    assert "  n6 --> n5" in chart
    assert "--> finish" not in chart


def _lines(execution: Workflow) -> list[Any]:
    return tree_lines(tree_of_execution(execution), width=80, now=NOW)
