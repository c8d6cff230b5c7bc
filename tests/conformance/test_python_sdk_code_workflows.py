"""Workflows written as code with the official Python SDK, run to their end by its workers."""

from collections.abc import Callable

import pytest
from conductor.client.configuration.configuration import Configuration
from conductor.client.http.models import StartWorkflowRequest, Workflow, WorkflowRun
from conductor.client.workflow.conductor_workflow import ConductorWorkflow
from conductor.client.workflow.executor.workflow_executor import WorkflowExecutor
from conductor.client.workflow.task.do_while_task import DoWhileTask, LoopTask
from conductor.client.workflow.task.dynamic_fork_task import DynamicForkTask
from conductor.client.workflow.task.fork_task import ForkTask
from conductor.client.workflow.task.http_task import HttpTask
from conductor.client.workflow.task.inline import InlineTask
from conductor.client.workflow.task.javascript_task import JavascriptTask
from conductor.client.workflow.task.join_task import JoinTask
from conductor.client.workflow.task.json_jq_task import JsonJQTask
from conductor.client.workflow.task.set_variable_task import SetVariableTask
from conductor.client.workflow.task.simple_task import simple_task
from conductor.client.workflow.task.start_workflow_task import StartWorkflowTask
from conductor.client.workflow.task.sub_workflow_task import SubWorkflowTask
from conductor.client.workflow.task.switch_task import SwitchTask
from conductor.client.workflow.task.task import TaskInterface
from conductor.client.workflow.task.terminate_task import TerminateTask, WorkflowStatus
from conductor.client.workflow.task.wait_task import WaitForDurationTask, WaitTask

from tests.conformance import sdk_workers
from tests.eventually import eventually

Ended = Callable[..., Workflow]
New = Callable[[], ConductorWorkflow]

# Seconds: functions may be cold, and API Gateway answers after 30.
AT_MOST = 25

pytestmark = pytest.mark.usefixtures("sdk_workers")


@pytest.fixture
def new(executor: WorkflowExecutor, unique: Callable[[str], str]) -> New:
    """Return a maker of empty workflows."""
    return lambda: ConductorWorkflow(executor=executor, name=unique("code"), version=1)


def square(ref: str, number: int | str) -> TaskInterface:
    return simple_task("sdk_square", ref, {"number": number})


def constant(ref: str, value: str) -> InlineTask:
    return InlineTask(ref, f"({value})")


def refs_of(run: Workflow | WorkflowRun) -> list[str]:
    return [task.reference_task_name for task in run.tasks]


def test_registered_workflow_calls_decorated_workers(new: New, executor: WorkflowExecutor) -> None:
    workflow = new()
    workflow >> sdk_workers.greet(task_ref_name="greet", name=workflow.input("name"))
    workflow.output_parameters({"greeting": "${greet.output.result}"})
    workflow.register(overwrite=True)

    run = executor.execute(workflow.name, 1, {"name": "Antonia"}, wait_for_seconds=AT_MOST)

    assert run.output == {"greeting": "Hello, Antonia!"}


def test_unregistered_workflow_is_executed_from_its_definition(new: New) -> None:
    workflow = new()
    workflow >> square("first", "${workflow.input.number}")
    workflow >> square("second", "${first.output.square}")

    run = workflow.execute({"number": 3}, wait_for_seconds=AT_MOST)

    assert run.status == "COMPLETED"
    assert run.output["square"] == 81


def test_unregistered_workflow_is_started_from_its_definition(new: New, ended: Ended) -> None:
    workflow = new()
    workflow >> square("only", 5)

    first = workflow.start_workflow_with_input({}, correlation_id="c", priority=2)
    second = workflow.start_workflow(StartWorkflowRequest(name=workflow.name))

    assert ended(first).output == ended(second).output == {"square": 25}
    assert (ended(first).correlation_id, ended(first).priority) == ("c", 2)


def test_list_of_tasks_is_a_fork_that_is_joined(new: New) -> None:
    workflow = new()
    workflow >> [square("left", 2), [square("right", 3), square("further", 4)]]
    workflow >> constant("after", "1")

    run = workflow.execute({}, wait_for_seconds=AT_MOST)

    assert run.status == "COMPLETED"
    assert {"left", "right", "further"} < set(refs_of(run))
    assert refs_of(run)[-1] == "after"
    join = next(task for task in run.tasks if task.task_type == "JOIN")
    assert join.output_data == {"left": {"square": 4}, "further": {"square": 16}}


def test_fork_joins_what_it_is_told_to(new: New) -> None:
    workflow = new()
    workflow >> ForkTask("fork", [[square("a", 2)], [square("b", 3)]], join_on=["a", "b"])

    run = workflow.execute({}, wait_for_seconds=AT_MOST)

    assert run.status == "COMPLETED"
    assert run.output == {"a": {"square": 4}, "b": {"square": 9}}


@pytest.mark.parametrize(
    ("case", "way"), [("BUY", "bought"), ("SELL", "sold"), ("KEEP", "nothing")]
)
def test_switch_takes_the_case_of_its_value(new: New, case: str, way: str) -> None:
    workflow = new()
    workflow >> (
        SwitchTask("switch", workflow.input("what"))
        .switch_case("BUY", constant("bought", "1"))
        .switch_case("SELL", [constant("sold", "2")])
        .default_case(constant("nothing", "0"))
    )

    run = workflow.execute({"what": case}, wait_for_seconds=AT_MOST)

    assert refs_of(run) == ["switch", way]


def test_switch_evaluates_javascript(new: New) -> None:
    workflow = new()
    switch = SwitchTask("switch", "$.amount > 100 ? 'big' : 'small'", use_javascript=True)
    switch.input_parameters.update({"amount": workflow.input("amount")})
    workflow >> switch.switch_case("big", constant("large", "1")).switch_case("small", [])

    large = workflow.execute({"amount": 1000}, wait_for_seconds=AT_MOST)
    small = workflow.execute({"amount": 10}, wait_for_seconds=AT_MOST)

    assert refs_of(large) == ["switch", "large"]
    assert refs_of(small) == ["switch"]


def test_loop_runs_its_body_so_many_times(new: New) -> None:
    workflow = new()
    workflow >> LoopTask("loop", 3, [square("body", "${loop.output.iteration}")])

    run = workflow.execute({}, wait_for_seconds=AT_MOST)

    assert run.status == "COMPLETED"
    assert refs_of(run) == ["loop", "body__1", "body__2", "body__3"]
    assert run.tasks[0].output_data["iteration"] == 3


def test_loop_over_a_list_hands_out_one_item_after_the_other(new: New) -> None:
    # Not ``ForEachTask``: that of SDK 2.0.0 names its list ``items``, which Conductor does not
    # read, and adds a condition that ends the loop after its first turn.
    workflow = new()
    loop = DoWhileTask("each", "true", [square("body", "${each.output.loopItem}")])
    workflow >> loop.input_parameter("_items", "${workflow.input.numbers}")

    run = workflow.execute({"numbers": [5, 6]}, wait_for_seconds=AT_MOST)

    assert run.status == "COMPLETED"
    assert [task.output_data for task in run.tasks[1:]] == [{"square": 25}, {"square": 36}]


def test_sub_workflow_is_started_by_name_and_in_line(new: New, ended: Ended) -> None:
    child = new()
    child >> square("inner", child.input("number"))
    child.register(overwrite=True)
    parent = new()
    named = SubWorkflowTask("named", workflow_name=child.name, version=1)
    named.input_parameters.update({"number": 7})
    parent >> named
    parent >> child.input_template({"number": 8})

    workflow = ended(parent.start_workflow_with_input({}))

    assert workflow.status == "COMPLETED"
    assert [task.task_type for task in workflow.tasks] == ["SUB_WORKFLOW", "SUB_WORKFLOW"]
    assert [task.output_data["square"] for task in workflow.tasks] == [49, 64]
    assert ended(workflow.tasks[0].sub_workflow_id).parent_workflow_id == workflow.workflow_id


def test_started_workflow_runs_on_its_own(new: New, ended: Ended) -> None:
    child = new()
    child >> square("inner", 3)
    child.register(overwrite=True)
    parent = new()
    parent >> StartWorkflowTask(
        "start", child.name, StartWorkflowRequest(name=child.name, version=1)
    )

    workflow = ended(parent.start_workflow_with_input({}))

    assert workflow.status == "COMPLETED"
    assert ended(workflow.tasks[0].output_data["workflowId"]).output == {"square": 9}


def test_set_variables_are_read_by_later_tasks(new: New) -> None:
    workflow = new()
    variables = SetVariableTask("remember")
    variables.input_parameters.update({"number": 6})
    workflow >> variables >> square("use", "${workflow.variables.number}")

    run = workflow.execute({}, wait_for_seconds=AT_MOST)

    assert run.variables == {"number": 6}
    assert run.output["square"] == 36


def test_scripts_and_jq_transform_what_they_are_given(new: New) -> None:
    workflow = new()
    script = JavascriptTask(
        "script", "(function () { return {twice: $.n * 2}; })()", {"n": workflow.input("n")}
    )
    transform = JsonJQTask("transform", ".numbers | map(. + 1)")
    transform.input_parameters.update({"numbers": ["${script.output.result.twice}", 10]})
    workflow >> script >> transform

    run = workflow.execute({"n": 21}, wait_for_seconds=AT_MOST)

    assert run.output["result"] == [43, 11]


def test_http_task_returns_what_the_service_answers(
    new: New, configuration: Configuration, sdk_url: str
) -> None:
    workflow = new()
    token = configuration.AUTH_TOKEN  # had by now, if there are keys
    headers = {"X-Authorization": token} if token else {}
    uri = f"{sdk_url}/api/tasks/queue/sizes?taskType=silence"
    call = HttpTask("call", {"uri": uri, "headers": headers})
    workflow >> call
    workflow.output_parameters({"status": call.status_code(), "body": call.body()})

    run = workflow.execute({}, wait_for_seconds=AT_MOST)

    assert run.status == "COMPLETED"
    assert run.output == {"status": 200, "body": {"silence": 0}}


def test_wait_ends_after_its_duration(new: New) -> None:
    workflow = new()
    workflow >> WaitForDurationTask("rest", 1) >> square("play", 2)

    run = workflow.execute({}, wait_for_seconds=AT_MOST)

    assert run.status == "COMPLETED"
    assert run.tasks[0].end_time - run.tasks[0].start_time >= 1_000


def test_wait_without_a_time_ends_by_signal(
    new: New, executor: WorkflowExecutor, ended: Ended
) -> None:
    workflow = new()
    workflow >> WaitTask("luthier") >> square("play", "${luthier.output.number}")
    workflow_id = workflow.execute({}).workflow_id

    executor.signal_async(workflow_id, "COMPLETED", {"number": 4})

    assert ended(workflow_id).output == {"square": 16}


def test_terminate_ends_the_workflow_as_it_says(new: New) -> None:
    workflow = new()
    workflow >> TerminateTask("stop", WorkflowStatus.FAILED, "the string is broken")
    workflow >> square("never", 1)

    run = workflow.execute({}, wait_for_seconds=AT_MOST)

    assert (run.status, refs_of(run)) == ("FAILED", ["stop"])


def test_dynamic_fork_runs_the_tasks_it_is_given(new: New) -> None:
    workflow = new()
    fork = DynamicForkTask("fork", "tasks", "inputs", JoinTask("join"))
    fork.input_parameters.update(
        {"tasks": workflow.input("tasks"), "inputs": workflow.input("inputs")}
    )
    workflow >> fork
    names = [f"part_{number}" for number in range(12)]
    given = {
        "tasks": [
            {"name": "sdk_square", "taskReferenceName": name, "type": "SIMPLE"} for name in names
        ],
        "inputs": {name: {"number": number} for number, name in enumerate(names)},
    }

    run = workflow.execute(given, wait_for_seconds=AT_MOST)

    assert run.status == "COMPLETED"
    assert run.output == {name: {"square": n * n} for n, name in enumerate(names)}


def test_failure_workflow_follows_a_failed_one(new: New, ended: Ended) -> None:
    mourner = new()
    mourner >> constant("mourn", "1")
    mourner.register(overwrite=True)
    workflow = new().failure_workflow(mourner.name)
    workflow >> simple_task("sdk_hopeless", "work", {})

    failed = ended(workflow.start_workflow_with_input({}))

    # A workflow has failed before its failure workflow is started.
    key = "conductor.failure_workflow"
    failed = eventually(lambda: ended(failed.workflow_id), lambda seen: key in seen.output)
    followed = ended(failed.output[key])
    assert failed.status == "FAILED"
    assert (followed.status, refs_of(followed)) == ("COMPLETED", ["mourn"])
    assert followed.input["workflowId"] == failed.workflow_id
