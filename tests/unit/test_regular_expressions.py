"""No regular expression of the tree takes longer than a time linear in the text it is fed.

Python's own engine goes back in the text, and holds the interpreter's lock while it does: one
request with the right text would stop the whole server. Every use of ``re`` is found in the syntax
trees of all packages; one that this test cannot attack must be named here with an example.
"""

import ast
import gc
import importlib
import re
import signal
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import FrameType

import pytest

from dalsegno.definitions import yaml_text
from dalsegno_state import redaction

ROOT = Path(__file__).parents[2]
PACKAGES = sorted(
    path.parent for path in ROOT.glob("*/dalsegno*/__init__.py") if ".venv" not in path.parts
)
_USES = {"compile", "match", "fullmatch", "search", "sub", "subn", "split", "findall", "finditer"}
_HARMLESS = {"escape", "error", "Pattern", "Match", "ASCII", "DOTALL", "IGNORECASE", "VERBOSE"}
_LENGTH = 20_000
# Of processor time. A linear match of the text takes a millisecond, one of quadratic time seconds.
_MAX_SECONDS = 0.4

# Patterns that are made of arguments: the module, the argument's source, and examples. Where an
# argument is a text from outside, the examples are of the worst that may come.
MADE_OF_ARGUMENTS: dict[tuple[str, str], list[str]] = {
    (
        "dalsegno.definitions.source.recognizing",
        "f\"\\\\$\\\\.{re.escape(ref)}\\\\['iteration'\\\\] < (\\\\d+)\"",
    ): [r"\$\.loop\['iteration'\] < (\d+)"],
    ("dalsegno_state.tasks.do_while", "re.escape(place.node.ref) + _READ_COUNT"): [
        re.escape(ref) + r"""['"]?\]?\s{0,9}(?:\.\s{0,9}iteration\b|\[\s{0,9}['"]iteration)"""
        for ref in ("loop", " ", "'", "  ")
    ],
    ("dalsegno_state.tasks.do_while", r"f'(?<![\\w$]){re.escape(name)}(?!\\w)'"): [
        rf"(?<![\w$]){re.escape(name)}(?!\w)" for name in ("loop", " ", "a" * 200, "'")
    ],
    ("dalsegno.cli.view.tree", "f'(?:{begins}){re.escape(suffix)}__([0-9]+)'"): [
        "(?:a|aa|aaa|loop)__1__([0-9]+)"
    ],
    ("dalsegno_state.redaction", "pattern"): [
        redaction._either(f"(?i:{form})" for form in redaction._patterns(secret))
        for secret in ("aaaa", "a b c d", "\\\\\\\\", "\n\n\n\n", "%25%25", "&&&&", "++//", '"""""')
    ],
    ("dalsegno.definitions.yaml_text", "f'(?:{pattern})\\\\Z'"): [
        rf"(?:{pattern})\Z" for _, pattern, _ in yaml_text._WORDS
    ],
}

# How patterns are applied that are handed to others; in every way, if they are not named here.
HANDED_ON = {
    "dalsegno.definitions.yaml_text": {"match"},  # as PyYAML's resolver does
    "dalsegno_state.redaction": {"sub"},
}


@dataclass(frozen=True)
class Use:
    """One call of ``re``: where, which function, and the source of its arguments."""

    module: str
    line: int
    function: str
    pattern: str
    flags: str
    name: str | None  # of the constant that a compiled pattern is assigned to

    def __str__(self) -> str:
        return f"{self.module}:{self.line}"


def _modules() -> Iterator[tuple[str, ast.Module]]:
    for package in PACKAGES:
        for path in sorted(package.rglob("*.py")):
            parts = path.relative_to(package.parent).with_suffix("").parts
            if "templates" in parts:  # of new projects; not imported
                continue
            yield ".".join(parts).removesuffix(".__init__"), ast.parse(path.read_text())


TREES = dict(_modules())


def _uses() -> Iterator[Use]:
    for module, tree in TREES.items():
        names = {
            id(node.value): ast.unparse(
                node.targets[0] if isinstance(node, ast.Assign) else node.target
            )
            for node in ast.walk(tree)
            if isinstance(node, ast.Assign | ast.AnnAssign) and node.value is not None
        }
        for node in ast.walk(tree):
            if isinstance(node, ast.Call) and _function_of(node) in _USES:
                flags = [k.value for k in node.keywords if k.arg == "flags"] + node.args[1:2]
                compiles = _function_of(node) == "compile"
                yield Use(
                    module,
                    node.lineno,
                    str(_function_of(node)),
                    ast.unparse(node.args[0]),
                    ast.unparse(flags[0]) if flags and (compiles or node.keywords) else "0",
                    names.get(id(node)) if compiles else None,
                )


def _function_of(node: ast.Call) -> str | None:
    func = node.func
    if isinstance(func, ast.Attribute) and ast.unparse(func.value) == "re":
        return func.attr
    return None


USES = list(_uses())


def _ways(use: Use) -> set[str]:
    """Return how a pattern is applied; in every way, if a compiled one is handed on."""
    if use.function != "compile":
        return {use.function}
    pattern = re.compile(rf"\b{re.escape(use.name or '?')}\.(\w+)")
    source = ast.unparse(TREES[use.module])
    ways = {way for way in pattern.findall(source) if way in _USES}
    return ways or HANDED_ON.get(use.module, {"match", "fullmatch", "search"})


def _patterns(use: Use) -> list[str | bytes] | None:
    """Return what a use compiles, or examples of it; None if that is not known."""
    examples = MADE_OF_ARGUMENTS.get((use.module, use.pattern))
    if examples is not None:
        return list(examples)
    namespace = dict(vars(importlib.import_module(use.module)))
    try:
        return [eval(use.pattern, namespace)]  # noqa: S307  # this project's own constants
    except NameError:
        return None


def _texts(pattern: str | bytes, flags: int) -> Iterator[str]:
    """Yield long texts made of what a pattern speaks of, with ends that it does not expect."""
    source = pattern if isinstance(pattern, str) else pattern.decode("latin-1")
    spoken = [char for char in dict.fromkeys(source) if char not in "()|?+*^"]
    words = re.findall(r"[A-Za-z]{2,}", source)
    classes = [" ", "a", "1", "_", "-", ".", "$", "{", "\\", "\\\\", "'a", "a.", "1 ", "__1", "-2d"]
    pumps = dict.fromkeys([*classes, *spoken, *words, *(f"{w} " for w in words)])
    starts = ["", *(w for w in words), "${", "'", "a", "arn:aws:iam::1:role/", "[", "$."]
    for pump in pumps:
        body = pump * (_LENGTH // len(pump))
        for start in dict.fromkeys(starts):
            yield f"{start}{body}\0"
        yield body


@contextmanager
def _limited(text: str) -> Iterator[None]:
    def over(_signal: int, _frame: FrameType | None) -> None:
        raise TimeoutError(f"too long over {text[:30]!r}…{text[-10:]!r}")

    gc.disable()  # on the heap of a long run, one collection takes as long as the limit
    before = signal.signal(signal.SIGVTALRM, over)
    signal.setitimer(signal.ITIMER_VIRTUAL, _MAX_SECONDS)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, before)
        gc.enable()


def attack(pattern: str | bytes, flags: int, ways: set[str]) -> None:
    """Raise TimeoutError if applying a pattern to some text takes longer than a linear time."""
    compiled = re.compile(pattern, flags)
    for text in _texts(pattern, flags):
        subject = text.encode("latin-1") if isinstance(pattern, bytes) else text
        for way in ways:
            with _limited(text):
                _apply(compiled, way, subject)


def _apply(compiled: "re.Pattern[str] | re.Pattern[bytes]", way: str, text: str | bytes) -> None:
    function: Callable[..., object] = getattr(compiled, way)
    if way in {"sub", "subn"}:
        function(text[:0], text)
    elif way == "finditer":
        list(compiled.finditer(text))  # type: ignore[type-var, arg-type]  # both str or both bytes
    else:
        function(text)


def test_re_is_used_by_its_name_only() -> None:
    for module, tree in TREES.items():
        for node in ast.walk(tree):
            if isinstance(node, ast.ImportFrom):
                assert node.module not in {"re", "regex"}, module
            if isinstance(node, ast.Import):
                assert not any(
                    n.name == "regex" or (n.name == "re" and n.asname) for n in node.names
                )
            if isinstance(node, ast.Attribute) and ast.unparse(node.value) == "re":
                assert node.attr in _USES | _HARMLESS, f"{module}: re.{node.attr}"


def test_uses_are_found() -> None:
    assert len(USES) > 40
    assert {"dalsegno", "dalsegno_state", "dalsegno_functions", "dalsegno_cdk"} <= {
        use.module.partition(".")[0] for use in USES
    }


@pytest.mark.parametrize("use", USES, ids=str)
def test_pattern_takes_linear_time(use: Use) -> None:
    patterns = _patterns(use)
    assert patterns is not None, f"{use}: name {use.pattern!r} in MADE_OF_ARGUMENTS, with examples"
    flags = int(eval(use.flags, {"re": re}))  # noqa: S307  # this project's own constants
    for pattern in patterns:
        attack(pattern, flags, _ways(use))


@pytest.mark.parametrize(
    ("pattern", "way"),
    [
        (r"\s*(?:(\d+)\s*d)?\s*(?:(\d+)\s*h)?\s*(?:(\d+)\s*m)?\s*", "fullmatch"),
        (r"(\$*)\$\{([^{}]*)\}", "finditer"),
        (r"(?:a|aa)+b", "match"),
        (r"(.+?)((?:__(?:0|[1-9][0-9]{0,8}))*)", "fullmatch"),
        (r".*-.*-.*x", "fullmatch"),
    ],
)
def test_slow_pattern_is_found(pattern: str, way: str) -> None:
    with pytest.raises(TimeoutError):
        attack(pattern, re.DOTALL, {way})
