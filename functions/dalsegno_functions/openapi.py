"""The API's description, made from the declared routes: OpenAPI 3.1, and a page to browse it."""

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from functools import cache
from importlib.resources import files
from typing import Any, Final, Literal, TypeAlias, TypeVar

from pydantic import TypeAdapter

from dalsegno import __version__
from dalsegno.models import ErrorResponse, JsonObject, JsonValue
from dalsegno_functions.http.parameters import TEXT, Parameter, path
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

_VARIABLES: Final = {
    "correlationId": "The name of their own that workflows were started with.",
    "event": "Name of the event.",
    "eventHandlerName": "Name of the event handler.",
    "fileId": "Of the file.",
    "key": "Name of the value.",
    "name": "Of the definition, schedule or event handler.",
    "status": "COMPLETED or FAILED.",
    "taskId": "Of one attempt of a task.",
    "taskName": "Of the task definition.",
    "taskRefName": "Reference name of the task in its workflow.",
    "taskReferenceName": "Reference name of the task in its workflow.",
    "taskType": "Name of the task definition.",
    "tasktype": "Name of the task definition.",
    "uploadId": "Of an upload in parts.",
    "webhookId": "As the WAIT_FOR_WEBHOOK task names it.",
    "workflowId": "Of the execution.",
}


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
    definitions = shared.get("$defs", {})
    return schemas, {name: _leaving_out_nulls(each) for name, each in definitions.items()}


def _leaving_out_nulls(schema: Any) -> JsonObject:
    """Return the schema of a model with nothing required that may be null: it is left out then."""
    required = [
        name
        for name in schema.get("required", ())
        if {"type": "null"} not in schema["properties"][name].get("anyOf", ())
    ]
    return {**schema, "required": required} if "required" in schema else schema


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
                    "application/json": _content(
                        schemas[repr(ErrorResponse), "serialization"], ErrorResponse
                    )
                },
            },
        },
    }
    if route.body is not None:
        schema = schemas[repr(route.body.type), "validation"]
        content = _content(schema, route.body.type, route.body.example)
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
        else _parameter(path(name, TEXT, _VARIABLES.get(name, "")))
        for name in in_path
    ] + [shown for each in declared.values() for shown in (_parameter(each), *_headers(each))]


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


def _headers(parameter: Parameter[object]) -> list[JsonObject]:
    """Return the headers that carry the same value as a query parameter."""
    return [
        {
            "name": name,
            "in": "header",
            "required": False,
            "schema": {key: value for key, value in parameter.schema.items() if key != "default"},
            "description": f"As the query parameter {parameter.name}.",
        }
        for name in parameter.headers
    ]


def _success(route: Route[C], schemas: _Schemas) -> JsonObject:
    if route.returns is None:
        return {"description": "Done; no content."}
    content_type = "text/plain" if route.returns is str else "application/json"
    schema = schemas[repr(route.returns), "serialization"]
    content = _content(schema, route.returns, route.example)
    return {"description": "Done.", "content": {content_type: content}}


def _content(schema: JsonObject, kind: object, example: JsonValue = None) -> JsonObject:
    """Return the schema with the example: the one that is given, else that of the type."""
    from dalsegno_functions.examples import example_of  # its cost is for those who read it

    shown = example_of(kind) if example is None else example
    return {"schema": schema} if shown is None else {"schema": schema, "example": shown}
