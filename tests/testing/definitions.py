"""Definitions that tests of the kit run."""

from typing import Any

Definition = dict[str, Any]


def simple(ref: str, kind: str | None = None, **fields: Any) -> Definition:
    return {"name": kind or ref, "taskReferenceName": ref, "type": "SIMPLE", **fields}


def system(kind: str, ref: str, inputs: Definition | None = None, **fields: Any) -> Definition:
    return {
        "name": ref,
        "taskReferenceName": ref,
        "type": kind,
        "inputParameters": inputs or {},
        **fields,
    }


def workflow(*tasks: Definition, name: str = "order", **fields: Any) -> Definition:
    return {"name": name, "tasks": list(tasks), **fields}


ORDER = workflow(
    simple("charge", "charge_card", inputParameters={"amount": "${workflow.input.amount}"}),
    simple("ship", "ship_order", inputParameters={"receipt": "${charge.output.receipt}"}),
    outputParameters={"parcel": "${ship.output.parcel}"},
)
SHIPS_TWICE = {
    "name": "ship_order",
    "retryCount": 2,
    "retryDelaySeconds": 30,
    "timeoutSeconds": 0,
    "responseTimeoutSeconds": 600,
    "timeoutPolicy": "RETRY",
}
