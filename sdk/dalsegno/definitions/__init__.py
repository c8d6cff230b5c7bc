"""Definitions as code: steps are values, and a list of them reads like the workflow."""

from dalsegno.definitions.checking import check, ensure_valid
from dalsegno.definitions.definition import Workflow
from dalsegno.definitions.errors import InvalidDefinitionError, MissingExtraError, Problem
from dalsegno.definitions.expressions import (
    Expression,
    Value,
    env,
    expression,
    input,
    item,
    iteration,
    secret,
    task_id,
    workflow,
)
from dalsegno.definitions.files import DefinitionFile, dump, dumps, load, load_all
from dalsegno.definitions.source import source_of
from dalsegno.definitions.steps.branches import dynamic_fork, each, fork, join, parallel
from dalsegno.definitions.steps.children import start_workflow, subworkflow
from dalsegno.definitions.steps.choices import decision, exclusive_join, switch, terminate
from dalsegno.definitions.steps.loops import loop
from dalsegno.definitions.steps.script import Script, js
from dalsegno.definitions.steps.step import Step, Steps
from dalsegno.definitions.steps.waiting import human, pull_messages, wait, wait_for_webhook
from dalsegno.definitions.steps.work import (
    dynamic,
    event,
    get_workflow,
    http,
    http_poll,
    inline,
    jq,
    lambda_function,
    noop,
    raw,
    set_variables,
    system_task,
    task,
)

__all__ = [
    "DefinitionFile",
    "Expression",
    "InvalidDefinitionError",
    "MissingExtraError",
    "Problem",
    "Script",
    "Step",
    "Steps",
    "Value",
    "Workflow",
    "check",
    "decision",
    "dump",
    "dumps",
    "dynamic",
    "dynamic_fork",
    "each",
    "ensure_valid",
    "env",
    "event",
    "exclusive_join",
    "expression",
    "fork",
    "get_workflow",
    "http",
    "http_poll",
    "human",
    "inline",
    "input",
    "item",
    "iteration",
    "join",
    "jq",
    "js",
    "lambda_function",
    "load",
    "load_all",
    "loop",
    "noop",
    "parallel",
    "pull_messages",
    "raw",
    "secret",
    "set_variables",
    "source_of",
    "start_workflow",
    "subworkflow",
    "switch",
    "system_task",
    "task",
    "task_id",
    "terminate",
    "wait",
    "wait_for_webhook",
    "workflow",
]
