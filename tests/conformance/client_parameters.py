"""What the generated code of Conductor's SDKs sends outside bodies: by route and place."""

import ast
import json
import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import conductor

from dalsegno_functions.api import OPERATIONS

_PYTHON = Path(conductor.__path__[0]) / "client"
_JAVASCRIPT = Path(__file__).parent / "javascript" / "parameters.json"
_TRANSPORT = {"accept", "content-type", "authorization"}  # read before any route is


@dataclass(frozen=True, order=True)
class Sent:
    """One parameter that a client sends with a route.

    Attributes:
        path: With ``{}`` for each of its variables, whose names differ between clients.
    """

    method: str
    path: str
    place: Literal["query", "header"]
    name: str


def of_python_sdk() -> set[Sent]:
    """Return what the installed Python SDK sends."""
    files = [*_PYTHON.glob("http/api/*.py"), *_PYTHON.glob("orkes/api/*.py")]
    return {
        sent
        for file in files
        for node in ast.walk(ast.parse(file.read_text()))
        if isinstance(node, ast.FunctionDef) and node.name.endswith("_with_http_info")
        for sent in _of_method(node)
    }


def of_javascript_description() -> set[Sent]:
    """Return what the description says from which the JavaScript SDK 4.0.0 is generated.

    The file lists the parameters of the operations that are served here.
    """
    return {
        Sent(method, anonymous(path), place, name)
        for route, places in json.loads(_JAVASCRIPT.read_text()).items()
        for method, path in [route.split(" ")]
        for place, names in places.items()
        for name in names
    }


def of_javascript_sdk(source_map: Path) -> set[Sent]:
    """Return the query parameters that the installed JavaScript SDK's own clients send."""
    bundle = json.loads(source_map.read_text())
    sources = dict(zip(bundle["sources"], bundle["sourcesContent"], strict=True))
    generated = next(text for name, text in sources.items() if name.endswith("/sdk.gen.ts"))
    operations = _operations(generated)
    return {
        Sent(*operations[called], "query", name)
        for source, text in sources.items()
        if text and "/open-api/" not in source
        for called, names in _queries(text)
        for name in names
        if called in operations
    }


def undeclared(sent: Iterable[Sent]) -> list[str]:
    """Return what clients send with a route of ours that does not declare it."""
    return [
        f"{each.method} {each.path}: {each.place} {each.name}"
        for each in sorted(sent)
        if (each.method, each.path) in ROUTES and not _is_declared(each)
    ]


def anonymous(path: str) -> str:
    """Return a path whose variables have no names."""
    return re.sub(r"\{\w+\}", "{}", path)


ROUTES = {(route.method, anonymous(route.path)): route for route in OPERATIONS}


def _is_declared(sent: Sent) -> bool:
    route = ROUTES[sent.method, sent.path]
    if sent.place == "query":
        names = {each.name for each in route.parameters if each.place == "query"}
        return route.takes_any_query or sent.name in names
    return sent.name in {name for each in route.parameters for name in each.headers}


def _of_method(method: ast.FunctionDef) -> Iterator[Sent]:
    route, found = None, []
    for node in ast.walk(method):
        match node:
            case ast.Call(
                func=ast.Attribute(value=ast.Name(id="query_params"), attr="append"),
                args=[ast.Tuple(elts=[ast.Constant(value=str(name)), _])],
            ):
                found.append(("query", name))
            case ast.Assign(
                targets=[
                    ast.Subscript(
                        value=ast.Name(id="header_params"), slice=ast.Constant(value=str(name))
                    )
                ]
            ):
                found.append(("header", name))
            case ast.Call(
                func=ast.Attribute(attr="call_api"),
                args=[ast.Constant(value=str(path)), ast.Constant(value=str(verb)), *_],
            ):
                route = (verb, f"/api{anonymous(path)}")
    for place, name in found if route else ():
        if name.lower() not in _TRANSPORT:
            yield Sent(*route, place, name)


def _operations(generated: str) -> dict[str, tuple[str, str]]:
    """Return the route of each generated method, by its name."""
    found = {}
    for name, body in re.findall(r"public static (\w+)<(.*?)\n    \}\n", generated, re.DOTALL):
        call = re.search(r"\.(get|post|put|delete|patch)<.*?url: '([^']+)'", body, re.DOTALL)
        if call:
            found[name] = (call[1].upper(), anonymous(call[2]))
    return found


def _queries(text: str) -> Iterator[tuple[str, list[str]]]:
    """Yield each call of a generated method that has a query, with the query's names."""
    for called, arguments in re.findall(r"\w+Resource\.(\w+)\(\{(.*?)\n\s*\}\)", text, re.DOTALL):
        query = re.search(r"query: \{(.*?)\}", arguments, re.DOTALL)
        if query:
            yield called, re.findall(r"(?:^|,)\s*(\w+)", query[1])
