"""Expressions, and what they refuse."""

import copy
import pickle

import pytest

from dalsegno.definitions import (
    Expression,
    env,
    input,
    item,
    iteration,
    secret,
    task,
    task_id,
    workflow,
)


@pytest.mark.parametrize(
    ("expression", "text"),
    [
        (input, "${workflow.input}"),
        (input.order.items[0].price, "${workflow.input.order.items[0].price}"),
        (input.rows[-1], "${workflow.input.rows[-1]}"),
        (input["from"], "${workflow.input.from}"),
        (input["_id"]["a-b"], "${workflow.input._id.a-b}"),
        (input["order no."], "${workflow.input['order no.']}"),
        (input["it's"], r"${workflow.input['it\'s']}"),
        (task("reserve").output.in_stock, "${reserve.output.in_stock}"),
        (task("reserve", ref="again").status, "${again.status}"),
        (workflow.variables.x, "${workflow.variables.x}"),
        (secret("token"), "${workflow.secrets.token}"),
        (env("region"), "${workflow.env.region}"),
        (item(), "${loop.output.loopItem}"),
        (iteration("turns"), "${turns.output.iteration}"),
        (task_id, "${CPEWF_TASK_ID}"),
    ],
)
def test_expression_is_written_as_conductor_reads_it(expression: Expression, text: str) -> None:
    assert str(expression) == f"{expression}" == text


def test_expression_is_readable_within_text() -> None:
    assert f"order {input.id} of {input.name}" == (
        "order ${workflow.input.id} of ${workflow.input.name}"
    )


def test_expressions_are_values() -> None:
    assert input.a == input["a"]
    assert len({input.a, input.a, input.b}) == 2
    assert copy.deepcopy(input.a) == pickle.loads(pickle.dumps(input.a)) == input.a  # noqa: S301
    assert repr(input.a) == "expression('workflow.input.a')"


def test_deciding_on_an_expression_names_switch() -> None:
    with pytest.raises(TypeError, match=r"\$\{workflow.input.a\} is not known .* switch"):
        bool(input.a)


def test_going_through_an_expression_names_each() -> None:
    with pytest.raises(TypeError, match=r"go through it with each"):
        list(input.items)
