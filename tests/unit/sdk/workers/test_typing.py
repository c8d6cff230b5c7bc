"""What a type checker says to those who use workers."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

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


def checked(folder: Path, program: str) -> str:
    path = folder / "program.py"
    path.write_text(program)
    sdk = Path(__file__).parents[4] / "sdk"
    done = subprocess.run(
        [sys.executable, "-m", "mypy", "--strict", "--cache-dir", str(folder), str(path)],
        capture_output=True,
        text=True,
        env={**os.environ, "MYPYPATH": str(sdk)},
        cwd=folder,
    )
    return done.stdout


def test_functions_keep_their_types_and_wrong_calls_are_told(tmp_path: Path) -> None:
    told = checked(tmp_path, PROGRAM)

    assert told.count('Revealed type is "str"') == 2, told
    assert told.count('Revealed type is "int"') == 1, told
    assert 'of "WorkerFunction" has incompatible type "str"; expected "int"' in told
    assert 'Argument 1 to "Worker" has incompatible type' in told
    assert told.count("error:") == 2, told
