"""Python code as a tree that knows its value, and how it is laid out."""

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any, Final, Protocol

LINE_LENGTH: Final = 100
_INDENT: Final = "    "


class Code(Protocol):
    """An expression of Python."""

    @property
    def value(self) -> Any:
        """What it evaluates to."""
        ...

    def flat(self) -> str:
        """Return it on one line."""
        ...

    def tall(self, indent: str, used: int) -> str:
        """Return it over several lines, if it can be broken; the first is ``used`` already."""
        ...


@dataclass(frozen=True, slots=True)
class Atom:
    """Something that is never broken: a name, an attribute, a number, an f-string."""

    text: str
    value: Any

    def flat(self) -> str:
        """See ``Code.flat``."""
        return self.text

    def tall(self, indent: str, used: int) -> str:
        """See ``Code.tall``."""
        return self.text


@dataclass(frozen=True, slots=True)
class Text:
    """A string."""

    value: str

    def flat(self) -> str:
        """See ``Code.flat``."""
        return quoted(self.value)

    def tall(self, indent: str, used: int) -> str:
        """See ``Code.tall``: a literal for each part, in parentheses."""
        inner = indent + _INDENT
        parts = _parts(self.value, LINE_LENGTH - len(inner) - 2)
        if len(parts) < 2:
            return self.flat()
        lines = "\n".join(inner + quoted(part) for part in parts)
        return f"(\n{lines}\n{indent})"


@dataclass(frozen=True, slots=True)
class Listing:
    """A list."""

    items: tuple[Code, ...]

    @property
    def value(self) -> list[Any]:
        """See ``Code.value``."""
        return [item.value for item in self.items]

    def flat(self) -> str:
        """See ``Code.flat``."""
        return f"[{', '.join(item.flat() for item in self.items)}]"

    def tall(self, indent: str, used: int) -> str:
        """See ``Code.tall``."""
        return _bracketed("[", "]", [("", item) for item in self.items], indent)


@dataclass(frozen=True, slots=True)
class Dictionary:
    """A dict with keys that are texts."""

    items: tuple[tuple[str, Code], ...]

    @property
    def value(self) -> dict[str, Any]:
        """See ``Code.value``."""
        return {key: item.value for key, item in self.items}

    def flat(self) -> str:
        """See ``Code.flat``."""
        return "{" + ", ".join(f"{quoted(key)}: {item.flat()}" for key, item in self.items) + "}"

    def tall(self, indent: str, used: int) -> str:
        """See ``Code.tall``."""
        return _bracketed("{", "}", [(f"{quoted(k)}: ", item) for k, item in self.items], indent)


@dataclass(frozen=True, slots=True)
class Call:
    """A call of a function by its name, or of a method of what ``on`` yields."""

    function: Callable[..., Any]
    args: tuple[Code, ...] = ()
    named: tuple[tuple[str, Code], ...] = ()
    on: Code | None = None

    @property
    def value(self) -> Any:
        """See ``Code.value``."""
        target = () if self.on is None else (self.on.value,)
        args = (arg.value for arg in self.args)
        return self.function(*target, *args, **{name: code.value for name, code in self.named})

    def flat(self) -> str:
        """See ``Code.flat``."""
        on = "" if self.on is None else f"{self.on.flat()}."
        args = [arg.flat() for arg in self.args] + [f"{n}={code.flat()}" for n, code in self.named]
        return f"{on}{self.function.__name__}({', '.join(args)})"

    @property
    def is_chain(self) -> bool:
        """Whether it calls a method of what a method yields."""
        return isinstance(self.on, Call) and self.on.on is not None

    def tall(self, indent: str, used: int) -> str:
        """See ``Code.tall``; in a chain each method has a line of its own."""
        return self._after(indent, used, self.is_chain)

    def _after(self, indent: str, used: int, in_chain: bool) -> str:
        name = self.function.__name__
        arguments = [("", arg) for arg in self.args] + [(f"{n}=", code) for n, code in self.named]
        if self.on is None:
            if in_chain:
                return _call(f"{name}(", arguments, indent, used)
            return _bracketed(f"{name}(", ")", arguments, indent)
        if in_chain and isinstance(self.on, Call):
            on = f"{self.on._after(indent, used, in_chain)}\n{indent}"
            return on + _call(f".{name}(", arguments, indent, len(indent))
        on = laid_out(self.on, indent, used, len(f".{name}("))
        last = on.rsplit("\n", 1)[-1]
        return on + _call(f".{name}(", arguments, indent, len(last) + (used if last == on else 0))


def statement(name: str, code: Code) -> str:
    """Return the statement that binds ``name``, on as many lines as it takes."""
    start = f"{name} = "
    if len(start) + len(code.flat()) <= LINE_LENGTH or not (
        isinstance(code, Call) and code.is_chain
    ):
        return start + laid_out(code, "", len(start), 0)
    return f"{start}(\n{_INDENT}{code.tall(_INDENT, len(_INDENT))}\n)"


def laid_out(code: Code, indent: str, used: int, after: int = 1) -> str:
    """Return code on one line if it fits there, else over several.

    Args:
        code: What to lay out.
        indent: What further lines begin with.
        used: Characters before it on its line.
        after: Characters that follow it on its last line.
    """
    flat = code.flat()
    return flat if used + len(flat) + after <= LINE_LENGTH else code.tall(indent, used)


def quoted(text: str) -> str:
    """Return a Python literal of ``text``, in the quotes that need fewer backslashes."""
    literal = repr(text)
    if literal[0] == "'" and '"' not in text:
        return f'"{literal[1:-1]}"'
    if literal[0] == "'" and literal.count("\\'") >= text.count('"'):
        inner = literal[1:-1].replace("\\'", "'").replace('"', '\\"')
        return f'"{inner}"'
    return literal


def _call(start: str, arguments: Sequence[tuple[str, Code]], indent: str, used: int) -> str:
    flat = f"{start}{', '.join(prefix + code.flat() for prefix, code in arguments)})"
    if used + len(flat) + 1 <= LINE_LENGTH:
        return flat
    return _bracketed(start, ")", arguments, indent)


def _bracketed(start: str, end: str, items: Sequence[tuple[str, Code]], indent: str) -> str:
    if not items:
        return start + end
    inner = indent + _INDENT
    lines = [
        f"{inner}{prefix}{laid_out(code, inner, len(inner) + len(prefix))},\n"
        for prefix, code in items
    ]
    return f"{start}\n{''.join(lines)}{indent}{end}"


def _parts(text: str, width: int) -> list[str]:
    """Return ``text`` cut after line feeds and spaces, so that literals are ``width`` long."""
    parts = [""]
    for word in re.findall(r"\S*\s|\S+", text):
        is_full = len(quoted(parts[-1] + word)) > width
        if parts[-1] and (is_full or parts[-1].endswith("\n")):
            parts.append("")
        parts[-1] += word
    return parts
