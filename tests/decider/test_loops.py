"""DO_WHILE: turn by turn."""

from typing import Any

import pytest

from dalsegno_state.scripts import ScriptError
from tests.decider.builders import (
    WOKEN,
    a_fork,
    a_join,
    a_loop,
    a_loop_over,
    a_switch,
    a_workflow,
    decided,
    ended,
    in_progress,
    looked_at,
    reported,
    ruled,
    scheduled,
    simple,
)


def test_loop_stores_its_turn_before_the_body_begins() -> None:
    change = decided(a_workflow(a_loop("l", simple("a"))), looked_at())

    assert change.created == ["l", "a__1"]
    assert (change.stores("l").turn, change.stores("l").output) == (1, {"iteration": 1})
    assert change.asked == ()


@pytest.mark.parametrize(
    ("answer", "goes_on"),
    [
        (True, True),
        (1, True),
        (0.5, True),
        (0, False),
        (-1, False),
        (False, False),
        ("true", False),
        (None, False),
        ([1], False),
    ],
)
def test_only_true_and_numbers_above_zero_go_on(answer: Any, goes_on: bool) -> None:
    tasks = [in_progress("l", turn=1, output={"iteration": 1}), in_progress("a__1")]
    view = a_workflow(a_loop("l", simple("a")), simple("z"), tasks=tasks)

    change = decided(view, reported("a__1"), scripts={"goes on": answer})

    assert change.created == (["a__2"] if goes_on else ["z"])
    assert change.stores("l").turn == 1 + goes_on
    assert change.changed["l"] == ("IN_PROGRESS" if goes_on else "COMPLETED")


def test_turn_ends_with_the_last_task_of_its_body() -> None:
    tasks = [in_progress("l", turn=3), in_progress("a__3")]
    view = a_workflow(a_loop("l", simple("a"), simple("b")), tasks=tasks)

    change = decided(view, reported("a__3"))

    assert change.created == ["b__3"]
    assert change.asked == ()


def test_condition_sees_inputs_and_the_tasks_that_it_mentions() -> None:
    loop = a_loop("l", simple("a"), simple("b"), while_="$.l.iteration < $.most && $.a.x > 1")
    loop["inputParameters"] = {"most": "${workflow.input.most}"}
    tasks = [
        in_progress("l", turn=1, output={"iteration": 1}),
        ended("a__1", output={"x": 5}),
        in_progress("b__1"),
    ]
    view = a_workflow(loop, tasks=tasks, input={"most": 3})

    change = decided(view, reported("b__1"), scripts={loop["loopCondition"]: False})

    assert change.asked == (
        (loop["loopCondition"], {"most": 3, "a": {"x": 5}, "l": {"iteration": 1}}),
    )


def test_failing_condition_fails_the_loop_for_good() -> None:
    tasks = [in_progress("l", turn=1), in_progress("a__1")]
    view = a_workflow(a_loop("l", simple("a")), tasks=tasks)

    change = decided(view, reported("a__1"), scripts={"goes on": ScriptError("no such thing")})

    assert change.changed["l"] == "FAILED_WITH_TERMINAL_ERROR"
    assert change.stores("l").reason == (
        "Unable to evaluate condition goes on, exception no such thing"
    )
    assert change.ends_workflow_as == "FAILED"


def test_child_that_fails_for_good_ends_the_workflow() -> None:
    tasks = [in_progress("l", turn=1), in_progress("a__1")]
    view = a_workflow(a_loop("l", simple("a")), tasks=tasks)

    change = decided(view, reported("a__1", "FAILED_WITH_TERMINAL_ERROR"))

    assert change.ends_workflow_as == "FAILED"


@pytest.mark.parametrize("is_first", [True, False])
def test_turn_that_was_stored_without_its_body_is_gone_on_with(is_first: bool) -> None:
    loop = in_progress("l", turn=1 if is_first else 2)
    view = a_workflow(
        a_loop("l", simple("a")), tasks=[loop, *([] if is_first else [ended("a__1")])]
    )

    assert decided(view, looked_at("l")).created == ["a__1" if is_first else "a__2"]


def test_report_of_an_earlier_turn_does_not_end_this_one() -> None:
    tasks = [in_progress("l", turn=2), in_progress("a__1"), in_progress("a__2")]
    view = a_workflow(a_loop("l", simple("a")), tasks=tasks)

    change = decided(view, reported("a__1"))

    assert change.changed == {"a__1": "COMPLETED"}
    assert change.asked == ()


# -- items -------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("items", "turn", "created", "output"),
    [
        (["x", "y"], 0, ["l", "a__1"], {"iteration": 1, "loopIndex": 0, "loopItem": "x"}),
        (["x", "y"], 1, ["a__2"], {"iteration": 2, "loopIndex": 1, "loopItem": "y"}),
        ("x", 0, ["l", "a__1"], {"iteration": 1, "loopIndex": 0, "loopItem": "x"}),
        ([], 0, ["l", "z"], {"iteration": 0}),
        (None, 0, ["l", "z"], {"iteration": 0}),
    ],
)
def test_each_item_gets_a_turn(
    items: Any, turn: int, created: list[str], output: dict[str, Any]
) -> None:
    loop = a_loop_over("l", "${workflow.input.items}", simple("a"))
    tasks = [in_progress("l", turn=1), in_progress("a__1")] if turn else []
    view = a_workflow(loop, simple("z"), tasks=tasks, input={"items": items})

    change = decided(view, reported("a__1") if turn else looked_at())

    assert change.created == created
    assert change.stores("l").output == output


@pytest.mark.parametrize(("answer", "created"), [(True, ["a__2"]), (False, ["z"])])
def test_condition_may_end_a_list_early(answer: bool, created: list[str]) -> None:
    loop = {**a_loop_over("l", [1, 2, 3], simple("a")), "loopCondition": "more"}
    tasks = [in_progress("l", turn=1), in_progress("a__1")]
    view = a_workflow(loop, simple("z"), tasks=tasks)

    assert decided(view, reported("a__1"), scripts={"more": answer}).created == created


def test_last_item_ends_the_loop_whatever_the_condition_says() -> None:
    loop = {**a_loop_over("l", [1, 2], simple("a")), "loopCondition": "more"}
    tasks = [in_progress("l", turn=2), ended("a__1"), in_progress("a__2")]
    view = a_workflow(loop, simple("z"), tasks=tasks)

    change = decided(view, reported("a__2"), scripts={"more": True})

    assert change.changed["l"] == "COMPLETED"


# -- what may be inside ------------------------------------------------------------------------


def test_switch_at_the_end_of_a_body_ends_the_turn() -> None:
    switch = a_switch("s", "x", x=[simple("a")])
    chosen = ended("s__1", output={"evaluationResult": ["x"]})
    tasks = [in_progress("l", turn=1), chosen, in_progress("a__1")]
    view = a_workflow(a_loop("l", switch), tasks=tasks)

    assert decided(view, reported("a__1"), scripts={"goes on": True}).created == ["s__2", "a__2"]


def test_loop_inside_a_loop_counts_by_itself() -> None:
    inner = a_loop("m", simple("a"), while_="inner goes on")
    tasks = [in_progress("l", turn=2), in_progress("m__2", turn=1), in_progress("a__2__1")]
    view = a_workflow(a_loop("l", inner), tasks=tasks)

    on = decided(view, reported("a__2__1"), scripts={"inner goes on": True})
    out = decided(view, reported("a__2__1"), scripts={"inner goes on": False, "goes on": True})

    assert on.created == ["a__2__2"]
    assert out.created == ["m__3", "a__3__1"]


@pytest.mark.parametrize(("other", "created"), [("IN_PROGRESS", []), ("COMPLETED", ["f__2"])])
def test_branch_that_none_joins_must_end_before_the_turn(other: str, created: list[str]) -> None:
    fork = a_fork("f", [simple("a")], [simple("b")])
    is_open = other == "IN_PROGRESS"
    tasks = [
        in_progress("l", turn=1),
        ended("f__1"),
        ended("a__1"),
        in_progress("b__1"),
        in_progress("j__1") if is_open else ended("j__1"),
    ]
    view = a_workflow(a_loop("l", fork, a_join("j", "a")), tasks=tasks)

    change = decided(view, reported("b__1"), scripts={"goes on": True})

    assert change.created[:1] == created


def test_optional_child_that_fails_ends_the_turn_all_the_same() -> None:
    tasks = [in_progress("l", turn=1), in_progress("a__1")]
    view = a_workflow(a_loop("l", ruled("a", retryCount=0, optional=True)), tasks=tasks)

    change = decided(view, reported("a__1", "FAILED"), scripts={"goes on": True})

    assert change.changed == {
        "a__1": "COMPLETED_WITH_ERRORS",
        "l": "IN_PROGRESS",
        "a__2": "SCHEDULED",
    }


# -- turns that are forgotten ------------------------------------------------------------------


@pytest.mark.parametrize(
    ("keep", "turn", "deleted"),
    [(2, 2, []), (2, 3, ["a__1"]), (2, 5, ["a__3"]), (1, 3, ["a__2"]), (0, 3, []), ("2", 3, [])],
)
def test_turn_that_falls_out_of_the_last_ones_is_deleted(
    keep: Any, turn: int, deleted: list[str]
) -> None:
    loop = a_loop("l", simple("a"))
    loop["inputParameters"] = {"keepLastN": keep}
    tasks = [in_progress("l", turn=turn, input={"keepLastN": keep}), in_progress(f"a__{turn}")]
    view = a_workflow(loop, tasks=tasks)

    change = decided(view, reported(f"a__{turn}"), scripts={"goes on": True})

    assert change.deleted == deleted
    assert change.created == [f"a__{turn + 1}"]


def test_inner_turns_go_with_the_outer_one() -> None:
    loop = a_loop("l", a_loop("m", simple("a"), while_="inner"), simple("b"))
    loop["inputParameters"] = {"keepLastN": 1}
    tasks = [
        in_progress("l", turn=2, input={"keepLastN": 1}),
        ended("m__1", turn=2),
        ended("a__1__1"),
        ended("a__1__2"),
        ended("b__1"),
        ended("m__2", turn=1),
        ended("a__2__1"),
        in_progress("b__2"),
    ]

    change = decided(a_workflow(loop, tasks=tasks), reported("b__2"), scripts={"goes on": False})

    assert sorted(change.deleted) == ["a__1__1", "a__1__2", "b__1", "m__1"]


def test_wake_deletes_what_a_straggler_brought_back() -> None:
    loop = a_loop("l", simple("a"))
    loop["inputParameters"] = {"keepLastN": 1}
    tasks = [
        in_progress("l", turn=4, input={"keepLastN": 1}),
        scheduled("a__1"),
        in_progress("a__4"),
    ]

    change = decided(a_workflow(loop, tasks=tasks), WOKEN)

    assert change.deleted == ["a__1"]


@pytest.mark.parametrize(
    ("status", "turn", "deleted"),
    [
        ("IN_PROGRESS", 1, ["a__1"]),
        ("IN_PROGRESS", 2, ["a__2"]),
        ("IN_PROGRESS", 3, []),
        ("COMPLETED", 2, ["a__2"]),
        ("COMPLETED", 3, ["a__3"]),
        ("COMPLETED", 4, []),
    ],
)
def test_wake_deletes_no_turn_that_is_still_kept(
    status: str, turn: int, deleted: list[str]
) -> None:
    loop = a_loop("l", simple("a"))
    loop["inputParameters"] = {"keepLastN": 1}
    kept: dict[str, Any] = {"turn": 4, "input": {"keepLastN": 1}}
    tasks = [
        in_progress("l", **kept) if status == "IN_PROGRESS" else ended("l", **kept),
        ended(f"a__{turn}"),
        in_progress("a__4") if status == "IN_PROGRESS" else in_progress("z"),
    ]

    change = decided(a_workflow(loop, simple("z"), tasks=tasks), WOKEN)

    assert change.deleted == deleted
