"""Steps that choose: one of several lists, or the end."""

from collections.abc import Mapping
from typing import Any, Literal

from dalsegno.definitions.errors import refuse
from dalsegno.definitions.expressions import Expression, Value
from dalsegno.definitions.steps.script import Script
from dalsegno.definitions.steps.step import Step, Steps, present, step_of, tasks_of


def switch(
    on: Expression | str | Script,
    cases: Mapping[str, Steps],
    /,
    ref: str = "switch",
    *,
    default: Steps = (),
    parameter: str = "value",
) -> Step:
    """Return a choice between lists of steps.

    Args:
        on: The value whose text names the case, or ``js(...)`` that yields it.
        cases: Steps by the value's text; an empty list does nothing in that case.
        ref: Reference name.
        default: Steps for any other value.
        parameter: The input by which the task shows the value.

    Raises:
        InvalidDefinitionError: There is no case.
        TypeError: ``on`` is no expression and no script, or something is no step.
    """
    evaluator, expression, inputs = _evaluation(on, parameter, f"switch {ref}")
    lists = _cases(cases, default, f"switch {ref}")
    return step_of("SWITCH", ref, inputs, evaluatorType=evaluator, expression=expression, **lists)


def decision(
    on: Expression | str | Script,
    cases: Mapping[str, Steps],
    /,
    ref: str = "decision",
    *,
    default: Steps = (),
    parameter: str = "value",
) -> Step:
    """Return a choice as Conductor once had it, for definitions that have it; see ``switch``."""
    evaluator, expression, inputs = _evaluation(on, parameter, f"decision {ref}")
    field = "caseExpression" if evaluator == "javascript" else "caseValueParam"
    lists = _cases(cases, default, f"decision {ref}")
    return step_of("DECISION", ref, inputs, **{field: expression}, **lists)


def exclusive_join(
    *steps: Step | str, ref: str = "exclusive_join", default: tuple[Step | str, ...] = ()
) -> Step:
    """Return a wait for the first of ``steps`` that exists, else of ``default``; has its output."""
    return step_of(
        "EXCLUSIVE_JOIN",
        ref,
        {},
        joinOn=[_ref_of(step) for step in steps],
        defaultExclusiveJoinTask=[_ref_of(step) for step in default],
    )


def terminate(
    status: Literal["COMPLETED", "FAILED", "TERMINATED"] | Expression = "COMPLETED",
    /,
    ref: str = "terminate",
    *,
    reason: str | Expression | None = None,
    output: Value = None,
) -> Step:
    """Return the end of the workflow, with this status, reason and output."""
    inputs = present(
        f"step {ref}", terminationStatus=status, terminationReason=reason, workflowOutput=output
    )
    return step_of("TERMINATE", ref, inputs)


def _cases(cases: Mapping[str, Steps], default: Steps, what: str) -> dict[str, Any]:
    if not isinstance(cases, Mapping) or not cases:
        raise refuse(what, 'there is no case: give {"value": [steps]}')
    for case in cases:
        if not isinstance(case, str):
            raise TypeError(f"{what}: the case {case!r} is no text: write {str(case).lower()!r}")
    return {
        "decisionCases": {name: tasks_of(each, f"{what}: {name}") for name, each in cases.items()},
        "defaultCase": tasks_of(default, f"{what}: default"),
    }


def _evaluation(on: object, parameter: str, what: str) -> tuple[str, str, Mapping[str, Value]]:
    match on:
        case Script():
            return "javascript", on.text, on.inputs
        case Expression() | str():
            return "value-param", parameter, {parameter: str(on)}
    raise TypeError(
        f"{what}: {on!r} is known before the workflow runs: give an expression such as "
        "input.kind, or js(...) to compare and compute"
    )


def _ref_of(step: Step | str) -> str:
    return step.ref if isinstance(step, Step) else step
