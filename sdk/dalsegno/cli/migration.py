"""Copying what a Conductor server has registered to another server."""

from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, Generic, TypeVar

import httpx
from pydantic import ValidationError

from dalsegno.cli.schedule import crons_of
from dalsegno.client import Dalsegno, KeyAuth
from dalsegno.client.call import Call, reads
from dalsegno.client.connection import Connection
from dalsegno.client.retries import Retries
from dalsegno.errors import ConductorError, InvalidRequestError, NotFoundError, UnavailableError
from dalsegno.models import EventHandler, JsonObject, TaskDef, WorkflowDef, WorkflowSchedule

if TYPE_CHECKING:
    from dalsegno.models import ConductorModel

T = TypeVar("T", bound="ConductorModel")

COPIED: Final = "copied"
EXISTS: Final = "exists"
REFUSED: Final = "refused"


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of one thing.

    Attributes:
        kind: ``task``, ``workflow``, ``event handler`` or ``schedule``.
        name: With the version, if it has one.
        result: COPIED (or would be, if nothing is to be changed), EXISTS or REFUSED.
        reason: Why, if it was refused.
    """

    kind: str
    name: str
    result: str
    reason: str = ""


class Source:
    """A Conductor server of which is read only."""

    def __init__(self, url: str, key: tuple[str, str] | None) -> None:
        # Never the key of the environment: that is for the server that is copied to.
        auth = KeyAuth(*key) if key else httpx.Auth()
        self._connection = Connection(url, auth, Retries(attempts=3))
        self.url = self._connection.url

    def objects(self, path: str) -> list[JsonObject]:
        """Return what is at a path; nothing if the server knows no such thing."""
        try:
            return self._connection.send(
                Call("GET", path, reads(list[JsonObject]), repeatable=True)
            )
        except NotFoundError:
            return []


@dataclass(frozen=True, slots=True)
class _Kind(Generic[T]):
    """How things of one kind are read, told apart, checked and stored."""

    name: str
    path: str
    model: type[T]
    title: Callable[[T], str]
    present: frozenset[str]
    check: Callable[[T], None]
    put: Callable[[T], None]


@dataclass(frozen=True, slots=True)
class Wishes:
    """How to copy.

    Attributes:
        dry_run: Change nothing, tell what would be.
        overwrite: Replace what is there under the same name and version.
        keep_active: Let schedules start workflows at once; else they are paused, as otherwise both
            servers would start them.
    """

    dry_run: bool = False
    overwrite: bool = False
    keep_active: bool = False


class Migration:
    """Copies from one server to another. All methods raise ConductorError."""

    def __init__(self, source: Source, target: Dalsegno, wishes: Wishes) -> None:
        self._target = target
        self._wishes = wishes
        self._source_url = source.url
        self._work = [(kind, source.objects(kind.path)) for kind in self._kinds()]
        self.total = sum(len(found) for _, found in self._work)

    def outcomes(self) -> Iterator[Outcome]:
        """Copy one after the other; yield what became of each."""
        for kind, found in self._work:
            for wire in found:
                yield self._outcome(kind, wire)

    def _outcome(self, kind: "_Kind[Any]", wire: JsonObject) -> Outcome:
        try:
            thing = kind.model.model_validate(wire)
        except ValidationError as error:
            reason = _why(InvalidRequestError.from_validation(error))
            return Outcome(kind.name, str(wire.get("name", "?")), REFUSED, reason)
        title = kind.title(thing)
        if title in kind.present and not self._wishes.overwrite:
            return Outcome(kind.name, title, EXISTS)
        try:
            kind.check(thing) if self._wishes.dry_run else kind.put(thing)
        except UnavailableError:
            raise
        except ConductorError as error:
            return Outcome(kind.name, title, REFUSED, _why(error))
        return Outcome(kind.name, title, COPIED)

    def _kinds(self) -> "tuple[_Kind[Any], ...]":
        target = self._target
        handlers = frozenset(each.name for each in target.event_handlers.all())
        return (
            _Kind(
                "task",
                "/metadata/taskdefs",
                TaskDef,
                lambda task: task.name,
                frozenset(each.name for each in target.definitions.tasks.all()),
                _check_task,
                lambda task: target.definitions.tasks.put(task),
            ),
            _Kind(
                "workflow",
                "/metadata/workflow",
                WorkflowDef,
                _workflow_title,
                frozenset(map(_workflow_title, target.definitions.workflows.all())),
                target.definitions.workflows.validate,
                target.definitions.workflows.put,
            ),
            _Kind(
                "event handler",
                "/event",
                EventHandler,
                lambda handler: handler.name,
                handlers,
                lambda handler: None,
                lambda handler: (
                    target.event_handlers.update(handler)
                    if handler.name in handlers
                    else target.event_handlers.create(handler)
                ),
            ),
            _Kind(
                "schedule",
                "/scheduler/schedules",
                WorkflowSchedule,
                lambda schedule: schedule.name,
                frozenset(each.name for each in target.schedules.all()),
                self._check_schedule,
                self._put_schedule,
            ),
        )

    def _check_schedule(self, schedule: WorkflowSchedule) -> None:
        for expression, zone in crons_of(schedule):
            self._target.schedules.preview(expression, zone_id=zone)

    def _put_schedule(self, schedule: WorkflowSchedule) -> None:
        if not (self._wishes.keep_active or schedule.paused):
            reason = f"copied from {self._source_url}, which starts it, too"
            schedule = schedule.model_copy(update={"paused": True, "paused_reason": reason})
        self._target.schedules.put(schedule)


def counts(outcomes: Mapping[str, int]) -> str:
    """Return how many there were of each result: ``3 copied, 1 refused``."""
    return ", ".join(f"{count} {result}" for result, count in outcomes.items() if count)


def _workflow_title(workflow: WorkflowDef) -> str:
    return f"{workflow.name} v{workflow.version}"


def _check_task(task: TaskDef) -> None:
    from dalsegno.definitions.checking import check
    from dalsegno.definitions.errors import MissingExtraError

    try:
        problems = check(task)
    except MissingExtraError:  # the server will tell
        return
    if problems:
        raise InvalidRequestError("; ".join(map(str, problems)))


def _why(error: ConductorError) -> str:
    if isinstance(error, InvalidRequestError) and error.validation_errors:
        return "; ".join(f"{each.path}: {each.message}" for each in error.validation_errors)
    return str(error)
