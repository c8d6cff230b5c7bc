"""The registration rules of all task types that have some."""

from collections.abc import Callable, Iterator, Mapping
from typing import Final, TypeAlias

from dalsegno.models import WorkflowTask
from dalsegno_state.tasks import (
    aws_lambda,
    decision,
    do_while,
    dynamic,
    event,
    fork_join,
    fork_join_dynamic,
    get_workflow,
    http,
    http_poll,
    json_jq_transform,
    kafka_publish,
    pull_workflow_messages,
    sub_workflow,
    switch,
    terminate,
    wait,
    wait_for_webhook,
)

Rule: TypeAlias = Callable[[WorkflowTask], Iterator[str]]
ScriptFinder: TypeAlias = Callable[[WorkflowTask], str | None]

RULES: Final[Mapping[str, Rule]] = {
    "AWS_LAMBDA": aws_lambda.violations,
    "DECISION": decision.violations,
    "DO_WHILE": do_while.violations,
    "DYNAMIC": dynamic.violations,
    "EVENT": event.violations,
    "FORK_JOIN": fork_join.violations,
    "FORK_JOIN_DYNAMIC": fork_join_dynamic.violations,
    "GET_WORKFLOW": get_workflow.violations,
    "HTTP": http.violations,
    "HTTP_POLL": http_poll.violations,
    "JSON_JQ_TRANSFORM": json_jq_transform.violations,
    "KAFKA_PUBLISH": kafka_publish.violations,
    "PULL_WORKFLOW_MESSAGES": pull_workflow_messages.violations,
    "SUB_WORKFLOW": sub_workflow.violations,
    "SWITCH": switch.violations,
    "TERMINATE": terminate.violations,
    "WAIT": wait.violations,
    "WAIT_FOR_WEBHOOK": wait_for_webhook.violations,
}

SCRIPTS: Final[Mapping[str, ScriptFinder]] = {
    "DECISION": decision.script,
    "HTTP_POLL": http_poll.script,
    "SWITCH": switch.script,
}
