"""Whether a workflow comes to the same whatever goes wrong: one thing after another is tried."""

import json
from collections.abc import Callable, Collection, Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from dalsegno.models import JsonObject
from dalsegno.testing.differences import differences
from dalsegno.testing.disturbances import Disturbance, DisturbanceKind, Fate
from dalsegno.testing.run import Run
from dalsegno.testing.scripts import Numbers
from dalsegno.testing.workflow_test import WorkflowTest

_EVERYTHING = frozenset(DisturbanceKind)


@dataclass(frozen=True)
class Difference:
    """What came out differently when one thing went wrong.

    Attributes:
        changes: What is not as it is in calm, a line each.
        run: What happened.
    """

    disturbance: Disturbance
    changes: tuple[str, ...]
    run: Run


@dataclass(frozen=True)
class DurabilityReport:
    """What became of a workflow for each thing that went wrong.

    Attributes:
        calm: The run in which nothing did.
        tried: What was made to go wrong, in this order.
        differences: Where it made a difference; the simplest to understand come first.
    """

    calm: Run
    tried: tuple[Disturbance, ...]
    differences: tuple[Difference, ...]

    def __str__(self) -> str:
        """Return the simplest difference, and how many there are."""
        if not self.differences:
            return f"the same outcome whatever went wrong, {len(self.tried)} times"
        first = self.differences[0]
        changes = "\n".join(f"  {change}" for change in first.changes)
        others = len(self.differences) - 1
        also = f"\n\nso do {others} more of {len(self.tried)} disturbances" if others else ""
        return (
            f"the outcome changes when {first.disturbance}:\n{changes}\n\n"
            f"in calm: {self.calm}\n\ndisturbed: {first.run}{also}"
        )


def check_durability(
    test: WorkflowTest | Callable[[], WorkflowTest],
    input: dict[str, Any] | None = None,
    *,
    effects: Callable[[], Any] | None = None,
    kinds: Collection[DisturbanceKind] = _EVERYTHING,
    most: int = 500,
) -> DurabilityReport:
    """Run a workflow once in calm, then again and again while one thing goes wrong each time.

    Workers die, messages are lost or come twice, the engine's process dies at each of its writes.
    Status, output, variables and the end of each task must be the same; attempts may be more.
    Nothing is left to chance: two calls try the same.

    Args:
        test: The workflow with its mocks; or a function that makes them anew, for mocks that
            remember something from call to call.
        input: Of the workflow.
        effects: Returns what the mocks have done to the world, as JSON: looked at after each run.
            A worker that is not idempotent shows here.
        kinds: What goes wrong.
        most: How many disturbances are tried; if there are more, evenly spread ones.

    Raises:
        AssertionError: The outcome depends on what goes wrong; the message shows the simplest case.
    """
    numbers = Numbers()
    fate = Fate()
    make = test if callable(test) else lambda: test
    calm = _run(make(), input, numbers, fate)
    expected = _outcome(calm, effects)
    occasions = sorted(
        (each for each in fate.occasions if each.kind in kinds),
        key=lambda each: (list(DisturbanceKind).index(each.kind), each.number),
    )
    tried = _spread(occasions, most)
    found = []
    for disturbance in tried:
        run = _run(make(), input, numbers, Fate(disturbance))
        changes = tuple(differences(expected, _outcome(run, effects)))
        if changes:
            found.append(Difference(disturbance, changes, run))
    report = DurabilityReport(calm, tuple(tried), tuple(found))
    if found:
        raise AssertionError(str(report))
    return report


def _run(test: WorkflowTest, input: dict[str, Any] | None, numbers: Numbers, fate: Fate) -> Run:
    return test.prepared_run(numbers, fate).begin(input or {}, {}).finish()


def _outcome(run: Run, effects: Callable[[], Any] | None) -> JsonObject:
    """Return what must be the same, ids of workflows put aside: they follow from times."""
    ends: dict[str, Any] = {each.ref: each.status.value for each in run.trace}
    outcome: JsonObject = {
        "status": run.status.value,
        "output": run.output,
        "variables": run.variables,
        "tasks": dict(sorted(ends.items())),
        "effects": None if effects is None else effects(),
    }
    text = json.dumps(outcome)
    for workflow_id, name in _started(run):
        text = text.replace(workflow_id, name)
    settled: JsonObject = json.loads(text)
    return settled


def _started(run: Run) -> Iterator[tuple[str, str]]:
    """Yield the id of each workflow that a run has started, and a name that stays the same."""
    for task in run.trace:
        if task.sub_workflow_id is not None:
            yield task.sub_workflow_id, f"workflow of {task.ref}"
    failure_workflow = run.output.get("conductor.failure_workflow")
    if isinstance(failure_workflow, str):
        yield failure_workflow, "failure workflow"


def _spread(occasions: Sequence[Disturbance], most: int) -> Sequence[Disturbance]:
    if len(occasions) <= most:
        return occasions
    return [occasions[index * len(occasions) // most] for index in range(most)]
