"""The API's description: whole, and with examples that are true."""

import subprocess
import sys
from collections.abc import Iterator
from typing import Any

import jsonschema_rs
import pytest
from pydantic import TypeAdapter

from dalsegno.models import ErrorResponse, JsonValue
from dalsegno_functions.api import OPERATIONS
from dalsegno_functions.examples import EXAMPLES, example_of
from dalsegno_functions.http.routes import Route
from dalsegno_functions.openapi import document
from dalsegno_state.engine import Engine

DOCUMENT = document(OPERATIONS)
COMPONENTS: Any = DOCUMENT["components"]


def named(route: Route[Engine]) -> str:
    return f"{route.method} {route.path}"


def operation(route: Route[Engine]) -> Any:
    paths: Any = DOCUMENT["paths"]
    return paths[route.path][route.method.lower()]


def json_contents(route: Route[Engine]) -> Iterator[tuple[str, Any]]:
    """Yield what is said of the JSON body and of each JSON answer."""
    described = operation(route)
    parts = {"body": described.get("requestBody", {}), **described["responses"]}
    for name, part in parts.items():
        content = part.get("content", {}).get("application/json")
        if content is not None:
            yield name, content


every_route = pytest.mark.parametrize("route", OPERATIONS, ids=named)


@every_route
def test_operation_says_what_it_does_reads_and_answers(route: Route[Engine]) -> None:
    described = operation(route)

    assert described["summary"]
    assert described["tags"] == [route.tag]
    assert route.returns is None or "content" in described["responses"][str(route.status)]
    silent = [each["name"] for each in described["parameters"] if not each.get("description")]
    assert not silent, (
        f"{named(route)}: no description of {silent}; give it where the parameter is declared,"
        " or for a variable of the path in openapi._VARIABLES"
    )


@every_route
def test_each_json_body_and_answer_has_an_example_that_fits_its_schema(
    route: Route[Engine],
) -> None:
    for name, content in json_contents(route):
        assert "example" in content, (
            f"{named(route)}: the {name} of type {content['schema']} has no example; add its model"
            " to dalsegno_functions/examples.py, or, if the type alone does not tell what it"
            " holds, give example= to the Body or the route"
        )
        schema = {**content["schema"], "components": COMPONENTS}
        faults = jsonschema_rs.Draft202012Validator(schema).iter_errors(content["example"])
        assert [f"{named(route)}, {name}: {fault.message}" for fault in faults] == []


@every_route
def test_example_of_a_body_is_read(route: Route[Engine]) -> None:
    if route.body is None:
        return

    example: Any = dict(json_contents(route))["body"].get("example")

    route.body.adapter.validate_python(example)


@pytest.mark.parametrize("kind", EXAMPLES, ids=repr)
def test_example_says_only_what_its_model_knows(kind: Any) -> None:
    adapter: TypeAdapter[Any] = TypeAdapter(kind)

    read = adapter.validate_python(EXAMPLES[kind])

    shown = adapter.dump_python(read, mode="json", by_alias=True, exclude_unset=True)
    assert _without(shown, EXAMPLES[kind]) == []


@pytest.mark.parametrize("kind", EXAMPLES, ids=repr)
def test_each_example_is_shown(kind: object) -> None:
    used = [example_of(ErrorResponse)]
    for route in OPERATIONS:
        used += [content.get("example") for _, content in json_contents(route)]

    assert any(EXAMPLES[kind] in (each, *_members(each)) for each in used)


def test_cold_start_does_not_load_the_examples() -> None:
    program = (
        "import sys, dalsegno_functions.api; print('dalsegno_functions.examples' in sys.modules)"
    )

    shown = subprocess.run([sys.executable, "-c", program], capture_output=True, check=True)

    assert shown.stdout.split() == [b"False"]


def _without(shown: JsonValue, example: JsonValue, at: str = "") -> list[str]:
    """Return where in the example something is that is not shown."""
    if isinstance(example, dict) and isinstance(shown, dict):
        return [
            fault
            for key, value in example.items()
            for fault in (
                _without(shown[key], value, f"{at}.{key}") if key in shown else [f"{at}.{key}"]
            )
        ]
    if isinstance(example, list) and isinstance(shown, list):
        pairs = enumerate(zip(shown, example, strict=True))
        return [fault for n, (a, b) in pairs for fault in _without(a, b, f"{at}[{n}]")]
    return [] if shown == example else [f"{at}: {shown}"]


def _members(example: JsonValue) -> list[JsonValue]:
    """Return what a list, or a page of a search, holds."""
    if isinstance(example, dict):
        results = example.get("results")
        return results if isinstance(results, list) else []
    return example if isinstance(example, list) else []
