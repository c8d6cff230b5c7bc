"""Who the server takes the caller for: asked for things that change nothing."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Final

from dalsegno.cli.doctor.finding import Finding, failure, ok, warning
from dalsegno.errors import ConductorError, ForbiddenError, UnauthorizedError, UnavailableError
from dalsegno.models import TaskResult, TaskResultStatus

if TYPE_CHECKING:
    from dalsegno.client import Dalsegno

_NOBODY: Final = "dalsegno_doctor_asks_for_what_is_not_there"


class Right(StrEnum):
    """What a caller may be allowed to do."""

    READ = "read"
    START = "start"
    WORK = "work"


@dataclass(frozen=True, slots=True)
class Rights:
    """What the caller may do, or why the server does not know them."""

    had: frozenset[Right]
    refusal: ConductorError | None = None


def rights(client: "Dalsegno") -> Rights:
    """Return what the caller may do, by trying it on what is not there."""
    tried = {
        Right.READ: lambda: client.definitions.workflows.latest(),
        Right.START: lambda: client.start(_NOBODY, once=False),
        Right.WORK: lambda: client.tasks.update(_result()),
    }
    had = set()
    for right, attempt in tried.items():
        try:
            if _is_allowed(attempt):
                had.add(right)
        except (UnauthorizedError, UnavailableError) as error:
            return Rights(frozenset(had), error)
    return Rights(frozenset(had))


def findings(found: Rights) -> Iterator[Finding]:
    """Yield what that means."""
    if isinstance(found.refusal, UnauthorizedError):
        fix = (
            "set CONDUCTOR_AUTH_KEY and CONDUCTOR_AUTH_SECRET (dalsegno keys create), "
            "or DALSEGNO_AUTH=iam"
        )
        yield failure("access", f"you are not let in: {found.refusal}", fix)
    elif found.refusal is not None:
        yield failure("access", f"{found.refusal}", "try again; if it stays so, look into its log")
    elif not found.had:
        fix = "give the key, IAM role or token a role: docs/deploy.md"
        yield failure("access", "you are let in and may do nothing", fix)
    else:
        yield _told(found.had)


def _told(had: frozenset[Right]) -> Finding:
    may = ", ".join(right for right in Right if right in had)
    lacking = [right.value for right in Right if right not in had]
    if not lacking:
        return ok("access", f"you may {may}")
    what = f"you may {may}; not {', '.join(lacking)}"
    return warning("access", what, "that is as it should be, unless you need more: docs/deploy.md")


def _is_allowed(attempt: Callable[[], object]) -> bool:
    try:
        attempt()
    except ForbiddenError:
        return False
    except (UnauthorizedError, UnavailableError):
        raise
    except ConductorError:
        return True  # refused for what was asked, not for who asks
    return True


def _result() -> TaskResult:
    return TaskResult(
        workflow_instance_id=_NOBODY, task_id=_NOBODY, status=TaskResultStatus.COMPLETED
    )
