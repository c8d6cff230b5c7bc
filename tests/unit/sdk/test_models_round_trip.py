"""Whatever a model holds, its JSON says again."""

from hypothesis import given
from hypothesis import strategies as st

from dalsegno.models import (
    RetryLogic,
    StartWorkflowRequest,
    Task,
    TaskDef,
    TaskResult,
    TaskResultStatus,
    TaskStatus,
    WorkflowDef,
    WorkflowTask,
)

TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | TEXT,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3),
    max_leaves=8,
)
OBJECTS = st.dictionaries(TEXT, JSON, max_size=3)
INTS = st.integers(-(2**31), 2**31 - 1)

TASK_DEFS = st.builds(
    TaskDef,
    name=TEXT,
    retry_count=INTS,
    retry_logic=st.sampled_from(RetryLogic),
    concurrent_exec_limit=st.none() | INTS,
    input_template=OBJECTS,
    task_status_listener_enabled=st.booleans(),
)
LEAVES = st.builds(
    WorkflowTask,
    name=TEXT,
    task_reference_name=TEXT,
    input_parameters=OBJECTS,
    optional=st.booleans(),
    task_definition=st.none() | TASK_DEFS,
)
TASKS = st.recursive(
    LEAVES,
    lambda inner: st.builds(
        WorkflowTask,
        type=st.sampled_from(["SWITCH", "FORK_JOIN", "DO_WHILE"]),
        decision_cases=st.dictionaries(TEXT, st.lists(inner, max_size=2), max_size=2),
        fork_tasks=st.lists(st.lists(inner, max_size=2), max_size=2),
        loop_over=st.lists(inner, max_size=2),
    ),
    max_leaves=5,
)


@given(
    st.builds(
        WorkflowDef,
        name=TEXT,
        version=INTS,
        tasks=st.lists(TASKS, max_size=3),
        output_parameters=OBJECTS,
        metadata=OBJECTS,
    )
)
def test_workflow_definition_survives_the_wire(definition: WorkflowDef) -> None:
    assert WorkflowDef.model_validate_json(definition.to_wire_json()) == definition
    assert WorkflowDef.model_validate(definition.to_wire()) == definition


@given(
    st.builds(
        Task,
        status=st.sampled_from(TaskStatus),
        task_type=TEXT,
        input_data=OBJECTS,
        output_data=OBJECTS,
        iteration=INTS,
        worker_id=st.none() | TEXT,
        workflow_task=LEAVES,
    )
)
def test_task_survives_the_wire(task: Task) -> None:
    assert Task.model_validate_json(task.to_wire_json()) == task


@given(
    st.builds(
        TaskResult,
        workflow_instance_id=TEXT.filter(bool),
        task_id=TEXT.filter(bool),
        status=st.sampled_from(TaskResultStatus),
        output_data=OBJECTS,
        extend_lease=st.booleans(),
    )
)
def test_task_result_survives_the_wire(result: TaskResult) -> None:
    assert TaskResult.model_validate_json(result.to_wire_json()) == result


@given(
    st.builds(
        StartWorkflowRequest,
        name=TEXT.filter(bool),
        input=OBJECTS,
        task_to_domain=st.dictionaries(TEXT, TEXT, max_size=2),
        priority=st.integers(0, 99),
    )
)
def test_start_request_survives_the_wire(request: StartWorkflowRequest) -> None:
    assert StartWorkflowRequest.model_validate_json(request.to_wire_json()) == request
