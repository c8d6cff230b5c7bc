"""On which line of a file a value stands."""

import re
from collections.abc import Iterator
from typing import Any, Final

from dalsegno.definitions.errors import InvalidDefinitionError, MissingExtraError
from dalsegno.definitions.yaml_text import compose_yaml

_STEP: Final = re.compile(r"([^.\[\]]+)|\[(\d+)\]")


def line_of(text: str, document: int, way: tuple[str | int, ...]) -> int | None:
    """Return the line, from 1, of what lies nearest to ``way`` in JSON or YAML.

    Args:
        text: The file's; JSON is read as YAML, of which it is a part.
        document: Which of its documents, from 0.
        way: Keys, indexes, and paths made of them such as ``tasks[2].name``.

    Returns:
        None if the text is not understood as YAML, or YAML not installed.
    """
    try:
        node = compose_yaml(text)[document]
    except (InvalidDefinitionError, MissingExtraError, IndexError):
        return None
    line = int(node.start_mark.line)
    for step in _steps(way):
        found = _child(node, step)
        if found is None:
            break
        line, node = found
    return line + 1


def _steps(way: tuple[str | int, ...]) -> Iterator[str | int]:
    for part in way:
        if isinstance(part, int):
            yield part
        else:
            yield from (int(index) if index else key for key, index in _STEP.findall(part))


def _child(node: Any, step: str | int) -> tuple[int, Any] | None:
    """Return the line on which a child begins, a key's own line, and the child."""
    if isinstance(step, int):
        if not isinstance(node.value, list) or step >= len(node.value):
            return None
        child = node.value[step]
        return None if isinstance(child, tuple) else (int(child.start_mark.line), child)
    for pair in node.value if isinstance(node.value, list) else ():
        if isinstance(pair, tuple) and pair[0].value == step:
            return int(pair[0].start_mark.line), pair[1]
    return None
