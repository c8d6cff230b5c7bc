"""The API's description, made from the declared routes: OpenAPI 3.1, and a page to browse it."""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from functools import cache
from importlib.resources import files
from typing import Any, Final, Literal, TypeAlias, TypeVar

from pydantic import TypeAdapter

from dalsegno import __version__
from dalsegno.models import ErrorResponse, JsonObject
from dalsegno_functions.http.parameters import Parameter
from dalsegno_functions.http.response import JSON as JSON_TYPE
from dalsegno_functions.http.response import Response, encode, html, redirect
from dalsegno_functions.http.routes import Route, Routes

C = TypeVar("C")

_Direction: TypeAlias = Literal["validation", "serialization"]
_Schemas: TypeAlias = dict[tuple[str, _Direction], JsonObject]

_DESCRIPTION: Final = (
    "Durable workflow execution. The API is Conductor's: its official SDKs work against it "
    "unchanged. Times are epoch milliseconds. Every failure is answered by an ErrorResponse."
)


def routes(documented: Sequence[Route[C]]) -> Routes[C]:
    """Return the routes that serve the description of others."""
    described: Routes[C] = Routes("Documentation")

    @cache
    def description() -> Response:
        return Response(200, JSON_TYPE, encode(document(documented)).decode())

    @described.get("/api-docs", "Describe the API", returns=dict[str, Any])
    def api_docs(_request: object, _context: C) -> Response:
        return description()

    @described.get("/docs", "Browse the API", returns=str)
    def docs(_request: object, _context: C) -> Response:
        return html(_page())

    @described.get("/", "Browse the API")
    def root(_request: object, _context: C) -> Response:
        return redirect("/docs")

    return described


def document(documented: Sequence[Route[C]]) -> JsonObject:
    """Return the OpenAPI document of the routes."""
    schemas, definitions = _schemas(documented)
    names = _operation_ids(documented)
    paths: dict[str, Any] = {}
    for route, name in zip(documented, names, strict=True):
        operations = paths.setdefault(route.path, {})
        operations[route.method.lower()] = _operation(route, name, schemas)
    return {
        "openapi": "3.1.0",
        "info": {"title": "Dalsegno", "version": __version__, "description": _DESCRIPTION},
        "tags": [{"name": tag} for tag in dict.fromkeys(route.tag for route in documented)],
        "paths": paths,
        "components": {"schemas": definitions},
    }


@cache
def _page() -> str:
    return files("dalsegno_functions").joinpath("docs.html").read_text(encoding="utf-8")


def _schemas(documented: Iterable[Route[C]]) -> tuple[_Schemas, JsonObject]:
    """Return the schema of each type that is read or answered, and what these refer to."""
    adapters: dict[tuple[str, _Direction], TypeAdapter[Any]] = {
        (repr(ErrorResponse), "serialization"): TypeAdapter(ErrorResponse)
    }
    for route in documented:
        if route.body is not None:
            adapters[repr(route.body.type), "validation"] = route.body.adapter
        if route.returns is not None:
            adapters[repr(route.returns), "serialization"] = TypeAdapter(route.returns)
    schemas, shared = TypeAdapter.json_schemas(
        [(name, direction, adapter) for (name, direction), adapter in adapters.items()],
        ref_template="#/components/schemas/{model}",
    )
    return schemas, shared.get("$defs", {})


def _operation_ids(documented: Sequence[Route[C]]) -> list[str]:
    seen: Counter[str] = Counter()
    ids = []
    for route in documented:
        name = f"{route.tag.replace(' ', '')}_{route.handle.__name__}"
        seen[name] += 1
        ids.append(name if seen[name] == 1 else f"{name}_{seen[name]}")
    return ids


def _operation(route: Route[C], name: str, schemas: _Schemas) -> JsonObject:
    operation: JsonObject = {
        "operationId": name,
        "tags": [route.tag],
        "summary": route.summary,
        "parameters": _parameters(route),
        "responses": {
            str(route.status): _success(route, schemas),
            **({"204": {"description": route.or_nothing}} if route.or_nothing else {}),
            "default": {
                "description": "What went wrong.",
                "content": {
                    "application/json": {"schema": schemas[repr(ErrorResponse), "serialization"]}
                },
            },
        },
    }
    if route.body is not None:
        content: JsonObject = {"schema": schemas[repr(route.body.type), "validation"]}
        if route.body.example is not None:
            content["example"] = route.body.example
        operation["requestBody"] = {
            "required": route.body.default is None,
            "content": {"application/json": content},
        }
    elif route.text_body:
        operation["requestBody"] = {
            "description": route.text_body,
            "content": {"text/plain": {"schema": {"type": "string"}}},
        }
    return operation


def _parameters(route: Route[C]) -> list[Any]:
    declared = {(each.place, each.name): each for each in route.parameters}
    in_path = re.findall(r"\{(\w+)\}", route.path)
    return [
        _parameter(declared.pop(("path", name)))
        if ("path", name) in declared
        else {"name": name, "in": "path", "required": True, "schema": {"type": "string"}}
        for name in in_path
    ] + [_parameter(each) for each in declared.values()]


def _parameter(parameter: Parameter[object]) -> JsonObject:
    shown: JsonObject = {
        "name": parameter.name,
        "in": parameter.place,
        "required": parameter.required,
        "schema": parameter.schema,
    }
    if parameter.description:
        shown["description"] = parameter.description
    return shown


def _success(route: Route[C], schemas: _Schemas) -> JsonObject:
    if route.returns is None:
        return {"description": "Done; no content."}
    content_type = "text/plain" if route.returns is str else "application/json"
    schema = schemas[repr(route.returns), "serialization"]
    return {"description": "Done.", "content": {content_type: {"schema": schema}}}
