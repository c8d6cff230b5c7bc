"""Documents of tasks and workflows."""

import json
from dataclasses import fields, replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dalsegno_state.execution import Membership, Operation, PayloadRef
from dalsegno_state.sqlite.codec import (
    decode_task,
    decode_workflow,
    encode_task,
    encode_workflow,
    iteration_key,
)
from tests.builders import a_task, a_workflow_state

ANY_TEXT = st.text(st.characters(exclude_categories=()))  # half surrogate pairs too
JSON_VALUES = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | ANY_TEXT,
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(ANY_TEXT, inner, max_size=4),
    max_leaves=12,
)
JSON_OBJECTS = st.dictionaries(ANY_TEXT, JSON_VALUES, max_size=5)
PAYLOADS = JSON_OBJECTS | st.builds(PayloadRef, key=ANY_TEXT, size_bytes=st.integers(min_value=0))


def as_json_has_it(value: Any) -> Any:
    """Return the value after a trip through JSON, which joins two halves of a surrogate pair."""
    return value if isinstance(value, PayloadRef) else json.loads(json.dumps(value))


@given(task_input=PAYLOADS, output=PAYLOADS, reason=st.none() | st.text())
def test_any_task_survives(task_input: Any, output: Any, reason: str | None) -> None:
    task = a_task(input=as_json_has_it(task_input), output=as_json_has_it(output), reason=reason)

    assert decode_task(encode_task(task)) == task


@given(workflow_input=PAYLOADS, variables=JSON_OBJECTS)
def test_any_workflow_survives_without_its_wake(workflow_input: Any, variables: Any) -> None:
    workflow = a_workflow_state(
        input=as_json_has_it(workflow_input),
        variables=as_json_has_it(variables),
        wake_at=7,
        wake_interval_ms=8,
    )

    assert decode_workflow(encode_workflow(workflow), 7, 8) == workflow
    assert decode_workflow(encode_workflow(workflow), None, 0) == replace(
        workflow, wake_at=None, wake_interval_ms=0
    )


SPECIAL = {
    "iterations": (1, 2),
    "failed_refs": ("a", "b"),
    "followers": ("t1", "t2"),
    "unpublished": ("t1.3.COMPLETED",),
    "applied_actions": ("c", "d"),
    "membership": Membership(join_ref="join", index=0, size=2),
    "operation": Operation(kind="retry", arguments={"a": [1]}),
    "task_to_domain": {"*": "eu"},
    "node": {"name": "charge"},
    "variables": {"a": 1},
    "unread": {"newer": [1]},
    "input": {"a": 1},
    "output": PayloadRef(key="k", size_bytes=1),
}


def other_value(name: str, value: Any) -> Any:
    """Return a value of the field's type that is not its default."""
    if name in SPECIAL:
        return SPECIAL[name]
    match value:
        case bool():
            return not value
        case int():
            return value + 1
        case str():
            return value if name == "status" else value + "!"
        case None if name in {"wait_until", "wake_at"}:
            return 9
        case None:
            return "text"
    raise AssertionError(f"{name}: say here what else it can be")


@pytest.mark.parametrize("field", [field.name for field in fields(a_task())])
def test_every_field_of_a_task_is_kept(field: str) -> None:
    task = a_task()
    changed = replace(task, **{field: other_value(field, getattr(task, field))})

    stored = decode_task(encode_task(changed))

    assert stored == changed
    assert type(getattr(stored, field)) is type(getattr(changed, field))


@pytest.mark.parametrize("field", [field.name for field in fields(a_workflow_state())])
def test_every_field_of_a_workflow_is_kept(field: str) -> None:
    workflow = a_workflow_state()
    changed = replace(workflow, **{field: other_value(field, getattr(workflow, field))})

    stored = decode_workflow(encode_workflow(changed), changed.wake_at, changed.wake_interval_ms)

    assert stored == changed
    assert type(getattr(stored, field)) is type(getattr(changed, field))


def test_value_nested_beyond_reason_is_refused() -> None:
    value: Any = None
    for _ in range(100_000):
        value = [value]

    with pytest.raises(ValueError, match="nested"):
        encode_task(a_task(input={"value": value}))


def test_iteration_keys_sort_as_the_numbers_do() -> None:
    iterations = [(), (1,), (1, 2), (1, 10), (2,), (2, 9), (10,), (10, 1)]

    assert sorted(iterations, key=iteration_key) == iterations
