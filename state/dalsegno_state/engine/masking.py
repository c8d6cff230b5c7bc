"""Masked fields: what readers of an execution do not get to see."""

from collections.abc import Collection
from typing import Any, Final

from dalsegno.models import JsonObject
from dalsegno_state.search_fields import ALWAYS_MASKED

MASK: Final = "***"


def masked(payload: JsonObject, names: Collection[str]) -> JsonObject:
    """Return a payload in which the fields of these names, at any depth, have no value.

    So have ``_secrets`` and ``_masked``, which ask for it by their names.
    """
    hidden = {*names, *ALWAYS_MASKED}
    whole = dict(payload)
    pending: list[Any] = [whole]
    while pending:  # no recursion: payloads may be nested as deeply as the stack is
        container = pending.pop()
        is_map = isinstance(container, dict)
        for key, item in list(container.items() if is_map else enumerate(container)):
            if is_map and key in hidden:
                container[key] = MASK
            elif isinstance(item, dict | list):
                container[key] = dict(item) if isinstance(item, dict) else list(item)
                pending.append(container[key])
    return whole
