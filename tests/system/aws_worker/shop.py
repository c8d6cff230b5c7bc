"""A function that is deployed as a worker; it knows nothing of Dalsegno."""

from typing import Any


def charge(task: dict[str, Any], _context: object) -> dict[str, Any]:
    """Return what was charged; amounts below zero are refused."""
    amount = task["inputData"]["amount"]
    if amount < 0:
        raise ValueError(f"cannot charge {amount}")
    return {"charged": amount, "taskId": task["taskId"]}
