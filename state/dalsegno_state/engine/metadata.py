"""Metadata: registering, changing and reading definitions."""

from collections.abc import Iterable, Sequence
from itertools import groupby

from pydantic import ValidationError

from dalsegno.errors import ConductorError, ConflictError, InvalidRequestError, NotFoundError
from dalsegno.models import (
    BulkResponse,
    RateLimitConfig,
    Tag,
    TagType,
    TaskDef,
    WorkflowDef,
    WorkflowDefSummary,
)
from dalsegno_state.ports import Clock, DefinitionStore
from dalsegno_state.validation import (
    ScriptChecker,
    check_served,
    check_task_def,
    check_workflow_def,
)


class Metadata:
    """Definitions as their authors see them; running workflows keep the ones they started with."""

    def __init__(
        self, definitions: DefinitionStore, clock: Clock, scripts: ScriptChecker | None = None
    ) -> None:
        self._definitions = definitions
        self._clock = clock
        self._scripts = scripts

    def create_workflow_def(self, definition: WorkflowDef, *, overwrite: bool = False) -> None:
        """Store a definition.

        Raises:
            InvalidRequestError: The definition breaks a rule.
            ConflictError: Its name and version exist, and ``overwrite`` is not set.
        """
        self.check_workflow_def(definition)
        if overwrite:
            self._put_workflow_def(definition)
            return
        if not self._definitions.create_workflow_def(self._created(definition)):
            raise ConflictError(
                f"Workflow with {definition.name}.{definition.version} already exists!"
            )

    def check_workflow_def(self, definition: WorkflowDef) -> None:
        """Raise InvalidRequestError if the definition breaks a rule; store nothing."""
        check_workflow_def(definition, self._scripts)
        check_served(definition, lambda name: self._definitions.task_def(name) is not None)

    def update_workflow_defs(self, definitions: Sequence[WorkflowDef]) -> BulkResponse:
        """Store definitions, new or not; report for each name whether it is stored.

        Raises:
            InvalidRequestError: There is none, or one of them breaks a rule; none is stored.
        """
        _require_some(definitions, "WorkflowDef list cannot be empty")
        for definition in definitions:
            self.check_workflow_def(definition)
        stored: list[str] = []
        failed: dict[str, str] = {}
        for definition in definitions:
            try:
                self._put_workflow_def(definition)
                stored.append(definition.name)
            except ConductorError as error:
                failed[definition.name] = str(error)
        return BulkResponse(bulk_error_results=failed, bulk_successful_results=stored)

    def workflow_def(self, name: str, version: int | None = None) -> WorkflowDef:
        """Return a definition, its highest version if None is asked; raises NotFoundError."""
        definition = self._definitions.workflow_def(name, version)
        if definition is None:
            shown = "null" if version is None else version
            raise NotFoundError(f"No such workflow found by name: {name}, version: {shown}")
        return definition

    def workflow_defs(self, classifier: str | None = None) -> list[WorkflowDef]:
        """Return all versions of all definitions, or those with the classifier."""
        definitions = self._definitions.workflow_defs()
        if classifier is None:
            return definitions
        wanted = {each.strip().lower() for each in classifier.split(",")}
        return [each for each in definitions if classifier_of(each).lower() in wanted]

    def latest_workflow_defs(self) -> list[WorkflowDef]:
        """Return the highest version of each definition."""
        by_name = groupby(self._definitions.workflow_defs(), key=lambda each: each.name)
        return [max(versions, key=lambda each: each.version) for _, versions in by_name]

    def workflow_names(self) -> list[str]:
        """Return the names that have a definition."""
        return sorted({definition.name for definition in self._definitions.workflow_defs()})

    def workflow_versions(self, name: str) -> list[WorkflowDefSummary]:
        """Return the versions of one name in order; none if it is unknown."""
        return _summaries(self._definitions.workflow_defs(name))

    def names_and_versions(self) -> dict[str, list[WorkflowDefSummary]]:
        """Return the versions of every name, in order."""
        by_name = groupby(self._definitions.workflow_defs(), key=lambda each: each.name)
        return {name: _summaries(versions) for name, versions in by_name}

    def delete_workflow_def(self, name: str, version: int) -> None:
        """Forget a definition; raises NotFoundError if there is none."""
        if not self._definitions.delete_workflow_def(name, version):
            raise NotFoundError(f"No such workflow definition: {name} version: {version}")

    def rate_limit(self, name: str) -> RateLimitConfig:
        """Return how many executions of a workflow may run at once, by its highest version.

        Raises:
            NotFoundError: There is no such workflow definition, or it has no limit.
        """
        config = self.workflow_def(name).rate_limit_config
        if config is None:
            raise NotFoundError(f"No rate limit found for workflow: {name}")
        return config

    def set_rate_limit(self, name: str, config: RateLimitConfig | None) -> None:
        """Limit executions of all versions of a workflow that start from now on, or no more.

        Raises:
            InvalidRequestError: The limit breaks a rule.
            NotFoundError: There is no such workflow definition.
        """
        self.workflow_def(name)
        for definition in self._definitions.workflow_defs(name):
            limited = definition.model_copy(update={"rate_limit_config": config})
            self.check_workflow_def(limited)
            self._put_workflow_def(limited)

    def limit_by_tags(self, name: str, before: Iterable[Tag], after: Iterable[Tag]) -> None:
        """Limit a workflow as a tag of type ``RATE_LIMIT`` says; lift that limit with the tag.

        Raises:
            InvalidRequestError: The value of that tag is no number of executions.
        """
        wanted = limit_of(after)
        if wanted is not None or limit_of(before) is not None:
            self.set_rate_limit(name, wanted)

    def create_task_defs(self, definitions: Sequence[TaskDef]) -> None:
        """Store task definitions, new or not.

        Raises:
            InvalidRequestError: There is none, or one of them breaks a rule; none is stored.
        """
        _require_some(definitions, "TaskDef list cannot be empty")
        for definition in definitions:
            check_task_def(definition, self._scripts)
        now = self._clock.now()
        for definition in definitions:
            stamped = definition.model_copy(update={"create_time": now, "update_time": 0})
            self._definitions.put_task_def(stamped)

    def update_task_def(self, definition: TaskDef) -> None:
        """Replace a task definition; when and by whom it was created stays.

        Raises:
            InvalidRequestError: The definition breaks a rule.
            NotFoundError: No task definition has that name.
        """
        check_task_def(definition, self._scripts)
        known = self._definitions.task_def(definition.name)
        if known is None:
            raise NotFoundError(f"No such task by name {definition.name}")
        audit = {
            "create_time": known.create_time,
            "created_by": known.created_by,
            "update_time": self._clock.now(),
        }
        self._definitions.put_task_def(definition.model_copy(update=audit))

    def task_def(self, name: str) -> TaskDef:
        """Return a task definition; raises NotFoundError."""
        definition = self._definitions.task_def(name)
        if definition is None:
            raise NotFoundError(f"No such taskType found by name: {name}")
        return definition

    def task_defs(self) -> list[TaskDef]:
        """Return all task definitions."""
        return self._definitions.task_defs()

    def delete_task_def(self, name: str) -> None:
        """Forget a task definition; raises NotFoundError if there is none."""
        if not self._definitions.delete_task_def(name):
            raise NotFoundError(f"No such task definition: {name}")

    def _put_workflow_def(self, definition: WorkflowDef) -> None:
        known = self._definitions.workflow_def(definition.name, definition.version)
        stamped = self._created(definition)
        if known is not None:
            audit = {
                "create_time": known.create_time,
                "created_by": known.created_by,
                "update_time": self._clock.now(),
            }
            stamped = definition.model_copy(update=audit)
        self._definitions.put_workflow_def(stamped)

    def _created(self, definition: WorkflowDef) -> WorkflowDef:
        return definition.model_copy(update={"create_time": self._clock.now(), "update_time": 0})


def classifier_of(definition: WorkflowDef) -> str:
    """Return what kind of workflow it is: as its metadata says, ``workflow`` unless an agent."""
    given = definition.metadata.get("classifier")
    if isinstance(given, str) and given.strip():
        return given
    is_agent = any(key in definition.metadata for key in ("agent_sdk", "agentDef"))
    return "agent" if is_agent else "workflow"


def limit_of(tags: Iterable[Tag]) -> RateLimitConfig | None:
    """Return the rate limit that a tag sets; raises InvalidRequestError if it sets a bad one."""
    tag = next((tag for tag in tags if tag.type is TagType.RATE_LIMIT), None)
    if tag is None:
        return None
    try:
        return RateLimitConfig(rate_limit_key=tag.key, concurrent_exec_limit=tag.value)
    except ValidationError as error:
        raise InvalidRequestError(
            f"tags: the value of {tag.key}, of type RATE_LIMIT, is how many executions may run at "
            f"once, got {tag.value!r}"
        ) from error


def _require_some(definitions: Sequence[object], message: str) -> None:
    if not definitions:
        raise InvalidRequestError(message)


def _summaries(definitions: Iterable[WorkflowDef]) -> list[WorkflowDefSummary]:
    summaries = [
        WorkflowDefSummary(
            name=each.name,
            version=each.version,
            create_time=each.create_time,
            update_time=each.update_time,
        )
        for each in definitions
    ]
    return sorted(summaries, key=lambda each: each.version)
