"""Where steps stand, and whether what they read has been done by then."""

from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from difflib import get_close_matches
from typing import Final

from dalsegno.definitions.engine_rules import expressions_of, roots_of
from dalsegno.definitions.errors import Problem
from dalsegno.models import WorkflowTask

# What expressions may read beside steps.
_ALWAYS_KNOWN: Final = frozenset({"workflow", "CPEWF_TASK_ID"})


@dataclass(frozen=True, slots=True)
class _Position:
    """One turn on the way to a step: which list of which operator, and how far down it."""

    container: str
    kind: str
    list_name: str
    index: int


@dataclass(frozen=True, slots=True)
class Place:
    """A step and the way to it, from the workflow's own list inwards."""

    task: WorkflowTask
    way: tuple[_Position, ...]

    @property
    def ref(self) -> str:
        """The step's reference name."""
        return self.task.task_reference_name

    @property
    def path(self) -> str:
        """The same way in the definition's JSON."""
        return ".".join(f"{position.list_name}[{position.index}]" for position in self.way)


def places_in(tasks: Sequence[WorkflowTask]) -> list[Place]:
    """Return all steps in the order they are written, with those inside others."""
    return list(_places(tasks, "tasks", None, ()))


def misplaced(places: Sequence[Place], unchecked_reads: Collection[str]) -> Iterator[Problem]:
    """Yield what the order of steps makes impossible: names used twice, reads of what is not yet.

    Args:
        places: All steps.
        unchecked_reads: Reference names that may be read anywhere.
    """
    yield from _duplicates(places)
    for place, root, fault in misreads(places):
        if root not in unchecked_reads:
            yield Problem(fault, place.path, place.ref)


def misreads(places: Sequence[Place]) -> Iterator[tuple[Place, str, str]]:
    """Yield the steps that read what has not been done by then: step, name, and what is wrong."""
    by_ref = {place.ref: place for place in places}
    for place in places:
        for root in _reads(place.task):
            if fault := _fault(place, root, by_ref):
                yield place, root, fault


def unknown_roots(value: object, places: Sequence[Place]) -> list[str]:
    """Return the names that expressions in ``value`` read though nothing is called so."""
    known = {place.ref for place in places} | _ALWAYS_KNOWN
    return sorted(root for root in roots_of([value]) if not _is_known(root, known))


def suggestion(name: str, known: Iterable[str]) -> str:
    """Return a sentence on which name may be meant, empty if none is near."""
    near = get_close_matches(name, list(known), n=1)
    return f"; did you mean {near[0]}?" if near else ""


def _places(
    tasks: Sequence[WorkflowTask],
    list_name: str,
    operator: WorkflowTask | None,
    way: tuple[_Position, ...],
) -> Iterator[Place]:
    container = "" if operator is None else operator.task_reference_name
    kind = "" if operator is None else operator.type
    for index, task in enumerate(tasks):
        here = (*way, _Position(container, kind, list_name, index))
        yield Place(task, here)
        for name, inner in _lists_in(task).items():
            yield from _places(inner, name, task, here)


def _lists_in(task: WorkflowTask) -> Mapping[str, Sequence[WorkflowTask]]:
    match task.type:
        case "SWITCH" | "DECISION":
            cases = {f"decisionCases.{case}": steps for case, steps in task.decision_cases.items()}
            return {**cases, "defaultCase": task.default_case}
        case "FORK_JOIN":
            return {f"forkTasks[{n}]": branch for n, branch in enumerate(task.fork_tasks)}
        case "DO_WHILE":
            return {"loopOver": task.loop_over}
        case _:
            return {}


def _duplicates(places: Iterable[Place]) -> Iterator[Problem]:
    counts = Counter(place.ref for place in places)
    for place in places:
        if counts[place.ref] > 1:
            where = ", ".join(each.path for each in places if each.ref == place.ref)
            yield Problem(
                f"{counts[place.ref]} steps are called {place.ref} ({where}): "
                "give each another ref=",
                step=place.ref,
            )
            counts[place.ref] = 0


def _reads(task: WorkflowTask) -> list[str]:
    joined = [*task.join_on, *task.default_exclusive_join_task]
    return sorted({*roots_of(expressions_of(task)), *joined})


def _is_known(root: str, known: Collection[str]) -> bool:
    """Tell if ``root`` is a known name, or the part before the first dot of one."""
    return root in known or any(name.startswith(f"{root}.") for name in known)


def _fault(place: Place, root: str, by_ref: Mapping[str, Place]) -> str | None:
    if root in _ALWAYS_KNOWN:
        return None
    if root not in by_ref:
        if _is_known(root, by_ref):
            return None
        return (
            f"reads {root}, but no step has this reference name{suggestion(root, by_ref)}"
            " (a task that a dynamic fork creates goes to unchecked_reads=)"
        )
    reason = _unreadable(place.way, by_ref[root].way)
    return reason and f"reads {root}, which {reason}"


def _unreadable(reader: tuple[_Position, ...], read: tuple[_Position, ...]) -> str | None:
    """Return why a step cannot know another's output, None if it may.

    Within a loop it may always: another turn may have done what comes later in this one.
    """
    for mine, other in zip(reader, read, strict=False):
        if mine == other:
            if mine.kind == "DO_WHILE":
                return None
        elif mine.kind == "DO_WHILE":
            return None
        elif mine.list_name == other.list_name:
            return None if other.index < mine.index else "comes later: move it before this step"
        elif mine.kind == "FORK_JOIN":
            return "runs beside it in another branch: read it after the join"
        else:
            return "is in another case, which has not run: read it after the switch"
    if len(read) > len(reader):
        return None if read[len(reader)].kind == "DO_WHILE" else "is inside it and comes later"
    return "it is itself" if len(read) == len(reader) else None
