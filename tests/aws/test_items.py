"""How tasks and workflows become items, and back."""

from dataclasses import fields, replace
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dalsegno.errors import InvalidRequestError
from dalsegno.models import TaskStatus, WorkflowStatus
from dalsegno_state.aws import codec, layout
from dalsegno_state.aws.capacity import item_bytes
from dalsegno_state.aws.items import (
    decoded_task,
    decoded_workflow,
    task_item,
    workflow_item,
)
from dalsegno_state.execution import Membership, PayloadRef, TaskState, WorkflowState
from dalsegno_state.ids import task_id
from tests.builders import NOW, a_task, a_workflow_state

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner) | st.dictionaries(st.text(), inner),
    max_leaves=8,
)  # fmt: skip


@pytest.mark.parametrize(
    ("cls", "names", "beside"),
    [
        (TaskState, codec.TASK_NAMES, codec.TASK_BESIDE),
        (WorkflowState, codec.WORKFLOW_NAMES, codec.WORKFLOW_BESIDE),
    ],
)
def test_every_field_is_kept_under_a_name_of_its_own(cls: Any, names: Any, beside: Any) -> None:
    assert {field.name for field in fields(cls)} == names.keys() | beside | {"unread"}
    assert len(set(names.values())) == len(names)


@given(
    payload=st.dictionaries(st.text(), json_values),
    changes=st.fixed_dictionaries(
        {},
        optional={
            "name": st.sampled_from(["charge", "other", ""]),
            "first_scheduled_at": st.sampled_from([0, NOW, NOW - 1]),
            "status": st.sampled_from(TaskStatus),
            "task_id": st.sampled_from(["", "0.0", "=", "w1.0.3.Y2hhcmdl", "w2.0.3.Y2hhcmdl"]),
            "output": st.just(PayloadRef(key="w1/abc", size_bytes=70_000)),
            "membership": st.just(Membership(join_ref="join", index=4, size=5)),
            "wait_until": st.sampled_from([0, NOW]),
        },
    ),
)
def test_any_task_is_read_back_as_it_was_stored(payload: Any, changes: Any) -> None:
    task = a_task(input=payload, **changes)

    assert decoded_task("w1", task_item(task)) == task


@pytest.mark.parametrize(
    "ref", ["charge__2", "__2", "a__2__10", "a__02", "a#b", "Straße__3", "x" * 2000, "a__", ""]
)
def test_any_reference_is_read_back(ref: str) -> None:
    task = replace(a_task(), ref=ref, base_ref=ref, task_id=task_id("w1", 1, 2, ref))

    item = task_item(task)

    assert decoded_task("w1", item) == task
    assert len(item["sk"]["S"]) < 1024


@given(payload=st.dictionaries(st.text(), json_values), status=st.sampled_from(WorkflowStatus))
def test_any_workflow_is_read_back_as_it_was_stored(payload: Any, status: Any) -> None:
    workflow = a_workflow_state("x[4]/é", input=payload, output=payload, status=status)

    assert decoded_workflow(workflow_item(workflow)) == workflow


def test_large_document_is_compressed() -> None:
    item = task_item(a_task(input={"text": "words " * 1000}))

    assert "B" in item["d"]
    assert item_bytes(item) < 1024


def test_later_iterations_sort_behind_earlier_ones() -> None:
    keys = [layout.place_sk("T", f"charge__{turns}") for turns in ("9", "10", "10__2", "10__11")]

    assert keys == sorted(keys)
    assert all(key.startswith(layout.place_sk("T", "charge")) for key in keys)


def test_keys_of_one_task_never_begin_those_of_another() -> None:
    assert not layout.place_sk("T", "charger").startswith(layout.place_sk("T", "charge"))
    assert not layout.place_sk("T", "charge#2").startswith(layout.place_sk("T", "charge"))


def test_id_that_is_too_long_for_a_key_is_refused() -> None:
    with pytest.raises(InvalidRequestError, match="too long"):
        layout.workflow_pk("x" * 1001)


def test_workflow_that_ends_well_leaves_the_search_indexes_alone() -> None:
    running = workflow_item(a_workflow_state(correlation_id="c1", parent_workflow_id="w0"))
    ended = workflow_item(
        a_workflow_state(
            correlation_id="c1",
            parent_workflow_id="w0",
            status=WorkflowStatus.COMPLETED,
            ended_at=NOW,
        )
    )

    for index in (layout.BY_NAME, layout.BY_CORRELATION, layout.BY_PARENT, layout.BY_FAILURE):
        assert running.get(index.partition) == ended.get(index.partition)
        assert running[index.sort] == ended[index.sort]
    assert layout.DUE.partition not in ended
