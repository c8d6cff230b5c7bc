"""Definitions: what a user registers, and every execution keeps a copy of.

Definitions keep the keys they do not know, so nothing a user stored is lost. They accept more
than may be registered (an empty name, no tasks): registration reports all faults together.
"""

from collections.abc import Mapping
from typing import Annotated, TypeAlias

from pydantic import (
    AfterValidator,
    ConfigDict,
    Discriminator,
    Field,
    Tag,
    model_validator,
)
from pydantic_core import PydanticCustomError

from dalsegno.models.base import AuditedModel, ConductorModel, Int32, JsonObject, Seconds
from dalsegno.models.enums import (
    IdempotencyStrategy,
    JoinMode,
    RateLimitPolicy,
    RetryLogic,
    SchemaType,
    TimeoutPolicy,
    WorkflowTimeoutPolicy,
)

__all__ = [
    "CacheConfig",
    "DynamicForkJoinTask",
    "DynamicForkJoinTaskList",
    "Expression",
    "RateLimitConfig",
    "SchemaDef",
    "StateChangeEvent",
    "SubWorkflowParams",
    "TaskDef",
    "WorkflowDef",
    "WorkflowTask",
]


def _checked_expression(text: str) -> str:
    if not (text.startswith("${") and text.endswith("}")):
        raise PydanticCustomError(
            "expression", "workflowDefinition must be an object or an expression like ${...}"
        )
    return text


def _definition_kind(value: object) -> str:
    return "expression" if isinstance(value, str) else "definition"


Expression: TypeAlias = Annotated[str, AfterValidator(_checked_expression)]


class SchemaDef(AuditedModel):
    """A named schema for inputs or outputs; without ``data``, that which is registered."""

    name: str
    version: Int32 = 1
    type: SchemaType
    data: JsonObject | None = None
    external_ref: str | None = None


class RateLimitConfig(ConductorModel):
    """How many executions may run at once per evaluated key; no limit if that is 0."""

    rate_limit_key: str | None = None
    concurrent_exec_limit: Int32 = 0
    policy: RateLimitPolicy = RateLimitPolicy.QUEUE


class CacheConfig(ConductorModel):
    """How long, and by which key, a task's output may be used again."""

    key: str | None = None
    ttl_in_second: Int32 = 0


class StateChangeEvent(ConductorModel):
    """An event to publish when a task changes state."""

    type: str
    payload: JsonObject = Field(default_factory=dict)


class TaskDef(AuditedModel):
    """How every task of one type is retried, timed out and limited."""

    model_config = ConfigDict(extra="allow")

    name: str = ""
    description: str | None = None
    retry_count: Int32 = 3
    timeout_seconds: Seconds = 0
    input_keys: list[str] = Field(default_factory=list)
    output_keys: list[str] = Field(default_factory=list)
    runtime_metadata: list[str] = Field(default_factory=list)
    timeout_policy: TimeoutPolicy = TimeoutPolicy.TIME_OUT_WF
    retry_logic: RetryLogic = RetryLogic.FIXED
    retry_delay_seconds: Int32 = 60
    response_timeout_seconds: Seconds = 3600
    concurrent_exec_limit: Int32 | None = None
    input_template: JsonObject = Field(default_factory=dict)
    rate_limit_per_frequency: Int32 = 0
    rate_limit_frequency_in_seconds: Int32 = 1
    isolation_group_id: str | None = None
    execution_name_space: str | None = None
    owner_email: str | None = None
    poll_timeout_seconds: Int32 | None = None
    backoff_scale_factor: Int32 = 1
    max_retry_delay_seconds: Int32 = 0
    backoff_jitter_ms: Int32 = 0
    total_timeout_seconds: Seconds = 0
    base_type: str | None = None
    task_status_listener_enabled: bool = True
    input_schema: SchemaDef | None = None
    output_schema: SchemaDef | None = None
    enforce_schema: bool = False


class SubWorkflowParams(ConductorModel):
    """Which workflow a SUB_WORKFLOW task starts, and how.

    An embedded definition wins: ``name`` and ``version`` are then read from it.
    """

    name: str | None = None
    version: Int32 | None = None
    task_to_domain: dict[str, str] | None = None
    workflow_definition: (
        Annotated[
            Annotated["WorkflowDef", Tag("definition")] | Annotated[Expression, Tag("expression")],
            Discriminator(_definition_kind),
        ]
        | None
    ) = None
    idempotency_key: str | None = None
    idempotency_strategy: IdempotencyStrategy | Expression | None = None
    priority: Int32 | str | None = None

    @model_validator(mode="before")
    @classmethod
    def _take_identity_from_definition(cls, data: object) -> object:
        if not isinstance(data, Mapping):
            return data
        definition = data.get("workflowDefinition", data.get("workflow_definition"))
        if isinstance(definition, WorkflowDef):
            return {**data, "name": definition.name, "version": definition.version}
        if isinstance(definition, Mapping):
            version = definition.get("version")
            return {
                **data,
                "name": definition.get("name"),
                "version": 1 if version is None else version,
            }
        return data


class WorkflowTask(ConductorModel):
    """One step of a workflow definition; ``type`` decides which fields matter.

    ``workflowTaskType`` is accepted as another name of ``type``.
    """

    model_config = ConfigDict(extra="allow")

    name: str = ""
    task_reference_name: str = ""
    description: str | None = None
    input_parameters: JsonObject = Field(default_factory=dict)
    type: str = "SIMPLE"
    dynamic_task_name_param: str | None = None
    case_value_param: str | None = None
    case_expression: str | None = None
    script_expression: str | None = None
    decision_cases: dict[str, list["WorkflowTask"]] = Field(default_factory=dict)
    default_case: list["WorkflowTask"] = Field(default_factory=list)
    dynamic_fork_join_tasks_param: str | None = None
    dynamic_fork_tasks_param: str | None = None
    dynamic_fork_tasks_input_param_name: str | None = None
    fork_tasks: list[list["WorkflowTask"]] = Field(default_factory=list)
    start_delay: Int32 = 0
    sub_workflow_param: SubWorkflowParams | None = None
    join_on: list[str] = Field(default_factory=list)
    join_status: str | None = None
    join_mode: JoinMode | None = None
    sink: str | None = None
    optional: bool = False
    permissive: bool = False
    task_definition: TaskDef | None = None
    rate_limited: bool | None = None
    default_exclusive_join_task: list[str] = Field(default_factory=list)
    async_complete: bool = False
    loop_condition: str | None = None
    loop_over: list["WorkflowTask"] = Field(default_factory=list)
    items: str | None = None
    retry_count: Int32 | None = None
    evaluator_type: str | None = None
    expression: str | None = None
    on_state_change: dict[str, list[StateChangeEvent]] = Field(default_factory=dict)
    cache_config: CacheConfig | None = None
    metadata: JsonObject = Field(default_factory=dict)

    @model_validator(mode="before")
    @classmethod
    def _take_type_by_either_name(cls, data: object) -> object:
        if not (isinstance(data, Mapping) and "workflowTaskType" in data):
            return data
        task = dict(data)
        other_name = task.pop("workflowTaskType")
        return task if task.get("type") else {**task, "type": other_name}


class WorkflowDef(AuditedModel):
    """A workflow: its steps, its input and output, and how it is timed out.

    Two definitions are the same when name and version are.
    """

    model_config = ConfigDict(extra="allow")

    name: str = ""
    description: str | None = None
    version: Int32 = 1
    tasks: list[WorkflowTask] = Field(default_factory=list)
    input_parameters: list[str] = Field(default_factory=list)
    output_parameters: JsonObject = Field(default_factory=dict)
    failure_workflow: str | None = None
    failure_workflow_version: Int32 | None = None
    schema_version: Int32 = 2
    restartable: bool = True
    workflow_status_listener_enabled: bool = False
    workflow_status_listener_sink: str | None = None
    owner_email: str | None = None
    timeout_policy: WorkflowTimeoutPolicy = WorkflowTimeoutPolicy.ALERT_ONLY
    timeout_seconds: Seconds = 0
    variables: JsonObject = Field(default_factory=dict)
    input_template: JsonObject = Field(default_factory=dict)
    rate_limit_config: RateLimitConfig | None = None
    input_schema: SchemaDef | None = None
    output_schema: SchemaDef | None = None
    enforce_schema: bool = True
    metadata: JsonObject = Field(default_factory=dict)
    cache_config: CacheConfig | None = None
    masked_fields: list[str] = Field(default_factory=list)

    @property
    def classifier(self) -> str:
        """What kind of workflow this is: ``workflow``, ``agent``, or what ``metadata`` says."""
        declared = self.metadata.get("classifier")
        if isinstance(declared, str) and declared.strip():
            return declared
        return "agent" if {"agent_sdk", "agentDef"} & self.metadata.keys() else "workflow"


class DynamicForkJoinTask(ConductorModel):
    """One branch of a dynamic fork in its old form."""

    task_name: str
    workflow_name: str | None = None
    reference_name: str
    input: JsonObject = Field(default_factory=dict)
    type: str = "SIMPLE"


class DynamicForkJoinTaskList(ConductorModel):
    """The branches of a dynamic fork in its old form."""

    dynamic_tasks: list[DynamicForkJoinTask] = Field(default_factory=list)


SubWorkflowParams.model_rebuild()
