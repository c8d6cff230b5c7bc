"""References to secrets: values that only evaluation makes, revealed when a task is handed out.

What a reference looks like, ``${workflow.secrets.NAME}``, is nothing but its looks: text that came
from anywhere else and reads the same is plain text. A store writes down where the references of a
JSON value are and makes them again when it reads the value.
"""

import json
import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Final, TypeAlias

from pydantic import JsonValue

from dalsegno_state.expressions.budget import Budget
from dalsegno_state.expressions.errors import ExpressionError
from dalsegno_state.expressions.path import parse_path
from dalsegno_state.expressions.scope import walk
from dalsegno_state.expressions.text import java_text

SECRETS_PREFIX: Final = "workflow.secrets."
_OPENING: Final = re.compile(rf"(?<!\$)\$(?=\{{\s*{re.escape(SECRETS_PREFIX)})")
_BRACE: Final = re.compile(r"[{}]")
_NAME: Final = re.compile(r"[^.\[]*")

Secret = Callable[[str], JsonValue]
Spans: TypeAlias = tuple[tuple[int, int], ...]
SecretPlace: TypeAlias = tuple[tuple[str | int, ...], Spans]


class SecretText(str):
    """Text with references to secrets in it, made by evaluation; to all readers a string.

    Whatever copies it into another value takes the references along; whatever makes a new text of
    it, JSON included, loses them.

    Attributes:
        spans: Where the references stand, as pairs of start and end.
    """

    __slots__ = ("spans",)

    spans: Spans

    def __new__(cls, text: str, spans: Spans) -> "SecretText":
        """Return the text with references at these spans."""
        made = super().__new__(cls, text)
        made.spans = spans
        return made

    def __getnewargs__(self) -> tuple[str, Spans]:  # type: ignore[override]  # str has no spans
        """Return what a copy is made of."""
        return str(self), self.spans


def secret_reference(path: str) -> SecretText:
    """Return the reference to the secret at a path, ``workflow.secrets.`` included."""
    text = f"${{{path}}}"
    return SecretText(text, ((0, len(text)),))


def joined(texts: Sequence[str]) -> str:
    """Return the texts as one, which has the references of all of them."""
    spans: list[tuple[int, int]] = []
    offset = 0
    for text in texts:
        if isinstance(text, SecretText):
            spans += ((start + offset, end + offset) for start, end in text.spans)
        offset += len(text)
    whole = "".join(texts)
    return SecretText(whole, tuple(spans)) if spans else whole


def written_secrets(template: JsonValue) -> Any:
    """Return ``template``, not evaluated, with the references that its texts write out.

    For the parts of a definition that are taken as they stand, never for data.
    """

    def with_spans(text: str) -> str:
        spans = _written_spans(text) if SECRETS_PREFIX in text else ()
        return SecretText(text, spans) if spans else text

    return _mapped(template, with_spans)


def as_template(template: JsonValue) -> Any:
    """Return a value as a template: evaluation makes references of its own references alone.

    For definitions that come out of an evaluation, and so may hold data.
    """

    def escaped(text: str) -> str:
        own = {start for start, _ in text.spans} if isinstance(text, SecretText) else ()
        return _OPENING.sub(lambda found: "$" if found.start() in own else "$$", text)

    return _mapped(template, escaped)


def reveal_secrets(value: JsonValue, resolve: Callable[[str], JsonValue]) -> JsonValue:
    """Return ``value`` with each reference replaced by what ``resolve`` returns for its path.

    For what is handed out, never for what is stored. ``None`` is nothing within other text.
    """

    def revealed(text: str) -> JsonValue:
        return _revealed(text, resolve) if isinstance(text, SecretText) else text

    handed_out: JsonValue = _mapped(value, revealed)
    return handed_out


def resolve_secret(path: str, secret: Secret) -> JsonValue:
    """Return the secret that a reference's path names, or None.

    A path may follow the name, also into a secret that is JSON text.
    """
    reference = path.strip().removeprefix(SECRETS_PREFIX).strip()
    name = _NAME.match(reference)
    if name is None or not name[0]:
        return None
    try:
        parsed = parse_path("secret" + reference[name.end() :])
    except ExpressionError:
        return None
    return parsed.find(_SecretScope(secret(name[0])), Budget())


def closing_braces(text: str) -> dict[int, int]:
    """Return the position of each brace's partner, found in one pass whatever the nesting."""
    partners: dict[int, int] = {}
    open_braces: list[int] = []
    for match in _BRACE.finditer(text):
        if match[0] == "{":
            open_braces.append(match.start())
        elif open_braces:
            partners[open_braces.pop()] = match.start()
    return partners


def secret_places(value: JsonValue) -> tuple[SecretPlace, ...]:
    """Return where the references of a JSON value are."""
    found: list[SecretPlace] = []
    pending: list[tuple[tuple[str | int, ...], JsonValue]] = [((), value)]
    while pending:
        path, item = pending.pop()
        if isinstance(item, SecretText):
            found.append((path, item.spans))
        elif isinstance(item, dict):
            pending.extend(((*path, key), each) for key, each in item.items())
        elif isinstance(item, list):
            pending.extend(((*path, index), each) for index, each in enumerate(item))
    return tuple(found)


def put_secrets(value: Any, places: Iterable[Any]) -> Any:
    """Return ``value``, changed in place, with the references that ``secret_places`` found.

    ``places`` may have been through JSON, like the value.
    """
    holder = [value]
    for path, spans in places:
        container, key = holder, 0
        for step in path:
            container, key = container[key], step
        container[key] = SecretText(container[key], tuple((start, end) for start, end in spans))
    return holder[0]


def _written_spans(text: str) -> Spans:
    closing = closing_braces(text)
    spans: list[tuple[int, int]] = []
    for match in _OPENING.finditer(text):
        end = closing.get(match.end())
        if end is not None and (not spans or match.start() >= spans[-1][1]):
            spans.append((match.start(), end + 1))
    return tuple(spans)


def _mapped(value: Any, change: Callable[[str], JsonValue]) -> Any:
    """Return a copy of a JSON value with its texts changed, but for keys of objects."""
    holder: list[Any] = [value]
    pending: list[tuple[Any, Any]] = [(holder, 0)]
    while pending:  # no recursion: values may be nested as deeply as the stack is
        container, key = pending.pop()
        match container[key]:
            case str() as text:
                container[key] = change(text)
            case dict() as mapping:
                copy = container[key] = dict(mapping)
                pending.extend((copy, name) for name in copy)
            case list() as items:
                copies = container[key] = list(items)
                pending.extend((copies, index) for index in range(len(copies)))
    return holder[0]


def _revealed(text: SecretText, resolve: Callable[[str], JsonValue]) -> JsonValue:
    if text.spans == ((0, len(text)),):
        return resolve(text[2:-1])
    parts: list[str] = []
    position = 0
    for start, end in text.spans:
        revealed = resolve(text[start + 2 : end - 1])
        parts += (text[position:start], "" if revealed is None else java_text(revealed))
        position = end
    return "".join([*parts, text[position:]])


@dataclass(frozen=True, slots=True)
class _SecretScope:
    """``Scope`` of the path below one secret, whose value may be JSON text."""

    value: JsonValue

    def find(self, name: str, path: Sequence[str | int]) -> JsonValue:
        """See ``Scope.find``."""
        return walk(self.document(name), path) if path else self.value

    def document(self, name: str) -> JsonValue:
        """See ``Scope.document``."""
        if not isinstance(self.value, str):
            return self.value
        try:
            document: JsonValue = json.loads(self.value)
        except (ValueError, RecursionError):
            return None
        return document
