"""The same thing done to many executions."""

from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Final, TypeAlias

import typer

from dalsegno.cli.console import Exit, complain, counting, say

if TYPE_CHECKING:
    from dalsegno.models import BulkResponse

_AT_ONCE: Final = 100

One: TypeAlias = Callable[[str], object]
Many: TypeAlias = Callable[[Sequence[str]], "BulkResponse"]


def act_on(done: str, ids: Sequence[str], one: One, many: Many | None = None) -> None:
    """Do something to each execution, and say what became of it; end with 1 if one refused.

    Args:
        done: What is said afterwards: ``paused``.
        ids: Of the executions.
        one: Does it to one.
        many: Does it to a hundred; one by one if there is no such thing.

    Raises:
        ConductorError: There is one id, and it was refused.
    """
    if len(ids) == 1:
        one(ids[0])
        say(f"{done} {ids[0]}")
        return
    refused = 0
    with counting(done, len(ids)) as advance:
        for start in range(0, len(ids), _AT_ONCE):
            some = ids[start : start + _AT_ONCE]
            told = many(some) if many else _one_by_one(some, one)
            for workflow_id in told.bulk_successful_results:
                say(f"{done} {workflow_id}")
            for workflow_id, reason in told.bulk_error_results.items():
                complain(f"{workflow_id}: {reason}")
            refused += len(told.bulk_error_results)
            advance(len(some))
    if refused:
        complain(f"{refused} of {len(ids)} were refused")
        raise typer.Exit(Exit.REFUSED)


def _one_by_one(ids: Sequence[str], one: One) -> "BulkResponse":
    from dalsegno.errors import ConductorError, UnavailableError
    from dalsegno.models import BulkResponse

    done, errors = [], {}
    for workflow_id in ids:
        try:
            one(workflow_id)
        except UnavailableError:
            raise
        except ConductorError as error:
            errors[workflow_id] = str(error)
        else:
            done.append(workflow_id)
    return BulkResponse(bulk_error_results=errors, bulk_successful_results=done)
