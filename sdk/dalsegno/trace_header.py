"""The trace header of calls to AWS from within a Lambda function."""

from typing import Any, Final

_HEADER: Final = "X-Amzn-Trace-Id"
_LINEAGE: Final = "lineage="


def without_lineage(header: str) -> str:
    """Return a trace header without the count by which Lambda recognizes recursive loops."""
    parts = header.split(";")
    return ";".join(part for part in parts if not part.strip().lower().startswith(_LINEAGE))


def begin_new_lineage(client: Any) -> None:
    """Make a botocore client keep the trace in its calls, but not the lineage.

    Lambda drops about the seventeenth invocation of a chain that leads through a function again
    and again. A workflow of twenty steps is such a chain, and no loop.
    """
    # After botocore's own handler, which adds the header within Lambda.
    client.meta.events.register_last("before-call", _drop, unique_id="dalsegno-lineage")


def _drop(params: dict[str, Any], **_: Any) -> None:
    headers = params["headers"]
    if _HEADER not in headers:
        return
    kept = without_lineage(headers[_HEADER])
    del headers[_HEADER]
    if kept:
        headers[_HEADER] = kept
