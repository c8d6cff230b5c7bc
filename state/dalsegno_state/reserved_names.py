"""Names of queues that are the engine's: no worker serves them, and no task waits there by name."""

from collections.abc import Iterator, Mapping
from typing import Final

# The engine's own queues begin so: see ``ids.py``.
_MARK: Final = "_"
# A workflow whose tasks all go to this domain is a test: its mocks report, nobody is to do them.
TEST_DOMAIN: Final = "_test"

# Done by the engine's system workers, whatever calls them into being.
SYSTEM_WORK: Final = frozenset(
    {
        "AWS_LAMBDA",
        "EVENT",
        "GET_WORKFLOW",
        "HTTP",
        "HTTP_POLL",
        "KAFKA_PUBLISH",
        "PULL_WORKFLOW_MESSAGES",
        "WAIT_FOR_WEBHOOK",
    }
)
ENGINE_TYPES: Final = SYSTEM_WORK | {
    "DECISION",
    "DO_WHILE",
    "DYNAMIC",
    "EXCLUSIVE_JOIN",
    "FORK_JOIN",
    "FORK_JOIN_DYNAMIC",
    "HUMAN",
    "INLINE",
    "JOIN",
    "JSON_JQ_TRANSFORM",
    "LAMBDA",
    "NOOP",
    "SET_VARIABLE",
    "START_WORKFLOW",
    "SUB_WORKFLOW",
    "SWITCH",
    "TERMINATE",
    "WAIT",
}
# Handed over to workers where no system worker can do it.
_HANDED_OVER: Final = "KAFKA_PUBLISH"


def work_fault(task_type: str) -> str | None:
    """Return why work of this type cannot be left to workers; None if it can."""
    if task_type.startswith(_MARK):
        return f"{task_type} begins with an underscore, as the engine's own queues do"
    if task_type in ENGINE_TYPES:
        return f"{task_type} is a type that the engine does itself"
    return None


def poll_fault(task_type: str, domain: str | None) -> str | None:
    """Return why nobody may poll for this; None if workers may."""
    if domain is not None and domain.startswith(_MARK):
        return f"domain {domain} begins with an underscore, as the engine's own queues do"
    return None if task_type == _HANDED_OVER else work_fault(task_type)


def domain_faults(task_to_domain: Mapping[str, str] | None) -> Iterator[str]:
    """Yield what is wrong with the domains that a workflow's tasks are to go to."""
    for task_type, domains in (task_to_domain or {}).items():
        for domain in domains.split(","):
            is_test = domain == TEST_DOMAIN and task_type == "*"
            if domain.strip().startswith(_MARK) and not is_test:
                yield (
                    f"taskToDomain.{task_type}: domain {domain.strip()} begins with an underscore, "
                    "as the engine's own queues do"
                )
