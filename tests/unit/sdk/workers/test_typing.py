"""What a type checker says to those who use workers."""

from pathlib import Path

import pytest

from tests.unit.sdk.type_checker import checked

pytest.importorskip("mypy", reason="mypy is not installed")

PROGRAM = """
from dalsegno import Fail, Input, Retry, TaskContext, Worker, worker


class Order:
    number: int


@worker
def plain(number: int, task: TaskContext) -> str:
    raise Retry("busy", after_seconds=1.5)


@worker("other", concurrency=3)
async def awaiting(order: Input[Order], by: str = "card") -> int:
    if order.number:
        raise Fail("no", terminal=True)
    return 1


async def use(context: TaskContext, order: Order) -> None:
    reveal_type(plain(1, context))
    reveal_type(plain(number=1, task=context))
    reveal_type(await awaiting(order))


worker_of_both = Worker(plain, awaiting)
plain("x", TaskContext.__new__(TaskContext))
Worker(len)
"""


def test_functions_keep_their_types_and_wrong_calls_are_told(tmp_path: Path) -> None:
    program = tmp_path / "program.py"
    program.write_text(PROGRAM)

    told = "\n".join(checked(program))

    assert told.count('Revealed type is "str"') == 2, told
    assert told.count('Revealed type is "int"') == 1, told
    assert 'of "WorkerFunction" has incompatible type "str"; expected "int"' in told
    assert 'Argument 1 to "Worker" has incompatible type' in told
    assert told.count("error:") == 2, told
