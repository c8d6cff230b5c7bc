"""Where outputs are kept that tasks with the same ``cacheConfig`` key may have."""

import logging
from typing import Final

from dalsegno.models import JsonObject
from dalsegno_state.ports import DocumentStore
from dalsegno_state.transition import CachedOutput

logger = logging.getLogger(__name__)

OUTPUT_KINDS: Final = "cache-"
"""What the kinds of these documents begin with."""


def keep_output(documents: DocumentStore, cached: CachedOutput) -> None:
    """Keep an output until it expires, in place of the one with its key.

    A cache is a convenience: if the output cannot be kept, the workflow goes on all the same.
    """
    body: JsonObject = {"output": cached.output}
    try:
        documents.put(_kind(cached.key), cached.key, body, expires_at=cached.expires_at)
    except Exception:
        logger.exception("an output is not kept under its cacheConfig key")


def cached_output(documents: DocumentStore, key: str) -> JsonObject | None:
    """Return the output with this key, or None if there is none that has not expired."""
    found = documents.get(_kind(key), key)
    output = None if found is None else found.body["output"]
    return output if isinstance(output, dict) else None


def _kind(key: str) -> str:
    """Return the kind of a key's document; 256 kinds spread keys over partitions."""
    return f"{OUTPUT_KINDS}{key[:2]}"
