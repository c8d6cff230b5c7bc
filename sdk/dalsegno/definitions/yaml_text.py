"""YAML as JSON sees it: what looks like a text is one, keys are texts, nothing is a date."""

import re
from collections.abc import Hashable, Iterator
from contextlib import contextmanager
from functools import cache
from typing import TYPE_CHECKING, Any, Final

from dalsegno.definitions.errors import InvalidDefinitionError, MissingExtraError, Problem
from dalsegno.models import JsonValue

if TYPE_CHECKING:
    import yaml

# YAML 1.2's words for what is no text; by those of 1.1 the case `yes` of a SWITCH is `true`. The
# characters are those they begin with.
_WORDS: Final = (
    ("null", r"~|null|Null|NULL|", "~nN"),
    ("bool", r"true|True|TRUE|false|False|FALSE", "tTfF"),
    ("int", r"[-+]?(?:0|[1-9][0-9]*)", "-+0123456789"),
    (
        "float",
        r"[-+]?(?:[0-9]+\.[0-9]*|\.[0-9]+|[0-9]+(?=[eE]))(?:[eE][-+]?[0-9]+)?",
        "-+.0123456789",
    ),
)

# Line breaks and marks that YAML would take for its own.
_NEEDS_ESCAPES: Final = re.compile("[\x00-\x08\x0b-\x1f\x7f-\x9f\u2028\u2029\ufeff]")


def parse_yaml(text: str) -> list[JsonValue]:
    """Return the documents in ``text``.

    Raises:
        InvalidDefinitionError: It is no YAML, or has what JSON has not.
        MissingExtraError: The extra ``cli`` is not installed.
    """
    with _understood():
        documents = _yaml().load_all(text, _loader())
        return [document for document in documents if document is not None]


def compose_yaml(text: str) -> "list[yaml.Node]":
    """Return the nodes of ``text``, which know their lines; raises as ``parse_yaml`` does."""
    with _understood():
        return list(_yaml().compose_all(text, _loader()))


def yaml_text(value: JsonValue) -> str:
    """Return ``value`` as YAML that readers of versions 1.1 and 1.2 understand alike.

    Raises:
        MissingExtraError: The extra ``cli`` is not installed.
    """
    text: str = _yaml().dump(
        value, Dumper=_dumper(), sort_keys=False, allow_unicode=True, width=100
    )
    return text


@contextmanager
def _understood() -> Iterator[None]:
    yaml = _yaml()
    try:
        yield
    except yaml.YAMLError as error:
        mark = getattr(error, "problem_mark", None)
        fault = f"it is no YAML of this kind: {getattr(error, 'problem', None) or error}"
        line = mark.line + 1 if mark else None
        raise InvalidDefinitionError("YAML", [Problem(fault, line=line)]) from error


def _yaml() -> Any:
    try:
        import yaml
    except ModuleNotFoundError as error:
        raise MissingExtraError("cli", "YAML") from error
    return yaml


@cache
def _loader() -> "type[yaml.SafeLoader]":
    import yaml

    class Loader(yaml.SafeLoader):
        """Reads what JSON can say."""

        def construct_mapping(self, node: Any, deep: bool = False) -> dict[Hashable, Any]:
            """Return an object; refuse keys that are there twice, or are no texts."""
            keys: set[str] = set()
            for key, _ in node.value:
                if not isinstance(key.value, str) or key.value in keys:
                    fault = "a key is no text, or there twice"
                    raise yaml.constructor.ConstructorError(None, None, fault, key.start_mark)
                keys.add(key.value)
            self.flatten_mapping(node)
            pairs = ((key.value, value) for key, value in node.value)
            return {key: self.construct_object(value, deep=True) for key, value in pairs}

    Loader.yaml_implicit_resolvers = {}
    _add_words(Loader)
    Loader.add_implicit_resolver("tag:yaml.org,2002:merge", re.compile(r"<<\Z"), ["<"])
    return Loader


@cache
def _dumper() -> "type[yaml.SafeDumper]":
    import yaml

    class Dumper(yaml.SafeDumper):
        """Writes every value where it stands, lists indented."""

        def ignore_aliases(self, data: object) -> bool:
            """Return that there are none."""
            return True

        def increase_indent(self, flow: bool = False, indentless: bool = False) -> Any:
            """See ``yaml.emitter.Emitter``."""
            return super().increase_indent(flow, False)

    def text(dumper: Any, value: str) -> Any:
        style = '"' if _NEEDS_ESCAPES.search(value) else "|" if "\n" in value else None
        return dumper.represent_scalar("tag:yaml.org,2002:str", value, style=style)

    Dumper.add_representer(str, text)
    _add_words(Dumper)
    return Dumper


def _add_words(resolver: Any) -> None:
    for name, pattern, first in _WORDS:
        tag = f"tag:yaml.org,2002:{name}"
        resolver.add_implicit_resolver(tag, re.compile(rf"(?:{pattern})\Z"), [*first, ""])
