"""From a finished task to what follows it, by the definition."""

from typing import Any

import pytest

from dalsegno.models import WorkflowStatus
from dalsegno_state.scripts import ScriptError
from tests.decider.builders import (
    NOW,
    WOKEN,
    Definition,
    a_fork,
    a_join,
    a_loop,
    a_switch,
    a_workflow,
    after,
    asked_for,
    child_ended,
    close,
    decided,
    ended,
    id_of,
    in_progress,
    joined,
    launched,
    looked_at,
    reported,
    ruled,
    scheduled,
    simple,
    system,
)

# -- sequences ---------------------------------------------------------------------------------


def test_start_schedules_the_first_task() -> None:
    view = a_workflow(simple("a"), simple("b"), priority=7)

    change = decided(view, looked_at())

    assert change.changed == {"a": "SCHEDULED"}
    assert change.announced == [("a", id_of("a"), 0)]
    assert change.transition.messages[0].priority == 7


def test_finished_task_is_followed_by_the_next() -> None:
    view = a_workflow(simple("a"), simple("b"), simple("c"), tasks=[in_progress("a")])

    change = decided(view, reported("a", output={"x": 1}))

    assert change.changed == {"a": "COMPLETED", "b": "SCHEDULED"}
    assert change.stores("a").output == {"x": 1}
    assert change.stores("b").sequence > change.stores("a").sequence
    assert change.stores("b").position == 2


def test_last_task_completes_the_workflow() -> None:
    view = a_workflow(simple("a"), tasks=[in_progress("a")])

    assert decided(view, reported("a")).ends_workflow_as == "COMPLETED"


def test_workflow_without_tasks_is_complete() -> None:
    change = decided(a_workflow(), looked_at())

    assert change.ends_workflow_as == "COMPLETED"
    assert change.workflow.reason == "No tasks found to be executed"


def test_next_input_is_evaluated_when_it_is_scheduled() -> None:
    following = {
        **simple("b"),
        "inputParameters": {
            "x": "${a.output.x}",
            "order": "${workflow.input.order}",
            "region": "${workflow.env.region}",
            "none": "${a.output.nothing}",
        },
        "taskDefinition": {"name": "b", "inputTemplate": {"none": "given", "more": 1, "order": 9}},
    }
    view = a_workflow(simple("a"), following, tasks=[in_progress("a")], input={"order": 5})

    change = decided(view, reported("a", output={"x": 1}), environment={"region": "eu"})

    assert change.stores("b").input == {
        "x": 1,
        "order": 5,
        "region": "eu",
        "none": "given",
        "more": 1,
    }


@pytest.mark.parametrize(
    ("reads", "needs"),
    [
        ({}, []),
        ({"x": "${a.output.x}", "y": "${b.output.y}"}, ["a", "b"]),
        ({"c": "${c.status}"}, []),
        ({"who": "${workflow.input.a}"}, []),
    ],
)
def test_step_reads_the_tasks_that_its_input_names_and_no_others(
    reads: dict[str, Any], needs: list[str]
) -> None:
    nodes = [simple("a"), simple("b"), simple("c"), {**simple("d"), "inputParameters": reads}]
    view = a_workflow(*nodes, tasks=[ended("a"), ended("b"), in_progress("c")], read=["c"])

    assert asked_for(view, reported("c")) == needs


def test_step_does_not_read_the_whole_history() -> None:
    nodes = [simple(f"t{n}") for n in range(50)]
    view = a_workflow(*nodes, tasks=[in_progress("t48")], read=["t48"])

    assert decided(view, reported("t48")).created == ["t49"]


@pytest.mark.parametrize(("delay", "queued"), [(0, 0), (30, 30), (-5, 0)])
def test_start_delay_keeps_a_task_back(delay: int, queued: int) -> None:
    change = decided(a_workflow(simple("a", startDelay=delay)), looked_at())

    assert change.announced == [("a", id_of("a"), queued)]


def test_expression_that_cannot_be_evaluated_fails_the_workflow() -> None:
    view = a_workflow(system("SUB_WORKFLOW", "s"))

    change = decided(view, looked_at())

    assert change.ends_workflow_as == "FAILED"
    assert str(change.workflow.reason).startswith("Error scheduling tasks: ")


@pytest.mark.parametrize("status", ["PAUSED", "COMPLETED", "FAILED"])
def test_nothing_new_begins_unless_the_workflow_runs(status: str) -> None:
    view = a_workflow(simple("a"), simple("b"), tasks=[ended("a")], status=WorkflowStatus(status))

    assert decided(view, looked_at("a")).does_nothing


def test_workflow_that_waits_for_a_slot_begins_nothing() -> None:
    assert decided(a_workflow(simple("a"), rate_limited=True), looked_at()).does_nothing


# -- SWITCH ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("value", "first"),
    [("x", "a"), ("y", "b"), ("other", "d"), (None, "n"), (True, "t"), (2, "two"), (2.0, "two")],
)
def test_switch_goes_on_with_the_case_that_matches(value: Any, first: str) -> None:
    cases = {"x": [simple("a")], "y": [simple("b")], "null": [simple("n")]}
    cases |= {"true": [simple("t")], "2": [simple("two")], "default": [simple("d")]}
    view = a_workflow(a_switch("s", value, **cases), simple("z"))

    change = decided(view, looked_at())

    assert change.created == ["s", first]


def test_switch_without_a_matching_case_is_stepped_over() -> None:
    view = a_workflow(a_switch("s", "other", x=[simple("a")]), simple("z"))

    assert decided(view, looked_at()).created == ["s", "z"]


def test_end_of_a_case_leads_behind_the_switch() -> None:
    switch = a_switch("s", "x", x=[simple("a"), a_switch("t", "y", y=[simple("b")])])
    tasks = [_chose("s", "x"), ended("a"), _chose("t", "y"), in_progress("b")]

    change = decided(a_workflow(switch, simple("z"), tasks=tasks), reported("b"))

    assert change.created == ["z"]


def test_stored_case_is_followed_whatever_the_value_is_now() -> None:
    switch = a_switch("s", "${workflow.variables.v}", x=[simple("a")], y=[simple("b")])
    view = a_workflow(switch, tasks=[_chose("s", "x")], variables={"v": "y"})

    assert decided(view, looked_at("s")).created == ["a"]


def test_switch_by_script() -> None:
    switch = a_switch("s", 3, big=[simple("a")], small=[simple("b")])
    switch |= {"evaluatorType": "javascript", "expression": "size"}

    change = decided(a_workflow(switch), looked_at(), scripts={"size": "small"})

    assert change.created == ["s", "b"]
    assert change.asked == (("size", {"case": 3}),)


def test_switch_whose_script_fails_fails_the_workflow() -> None:
    switch = a_switch("s", 3, big=[simple("a")])
    switch |= {"evaluatorType": "javascript", "expression": "size"}

    change = decided(a_workflow(switch), looked_at(), scripts={"size": ScriptError("no size")})

    assert change.changed == {"s": "FAILED"}
    assert change.ends_workflow_as == "FAILED"


@pytest.mark.parametrize(("value", "first"), [("x", "a"), ("empty", "d"), ("other", "d")])
def test_decision_goes_on_with_the_case_that_matches(value: str, first: str) -> None:
    decision = system("DECISION", "s", {"v": value}, caseValueParam="v")
    decision |= {"decisionCases": {"x": [simple("a")], "empty": []}, "defaultCase": [simple("d")]}

    assert decided(a_workflow(decision), looked_at()).created == ["s", first]


def test_empty_case_of_a_switch_is_stepped_over() -> None:
    switch = a_switch("s", "empty", empty=[], default=[simple("d")])

    assert decided(a_workflow(switch, simple("z")), looked_at()).created == ["s", "z"]


# -- forks -------------------------------------------------------------------------------------


def test_fork_begins_all_branches_and_the_join() -> None:
    fork = a_fork("f", [simple("a"), simple("b")], [simple("c")], [])
    view = a_workflow(fork, a_join("j", "b", "c"), simple("z"))

    change = decided(view, looked_at())

    assert change.created == ["f", "a", "c", "j"]
    assert change.stores("j").status == "IN_PROGRESS"
    assert change.stores("j").input == {"joinOn": ["b", "c"]}


def test_fork_without_a_join_fails_the_workflow() -> None:
    change = decided(a_workflow(a_fork("f", [simple("a")]), simple("z")), looked_at())

    assert change.ends_workflow_as == "FAILED"
    assert "not followed by a join" in str(change.workflow.reason)


def test_branch_goes_on_by_itself() -> None:
    fork = a_fork("f", [simple("a"), simple("b")], [simple("c")])
    tasks = [ended("f"), in_progress("a"), in_progress("c"), in_progress("j")]
    view = a_workflow(fork, a_join("j", "b", "c"), tasks=tasks)

    change = decided(view, reported("a"))

    assert change.created == ["b"]
    assert not change.arrives


@pytest.mark.parametrize(("open_ref", "ends_as"), [("b", "COMPLETED"), ("z", "COMPLETED")])
def test_branch_that_none_joins_must_end_before_the_workflow(open_ref: str, ends_as: str) -> None:
    fork = a_fork("f", [simple("a")], [simple("b")])
    refs = ("a", "b", "z")
    tasks = [in_progress(ref) if ref == open_ref else ended(ref) for ref in refs]
    nodes = [fork, a_join("j", "a"), simple("z")]
    both_open = [ended("f"), ended("a"), in_progress("b"), ended("j"), in_progress("z")]
    last_open = [ended("f"), *tasks[:2], ended("j"), tasks[2]]

    first = decided(a_workflow(*nodes, tasks=both_open), reported(open_ref))
    last = decided(a_workflow(*nodes, tasks=last_open), reported(open_ref))

    assert first.ends_workflow_as is None
    assert last.ends_workflow_as == ends_as


def test_branch_that_was_never_begun_is_not_waited_for() -> None:
    fork = a_fork("f", [simple("a")], [simple("b")])
    view = a_workflow(a_switch("s", "other", x=[fork, a_join("j", "a")]))

    assert decided(view, looked_at()).ends_workflow_as == "COMPLETED"


# -- dynamic forks -----------------------------------------------------------------------------


def a_dynamic_fork(tasks: Any, inputs: Any) -> list[Definition]:
    fork = system(
        "FORK_JOIN_DYNAMIC",
        "f",
        {"tasks": tasks, "inputs": inputs},
        dynamicForkTasksParam="tasks",
        dynamicForkTasksInputParamName="inputs",
    )
    return [fork, a_join("j"), simple("z")]


BRANCHES = [
    {"name": "n1", "taskReferenceName": "x", "type": "SIMPLE"},
    {"name": "n2", "taskReferenceName": "y", "type": "SIMPLE", "inputParameters": {"k": 1}},
]


def test_dynamic_fork_begins_what_its_input_lists() -> None:
    view = a_workflow(*a_dynamic_fork(BRANCHES, {"x": {"v": 1}, "y": {"v": 2}}))
    view.task_defs |= {"n1": None, "n2": None}

    change = decided(view, looked_at())

    assert change.created == ["f", "x", "y", "j"]
    assert (change.stores("x").input, change.stores("y").input) == ({"v": 1}, {"k": 1, "v": 2})
    assert change.stores("j").input == {"joinOn": ["x", "y"]}
    member = change.stores("y").membership
    assert member is not None
    assert (member.join_ref, member.index, member.size) == ("j", 1, 2)
    assert [queue for queue, _, _ in change.announced] == ["n1", "n2"]


def test_dynamic_fork_takes_registered_definitions() -> None:
    defs: dict[str, Any] = {"n1": {"retryCount": 0}, "n2": {"retryCount": 0}}
    view = a_workflow(*a_dynamic_fork(BRANCHES, {}), task_defs=defs)
    view = after(decided(view, looked_at()))

    change = decided(view, reported("x", "FAILED"))

    assert change.ends_workflow_as == "FAILED"


def test_end_of_a_dynamic_branch_arrives_at_the_join() -> None:
    view = a_workflow(*a_dynamic_fork(BRANCHES, {}))
    view.task_defs |= {"n1": None, "n2": None}
    view = after(decided(view, looked_at()))

    assert decided(view, reported("y")).arrives == [("j", 1, 2, False)]


def test_dynamic_branch_that_may_fail_is_flagged_when_it_has() -> None:
    branches = [{**BRANCHES[0], "optional": True}, BRANCHES[1]]
    view = a_workflow(*a_dynamic_fork(branches, {}), task_defs={"n1": {"retryCount": 0}, "n2": {}})
    view = after(decided(view, looked_at()))

    assert decided(view, reported("x", "FAILED")).arrives == [("j", 0, 2, True)]


def test_second_fork_that_lists_a_known_name_fails_the_workflow() -> None:
    first, join, _ = a_dynamic_fork(BRANCHES, {})
    second = {**first, "taskReferenceName": "g"}
    view = a_workflow(first, join, second, a_join("k"), task_defs={"n1": {}, "n2": {}})
    view = after(decided(view, looked_at()))

    change = decided(view, joined("j"))

    assert change.ends_workflow_as == "FAILED"
    assert "duplicate task reference name: " in str(change.workflow.reason)


def test_wide_dynamic_fork_is_begun_in_chunks() -> None:
    branches = [{"name": "n", "taskReferenceName": f"x{n}"} for n in range(7)]
    view = a_workflow(*a_dynamic_fork(branches, {}))
    view.task_defs["n"] = None

    first = decided(view, looked_at(), max_writes=4)
    assert first.created == ["f", "x0", "x1", "x2"]
    assert [event.start for _, event, _ in first.evaluates] == [3]  # type: ignore[union-attr]

    second = decided(after(first), looked_at("f", start=3), max_writes=9)
    assert second.created == ["x3", "x4", "x5", "x6", "j"]

    # Each part leaves the branches before it to the part that has begun them.
    assert decided(after(first), looked_at("f", start=5), max_writes=9).created == ["x5", "x6", "j"]


@pytest.mark.parametrize(
    ("tasks", "inputs", "says"),
    [
        ("nonsense", {}, "Cannot deserialize a list of Workflow Tasks"),
        (BRANCHES, "nonsense", "is not a map"),
        ([BRANCHES[0], BRANCHES[0]], {}, "duplicate task reference name: x"),
        ([{"name": "n", "taskReferenceName": "z"}], {}, "duplicate task reference name: z"),
    ],
)
def test_dynamic_fork_that_lists_no_tasks_fails_the_workflow(
    tasks: Any, inputs: Any, says: str
) -> None:
    change = decided(a_workflow(*a_dynamic_fork(tasks, inputs)), looked_at())

    assert change.created == []
    assert change.ends_workflow_as == "FAILED"
    assert says in str(change.workflow.reason)


def test_dynamic_fork_of_nothing_is_joined_at_once() -> None:
    change = decided(a_workflow(*a_dynamic_fork([], {})), looked_at())

    assert change.changed == {"f": "COMPLETED", "j": "COMPLETED", "z": "SCHEDULED"}


# -- dynamic tasks -----------------------------------------------------------------------------


def test_dynamic_task_becomes_what_its_input_names() -> None:
    node = system("DYNAMIC", "d", {"what": "ship", "n": 1}, dynamicTaskNameParam="what")
    view = a_workflow(node, task_defs={"ship": {"retryCount": 1, "retryDelaySeconds": 9}})

    change = decided(view, looked_at())
    task = change.stores("d")
    failed = decided(after(change), reported("d", "FAILED"))

    assert (task.task_type, task.name, task.input["n"]) == ("ship", "ship", 1)  # type: ignore[index]
    assert change.announced == [("ship", id_of("d"), 0)]
    assert failed.announced == [("ship", id_of("d", 1), 9)]


@pytest.mark.parametrize(
    ("name", "says"),
    [(None, "Cannot map a dynamic task"), (3, "Cannot map"), ("ship", "Invalid task specified")],
)
def test_dynamic_task_without_a_known_name_fails_the_workflow(name: Any, says: str) -> None:
    view = a_workflow(system("DYNAMIC", "d", {"what": name}, dynamicTaskNameParam="what"))
    view.task_defs["ship"] = None

    change = decided(view, looked_at())

    assert change.ends_workflow_as == "FAILED"
    assert says in str(change.workflow.reason)


# -- other workflows ---------------------------------------------------------------------------


def a_sub_workflow(**fields: Any) -> Definition:
    return system("SUB_WORKFLOW", "s", {"n": 1}, subWorkflowParam={"name": "shipping"}, **fields)


def test_sub_workflow_is_noted_before_it_is_started() -> None:
    change = decided(a_workflow(a_sub_workflow()), looked_at())

    assert change.changed == {"s": "SCHEDULED"}
    assert change.looks_later == [("s", 0)]
    assert change.launches == []
    assert change.stores("s").input == {"subWorkflowName": "shipping", "workflowInput": {"n": 1}}


@pytest.mark.parametrize("kind", ["SUB_WORKFLOW", "START_WORKFLOW"])
def test_noted_workflow_is_started_by_whoever_looks(kind: str) -> None:
    view = a_workflow({**a_sub_workflow(), "type": kind}, tasks=[scheduled("s")])

    assert decided(view, looked_at("s")).launches == ["s"]


def test_another_attempt_at_a_workflow_waits_for_its_delay() -> None:
    task = scheduled("s", retry_count=1, wait_until=NOW + 30_000)

    change = decided(a_workflow(a_sub_workflow(), tasks=[task]), looked_at("s"))

    assert (change.launches, change.looks_later) == ([], [("s", 30)])


def test_started_child_is_remembered() -> None:
    view = a_workflow(a_sub_workflow(), tasks=[scheduled("s")])

    task = decided(view, launched("s", "child")).stores("s")

    assert (task.status, task.sub_workflow_id) == ("IN_PROGRESS", "child")
    assert task.output == {"subWorkflowId": "child"}


def test_started_workflow_is_left_to_itself() -> None:
    node = system("START_WORKFLOW", "s")
    view = a_workflow(node, simple("z"), tasks=[scheduled("s")])

    change = decided(view, launched("s", "child"))

    assert change.changed == {"s": "COMPLETED", "z": "SCHEDULED"}
    assert change.stores("s").output == {"workflowId": "child"}


@pytest.mark.parametrize(
    ("child", "task", "ends_as"),
    [
        ("COMPLETED", "COMPLETED", None),
        ("FAILED", "FAILED", "FAILED"),
        ("TIMED_OUT", "TIMED_OUT", "TIMED_OUT"),
        ("TERMINATED", "CANCELED", "TERMINATED"),
    ],
)
def test_task_ends_as_its_workflow(child: str, task: str, ends_as: str | None) -> None:
    view = a_workflow(
        a_sub_workflow(), simple("z"), tasks=[in_progress("s", sub_workflow_id="child")]
    )

    change = decided(view, child_ended("s", child, output={"x": 1}, reason="no stamps"))

    assert change.changed["s"] == task
    assert change.ends_workflow_as == ends_as
    assert change.stores("s").output == {"subWorkflowId": "child", "x": 1}
    if child != "COMPLETED":
        reason = "Sub workflow shipping.3/child failure reason: no stamps"
        assert change.stores("s").reason == reason


@pytest.mark.parametrize(
    "news", [{"child_id": "another"}, {"task_id": id_of("s", 1)}, {"task_id": id_of("s", run=1)}]
)
def test_news_of_another_child_changes_nothing(news: dict[str, str]) -> None:
    view = a_workflow(a_sub_workflow(), tasks=[in_progress("s", sub_workflow_id="child")])

    assert decided(view, child_ended("s", **news)).does_nothing


# -- TERMINATE, SET_VARIABLE -------------------------------------------------------------------


@pytest.mark.parametrize("status", ["COMPLETED", "FAILED", "TERMINATED"])
def test_terminate_ends_the_workflow_with_its_output(status: str) -> None:
    inputs = {"terminationStatus": status, "workflowOutput": {"x": 1}, "terminationReason": "done"}

    change = decided(a_workflow(system("TERMINATE", "t", inputs), simple("z")), looked_at())

    assert change.changed == {"t": "COMPLETED"}
    assert change.ends_workflow_as == status
    assert (change.workflow.output, change.workflow.reason) == ({"x": 1}, "done")
    assert change.then == [close()]


def test_terminate_with_an_unknown_status_fails() -> None:
    view = a_workflow({**system("TERMINATE", "t", {"terminationStatus": "TIRED"}), "retryCount": 0})

    assert decided(view, looked_at()).changed == {"t": "FAILED"}


def test_variables_are_set_before_their_task_ends() -> None:
    node = system("SET_VARIABLE", "v", {"x": 2, "y": "${workflow.variables.x}"})
    change = decided(a_workflow(node, simple("z"), variables={"x": 1, "k": 0}), looked_at())

    assert change.workflow.variables == {"x": 2, "y": 1, "k": 0}
    assert change.changed == {"v": "COMPLETED", "z": "SCHEDULED"}
    kinds = [type(write).__name__ for write in change.transition.writes]
    assert kinds == ["CreateTask", "UpdateWorkflow", "ReplaceTask", "CreateTask"]


def test_variables_of_a_task_found_open_are_set_again() -> None:
    node = system("SET_VARIABLE", "v", {"x": "${workflow.input.x}"})
    view = a_workflow(node, simple("z"), tasks=[in_progress("v", input={"x": 2})], input={"x": 9})

    assert decided(view, looked_at("v")).workflow.variables == {"x": 2}


def test_variables_beyond_all_bounds_fail_the_task() -> None:
    node = system("SET_VARIABLE", "v", {"x": "${workflow.input.x}"})

    change = decided(a_workflow(node, input={"x": "x" * 300_000}), looked_at())

    assert change.changed["v"] == "FAILED_WITH_TERMINAL_ERROR"
    assert change.ends_workflow_as == "FAILED"


# -- meeting what is there already -------------------------------------------------------------


@pytest.mark.parametrize(
    ("following", "created", "announced"),
    [
        (None, ["b"], ["b"]),
        (scheduled("b"), [], ["b"]),
        (in_progress("b"), [], []),
        (ended("b"), [], []),
    ],
)
def test_following_is_repeated_as_far_as_it_is_missing(
    following: Any, created: list[str], announced: list[str]
) -> None:
    tasks = [ended("a"), *([following] if following else [])]
    view = a_workflow(simple("a"), simple("b"), simple("c"), tasks=tasks)

    change = decided(view, looked_at("a"))

    assert change.created == created
    assert [queue for queue, _, _ in change.announced] == announced


def test_instant_task_found_finished_is_followed() -> None:
    tasks = [ended("a"), ended("n", revision=0)]
    view = a_workflow(simple("a"), system("NOOP", "n"), simple("z"), tasks=tasks)

    assert decided(view, looked_at("a")).created == ["z"]


def test_chain_of_instant_tasks_is_cut_where_a_decision_ends() -> None:
    view = a_workflow(*[system("NOOP", f"n{n}") for n in range(9)])

    change = decided(view, looked_at(), max_writes=4)

    assert change.created == ["n0", "n1", "n2", "n3"]
    assert change.looks_later == [("n3", 0)]


def test_domain_without_a_recent_poll_falls_back_to_the_last() -> None:
    polled = {"a": {"east": NOW - 11_000}}
    view = a_workflow(simple("a"), polled=polled, task_to_domain={"*": "east, west, NO_DOMAIN"})

    assert decided(view, looked_at()).announced == [("a", id_of("a"), 0)]


def test_tasks_of_a_mocked_workflow_are_not_announced() -> None:
    view = a_workflow(simple("a"), task_to_domain={"*": "_test"})

    change = decided(view, looked_at())

    assert (change.changed, change.announced) == ({"a": "SCHEDULED"}, [])


def test_queue_is_named_after_name_space_and_group() -> None:
    node = ruled("a", executionNameSpace="ns", isolationGroupId="group")

    assert decided(a_workflow(node), looked_at()).announced[0][0] == "a@ns-group"


@pytest.mark.parametrize(
    ("optional", "stored"),
    [(False, "FAILED_WITH_TERMINAL_ERROR"), (True, "COMPLETED_WITH_ERRORS")],
)
def test_input_that_breaks_its_schema_fails_the_task_before_it_is_handed_out(
    optional: bool, stored: str
) -> None:
    schema = {"type": "object", "required": ["x"]}
    rules = {"inputSchema": {"name": "in", "type": "JSON", "data": schema}, "enforceSchema": True}

    change = decided(a_workflow(ruled("a", optional=optional, **rules)), looked_at())

    assert (change.changed, change.announced) == ({"a": stored}, [])


@pytest.mark.parametrize(
    ("kind", "queue"),
    [("HTTP", "HTTP"), ("HTTP_POLL", "HTTP"), ("EVENT", "_system"), ("GET_WORKFLOW", "_system")],
)
def test_system_tasks_share_queues(kind: str, queue: str) -> None:
    change = decided(a_workflow(system(kind, "x", sink="conductor")), looked_at())

    assert change.announced == [(queue, id_of("x"), 0)]


def _chose(ref: str, case: str) -> Any:
    return ended(ref, output={"evaluationResult": [case], "selectedCase": case}, revision=0)


def test_loop_around_everything_is_begun_with_its_body() -> None:
    change = decided(a_workflow(a_loop("l", simple("a"), simple("b"))), looked_at())

    assert change.created == ["l", "a__1"]


# -- decisions have an end ---------------------------------------------------------------------


def test_loop_over_a_fork_whose_join_names_nothing_waits_for_the_branch() -> None:
    loop = a_loop("l", a_fork("f", [simple("s")]), a_join("j"))

    begun = decided(a_workflow(loop), looked_at())

    assert begun.created == ["l", "f__1", "s__1", "j__1"]
    assert begun.looks_later == []
    repeated = decided(after(begun), WOKEN)
    assert repeated.changed == {}
    ended_turn = decided(after(begun), reported("s__1"), scripts={"goes on": False})
    assert ended_turn.ends_workflow_as == "COMPLETED"


def test_chain_of_thousands_is_followed_in_bounded_decisions() -> None:
    nodes = [system("NOOP", f"n{number}") for number in range(3_000)]
    view, rounds, ends = a_workflow(*nodes), 0, None
    waiting: list[str | None] = [None]

    while ends is None:
        change = decided(view, looked_at(waiting.pop(0)))
        assert len(change.transition.writes) <= 502
        view, ends, rounds = after(change), change.ends_workflow_as, rounds + 1
        waiting += [ref for ref, _ in change.looks_later]

    assert (ends, rounds) == ("COMPLETED", 7)


@pytest.mark.parametrize("count", [1_000, 3_000])
def test_long_list_that_is_over_is_seen_to_be_so_without_recursion(count: int) -> None:
    names = [f"n{number}" for number in range(count)]
    nodes = [system("NOOP", name) for name in names]
    fork = [a_fork("f", [simple("a")], [simple("b")]), a_join("j", "a")]
    tasks = [*map(ended, ("f", "a", "j")), in_progress("b"), *map(ended, names)]

    change = decided(a_workflow(*fork, *nodes, tasks=tasks), reported("b"))

    assert change.ends_workflow_as == "COMPLETED"


def test_body_of_a_thousand_tasks_ends_its_turn() -> None:
    names = [f"n{number}" for number in range(1_000)]
    loop = a_loop("l", *(system("NOOP", name) for name in names))
    tasks = [in_progress("l", turn=1), *(ended(f"{name}__1") for name in names)]

    change = decided(a_workflow(loop, tasks=tasks), looked_at("l"), scripts={"goes on": False})

    assert change.ends_workflow_as == "COMPLETED"


def test_forks_in_a_row_whose_joins_name_nothing_are_followed_without_recursion() -> None:
    pairs = [(a_fork(f"f{n}", [system("NOOP", f"a{n}")]), a_join(f"j{n}")) for n in range(1_000)]

    change = decided(
        a_workflow(*(node for pair in pairs for node in pair)), looked_at(), max_writes=10_000
    )

    assert "f200" in change.created
