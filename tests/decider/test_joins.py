"""JOIN and EXCLUSIVE_JOIN: who arrives, who is waited for, and how they end."""

from typing import Any

import pytest

from dalsegno_state.transition import JoinArrival, shard_arrival, shard_size
from dalsegno_state.view import View
from tests.decider.builders import (
    WOKEN,
    a_fork,
    a_join,
    a_loop,
    a_switch,
    a_workflow,
    asked_for,
    decided,
    ended,
    id_of,
    in_progress,
    joined,
    looked_at,
    reported,
    ruled,
    simple,
    system,
)


def forked(*join_on: str, a: Any = None, c: Any = None, join: Any = None, **rules: Any) -> View:
    """Return a fork of ``a, b`` beside ``c``, in front of a JOIN and ``z``."""
    fork = a_fork("f", [ruled("a", **rules), simple("b")], [ruled("c", **rules)])
    tasks = [
        ended("f"),
        a or in_progress("a"),
        c or in_progress("c"),
        join or in_progress("j", input={"joinOn": list(join_on)}),
    ]
    return a_workflow(fork, a_join("j", *join_on), simple("z"), tasks=tasks)


# -- arrivals ----------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("join_on", "ref", "arrives"),
    [
        (["a", "c"], "a", [("j", 0, 2, False)]),
        (["a", "c"], "c", [("j", 1, 2, False)]),
        (["c", "a", "c"], "a", [("j", 1, 2, False)]),
        (["a"], "c", []),
        (["b", "c"], "a", []),
    ],
)
def test_task_arrives_in_its_place_of_the_set(
    join_on: list[str], ref: str, arrives: list[tuple[str, int, int, bool]]
) -> None:
    assert decided(forked(*join_on), reported(ref)).arrives == arrives


def test_repeated_end_arrives_in_the_same_place() -> None:
    view = forked("a", "c", c=ended("c"))

    assert decided(view, reported("c")).arrives == [("j", 1, 2, False)]
    assert decided(view, looked_at("c")).arrives == [("j", 1, 2, False)]


def test_task_that_two_joins_wait_for_arrives_at_both() -> None:
    fork = a_fork("f", [simple("a")], [simple("b")])
    tasks = [ended("f"), in_progress("a"), in_progress("b"), in_progress("j")]
    view = a_workflow(fork, a_join("j", "a"), a_join("k", "b", "a"), tasks=tasks)

    assert decided(view, reported("a")).arrives == [("j", 0, 1, False), ("k", 1, 2, False)]


@pytest.mark.parametrize(
    ("rules", "status", "flagged"),
    [
        ({"optional": True}, "FAILED", True),
        ({"permissive": True}, "FAILED", True),
        ({"optional": True}, "COMPLETED", False),
    ],
)
def test_who_did_not_end_in_plain_success_is_flagged(
    rules: dict[str, Any], status: str, flagged: bool
) -> None:
    change = decided(forked("a", "c", retryCount=0, **rules), reported("c", status))

    assert change.arrives == [("j", 1, 2, flagged)]


def test_task_that_is_to_be_tried_again_has_not_arrived() -> None:
    assert decided(forked("a", "c", retryCount=1), reported("c", "FAILED")).arrives == []


def test_nobody_arrives_at_a_join_known_to_be_over() -> None:
    view = forked("a", join=ended("j", input={"joinOn": ["a"]}), a=ended("a"))

    assert decided(view, looked_at("a")).arrives == []


def test_switch_arrives_with_the_end_of_its_branch() -> None:
    fork = a_fork("f", [a_switch("s", "x", x=[simple("a"), simple("b")])], [simple("c")])
    chosen = ended("s", output={"evaluationResult": ["x"]})
    tasks = [ended("f"), chosen, in_progress("a"), in_progress("c"), in_progress("j")]
    nodes = [fork, a_join("j", "s", "c")]

    assert decided(a_workflow(*nodes, tasks=tasks), looked_at("s")).arrives == []
    last = [*tasks[:2], ended("a"), *tasks[3:], in_progress("b")]
    assert decided(a_workflow(*nodes, tasks=last), reported("b")).arrives == [("j", 0, 2, False)]


def test_skipped_switch_arrives_by_itself() -> None:
    fork = a_fork("f", [a_switch("s", "x", default=[simple("d")])], [simple("c")])
    tasks = [ended("f"), ended("s", "SKIPPED"), in_progress("c"), in_progress("j")]
    view = a_workflow(fork, a_join("j", "s", "c"), tasks=tasks)

    assert decided(view, looked_at("s")).arrives == [("j", 0, 2, False)]


def test_each_turn_has_a_join_of_its_own() -> None:
    loop = a_loop("l", a_fork("f", [simple("a")], [simple("b")]), a_join("j", "a", "b"))
    tasks = [in_progress("l", turn=2), ended("f__2"), in_progress("a__2"), in_progress("j__2")]

    assert decided(a_workflow(loop, tasks=tasks), reported("a__2")).arrives == [
        ("j__2", 0, 2, False)
    ]


def test_join_behind_a_loop_does_not_wait_for_a_task_inside_it() -> None:
    fork = a_fork("f", [a_loop("l", simple("a"))], [simple("b")])
    tasks = [
        ended("f"),
        in_progress("l", turn=1),
        in_progress("a__1"),
        in_progress("b"),
        in_progress("j"),
    ]
    view = a_workflow(fork, a_join("j", "a", "l", "b"), tasks=tasks)

    change = decided(view, reported("a__1"), scripts={"goes on": False})

    assert change.arrives == [("j", 1, 3, False)]


def test_wake_lets_all_that_have_ended_arrive_again() -> None:
    change = decided(forked("a", "c", a=ended("a"), c=ended("c")), WOKEN)

    assert sorted(change.arrives) == [("j", 0, 2, False), ("j", 1, 2, False)]
    assert change.checks == [("j", 2)]


# -- shards ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("index", "size", "shard", "member"),
    [(0, 1, "", 0), (99, 100, "", 99), (0, 101, "0", 0), (100, 101, "1", 0), (250, 999, "2", 50)],
)
def test_where_a_member_of_a_join_arrives(index: int, size: int, shard: str, member: int) -> None:
    arrival = shard_arrival("w1", JoinArrival(join_ref="j", index=index, size=size, flagged=True))

    assert (arrival.shard, arrival.member, arrival.flagged) == (shard, member, True)


@pytest.mark.parametrize("size", [1, 2, 99, 100, 101, 199, 200, 201, 1_000, 10_000])
def test_shards_hold_everybody_exactly_once(size: int) -> None:
    places = [
        shard_arrival("w1", JoinArrival(join_ref="j", index=n, size=size, flagged=False))
        for n in range(size)
    ]

    shards = {place.shard for place in places}
    assert len({(place.shard, place.member) for place in places}) == size
    assert sum(shard_size(shard, size) for shard in shards) == size
    if shards != {""}:
        assert shard_size("", size) == len(shards)


# -- the end of a JOIN -------------------------------------------------------------------------


def test_join_is_checked_when_it_comes_into_being() -> None:
    fork = a_fork("f", [system("NOOP", "a")], [system("NOOP", "b")])
    change = decided(a_workflow(fork, a_join("j", "a", "b")), looked_at())

    assert change.arrives == [("j", 0, 2, False), ("j", 1, 2, False)]
    assert change.checks == [("j", 2)]
    assert change.changed["j"] == "IN_PROGRESS"


def test_join_of_nothing_is_over_at_once() -> None:
    view = a_workflow(a_fork("f", [simple("a")]), a_join("j"), simple("z"))

    assert decided(view, looked_at()).changed["j"] == "COMPLETED"


def test_full_join_is_followed() -> None:
    change = decided(forked("a", "c", a=ended("a"), c=ended("c")), joined("j"))

    assert change.changed == {"j": "COMPLETED", "z": "SCHEDULED"}
    assert change.stores("j").output == {}


def test_join_that_is_full_again_changes_nothing() -> None:
    join = ended("j", input={"joinOn": ["a", "c"]})
    view = forked("a", "c", a=ended("a"), c=ended("c"), join=join)

    assert decided(view, joined("j")).changed == {"z": "SCHEDULED"}


@pytest.mark.parametrize(
    ("a", "c", "status", "reason"),
    [
        (
            "COMPLETED_WITH_ERRORS",
            "COMPLETED",
            "COMPLETED_WITH_ERRORS",
            "a/{a} completed with errors",
        ),
        ("FAILED", "COMPLETED", "FAILED", "a broke"),
        ("FAILED", "CANCELED", "FAILED", "a broke c broke"),
        ("CANCELED", "CANCELED", "CANCELED", "a broke c broke"),
        ("COMPLETED_WITH_ERRORS", "FAILED", "FAILED", "c broke"),
    ],
)
def test_join_ends_as_the_worst_of_its_tasks(a: str, c: str, status: str, reason: str) -> None:
    tasks = {"a": ended("a", a, reason="a broke"), "c": ended("c", c, reason="c broke")}
    view = forked("a", "c", permissive=True, retryCount=0, **tasks)

    join = decided(view, joined("j", 0, 1)).stores("j")

    assert (join.status, join.reason) == (status, reason.format(a=id_of("a")))


def test_join_waits_for_a_flagged_task_that_is_open_again() -> None:
    view = forked("a", "c", a=ended("a"))

    assert decided(view, joined("j", 1)).does_nothing


@pytest.mark.parametrize(("flagged", "needs"), [([], []), ([3, 7], ["t3", "t7"])])
def test_full_join_reads_the_flagged_tasks_and_no_others(
    flagged: list[int], needs: list[str]
) -> None:
    refs = [f"t{n}" for n in range(40)]
    join = in_progress("j", input={"joinOn": refs})
    nodes = [a_fork("f", *[[simple(ref)] for ref in refs]), a_join("j", *refs), simple("z")]
    view = a_workflow(*nodes, tasks=[join], read=["j"])

    assert asked_for(view, joined("j", *flagged)) == needs


# -- EXCLUSIVE_JOIN ----------------------------------------------------------------------------


def exclusive(*tasks: Any) -> View:
    """Return a SWITCH over ``a`` and ``b``, in front of an EXCLUSIVE_JOIN of both and ``z``."""
    switch = a_switch("s", "x", x=[ruled("a", retryCount=0)], y=[simple("b")], w=[simple("d")])
    join = system("EXCLUSIVE_JOIN", "e", joinOn=["a", "b"], defaultExclusiveJoinTask=["s"])
    chosen = ended("s", output={"evaluationResult": ["x"]})
    return a_workflow(switch, join, simple("z"), tasks=[chosen, *tasks])


def test_exclusive_join_ends_with_the_output_of_the_first_that_ran() -> None:
    change = decided(exclusive(ended("a", output={"x": 1})), looked_at("a"))

    assert change.changed == {"e": "COMPLETED", "z": "SCHEDULED"}
    assert change.stores("e").output == {"x": 1}


def test_exclusive_join_takes_its_default_where_none_ran() -> None:
    view = a_workflow(
        a_switch("s", "other", x=[simple("a")]),
        system("EXCLUSIVE_JOIN", "e", joinOn=["a"], defaultExclusiveJoinTask=["s"]),
    )

    change = decided(view, looked_at())

    assert change.stores("e").output == {"evaluationResult": ["other"], "selectedCase": "other"}
    assert change.ends_workflow_as == "COMPLETED"


def test_exclusive_join_waits_for_the_task_it_takes() -> None:
    open_join = in_progress("e")

    assert decided(exclusive(in_progress("a"), open_join), looked_at("e")).changed == {}
    assert (
        decided(exclusive(in_progress("a"), open_join), reported("a")).changed["e"] == "COMPLETED"
    )


def test_skipped_task_does_not_count_for_an_exclusive_join() -> None:
    tasks = [ended("a", "SKIPPED"), ended("b", output={"x": 2}), in_progress("e")]

    assert decided(exclusive(*tasks), looked_at("e")).stores("e").output == {"x": 2}


def test_exclusive_join_hears_of_a_task_in_another_branch() -> None:
    watching = system("EXCLUSIVE_JOIN", "e", joinOn=["a"])
    fork = a_fork("f", [simple("a"), simple("b")], [watching])
    tasks = [ended("f"), in_progress("a"), in_progress("e"), in_progress("j")]
    view = a_workflow(fork, a_join("j", "b", "e"), tasks=tasks)

    change = decided(view, reported("a", output={"x": 1}))

    assert change.changed == {"a": "COMPLETED", "b": "SCHEDULED", "e": "COMPLETED"}
    assert change.stores("e").output == {"x": 1}


def test_exclusive_join_fails_with_the_task_it_takes() -> None:
    switch = a_switch("s", "x", x=[ruled("a", retryCount=0, permissive=True)])
    join = system("EXCLUSIVE_JOIN", "e", joinOn=["a"])
    tasks = [ended("s", output={"evaluationResult": ["x"]}), ended("a", "FAILED"), in_progress("e")]

    assert decided(a_workflow(switch, join, tasks=tasks), looked_at("e")).changed["e"] == "FAILED"


def test_name_that_is_joined_twice_is_waited_for_once() -> None:
    view = a_workflow(a_fork("f", [simple("a")]), a_join("j", "a", "a"))

    change = decided(view, looked_at())

    assert change.checks == [("j", 1)]
    assert change.stores("j").input == {"joinOn": ["a"]}
