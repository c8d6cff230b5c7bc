"""Outputs that may be used again: ``cacheConfig`` of tasks that workers do."""

import hashlib
import json
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Final

from dalsegno.models import CacheConfig, EpochMillis, JsonObject, JsonValue, TaskStatus
from dalsegno_state.draft import Draft, Place, size_bytes
from dalsegno_state.execution import TaskState
from dalsegno_state.expressions import evaluate, java_text, walk
from dalsegno_state.scope import DraftScope
from dalsegno_state.transition import CachedOutput

# A document holds 400 KB; larger outputs are made again each time.
MAX_CACHED_BYTES: Final = 256 * 1024


@dataclass(frozen=True, slots=True)
class _InputScope:
    """A task's own input by its keys, then what the workflow's expressions see."""

    inputs: JsonObject
    outer: DraftScope

    def find(self, name: str, path: Sequence[str | int]) -> JsonValue:
        """See ``Scope.find``."""
        return walk(self.inputs[name], path) if name in self.inputs else self.outer.find(name, path)

    def document(self, name: str) -> JsonValue:
        """See ``Scope.document``."""
        return self.inputs[name] if name in self.inputs else self.outer.document(name)


def cache_key(draft: Draft, place: Place, task_name: str, inputs: JsonObject) -> str | None:
    """Return what names the output of a task with this input, or None if it is not cached."""
    config = _config(place)
    if config is None:
        return None
    key = java_text(evaluate(config.key, _InputScope(inputs, DraftScope(draft))))
    return hashlib.sha256(json.dumps([task_name, key]).encode()).hexdigest()


def cached_output(draft: Draft, key: str | None) -> JsonObject | None:
    """Return the output of the task with this key that completed last, if not too long ago.

    An operator who has a task done again wants it done.
    """
    return None if key is None or draft.operating else draft.cached(key)


def remember(draft: Draft, task: TaskState, place: Place, output: JsonObject) -> None:
    """Keep the output of a task that has completed for those that come with the same key."""
    config = _config(place)
    if task.cache_key is None or config is None or task.status is not TaskStatus.COMPLETED:
        return
    if task.external_output_path is None and size_bytes(output) <= MAX_CACHED_BYTES:
        expires_at: EpochMillis = draft.now + config.ttl_in_second * 1000
        draft.remember(CachedOutput(key=task.cache_key, output=output, expires_at=expires_at))


def _config(place: Place) -> CacheConfig | None:
    config = place.node.task.cache_config
    return config if config is not None and config.key and config.ttl_in_second > 0 else None
