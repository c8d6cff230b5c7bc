"""Values of definitions as code, their ``${...}`` as expressions."""

import keyword
import re
from collections.abc import Iterable, Mapping
from typing import Final

from dalsegno.definitions.expressions import Expression, env, input, item, secret, workflow
from dalsegno.definitions.source.code import Atom, Code, Dictionary, Listing, Text, quoted
from dalsegno.models import JsonValue

_EXPRESSION: Final = re.compile(r"\$\{([^{}]*)\}")
_NAMED: Final = re.compile(r"workflow\.(secrets|env)\.([\w-]+)(?=[.\[]|$)")
_ITEM: Final = re.compile(r"([\w-]+)\.output\.loopItem(?=[.\[]|$)")
_INPUT: Final = re.compile(r"workflow\.input(?=[.\[]|$)")
_WORKFLOW: Final = re.compile(r"workflow(?=\.)")
_STEP: Final = re.compile(r"\.([\w-]+)|\[(-?\d+)\]|\['([^'\\\[\]{}]+)'\]")


class Scope:
    """What code may name.

    Attributes:
        variables: The variable of each step that has one, by the step's reference name.
    """

    def __init__(self, loops: Iterable[str]) -> None:
        self.variables: dict[str, Atom] = {}
        self._loops = frozenset(loops)

    def code(self, value: JsonValue) -> Code:
        """Return code for a JSON value."""
        match value:
            case str():
                return self._text(value)
            case list():
                return Listing(tuple(self.code(each) for each in value))
            case dict():
                return self.dictionary(value)
            case _:
                return Atom(repr(value), value)

    def dictionary(self, values: Mapping[str, JsonValue]) -> Dictionary:
        """Return code for a JSON object."""
        return Dictionary(tuple((key, self.code(value)) for key, value in values.items()))

    def _text(self, text: str) -> Code:
        if "${" not in text or "$${" in text:
            return Text(text)
        code = self._whole(text) or self._formatted(text)
        return Text(text) if code is None or str(code.value) != text else code

    def _whole(self, text: str) -> Atom | None:
        match = _EXPRESSION.fullmatch(text)
        return self._path(match[1]) if match else None

    def _formatted(self, text: str) -> Atom | None:
        """Return an f-string, if every expression in ``text`` can stand in one."""
        code, value, position = "", "", 0
        for match in _EXPRESSION.finditer(text):
            inner = self._path(match[1])
            if inner is None or "\\" in inner.text or "'" in inner.text:
                return None
            before = text[position : match.start()]
            code += _in_braces(before) + "{" + inner.text.replace('"', "'") + "}"
            value += f"{before}{inner.value}"
            position = match.end()
        rest = text[position:]
        return Atom(f'f"{code}{_in_braces(rest)}"', value + rest)

    def _path(self, path: str) -> Atom | None:
        start = self._start(path)
        if start is None:
            return None
        atom, position = start
        text, value = atom.text, atom.value
        while position < len(path):
            match = _STEP.match(path, position)
            if match is None:
                return None
            key = int(match[2]) if match[2] is not None else match[1] or match[3]
            is_word = isinstance(key, str) and _is_attribute(key)
            text += f".{key}" if is_word else f"[{quoted(key) if isinstance(key, str) else key}]"
            value = value[key]
            position = match.end()
        return Atom(text, value)

    def _start(self, path: str) -> tuple[Atom, int] | None:
        if match := _NAMED.match(path):
            function = secret if match[1] == "secrets" else env
            return Atom(f'{function.__name__}("{match[2]}")', function(match[2])), match.end()
        if match := _INPUT.match(path):
            return Atom("input", input), match.end()
        if match := _WORKFLOW.match(path):
            return Atom("workflow", workflow), match.end()
        for ref, variable in self.variables.items():
            for attribute in ("output", "status"):
                start = f"{ref}.{attribute}"
                if path == start or path.startswith((f"{start}.", f"{start}[")):
                    return Atom(f"{variable.text}.{attribute}", Expression(start)), len(start)
        if (match := _ITEM.match(path)) and match[1] in self._loops:
            return Atom(f'item("{match[1]}")', item(match[1])), match.end()
        return None


def _is_attribute(key: str) -> bool:
    plain = key.isascii() and key.isidentifier() and not key.startswith("_")
    return plain and not keyword.iskeyword(key)


def _in_braces(text: str) -> str:
    """Return plain text as it stands in an f-string in double quotes."""
    literal = repr('"' + text)[2:-1]  # a double quote within makes the outer ones single
    escaped = literal.replace("\\'", "'").replace('"', '\\"')
    return escaped.replace("{", "{{").replace("}", "}}")
