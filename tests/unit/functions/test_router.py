"""The router: which handler gets a request, and what becomes of its failures."""

import json
import logging
from base64 import b64encode
from collections.abc import Callable
from typing import Any

import pytest

from dalsegno.errors import ConflictError, UnavailableError
from dalsegno.models import JsonObject, StartWorkflowRequest, TaskResultStatus
from dalsegno_functions.http.body import Body
from dalsegno_functions.http.event import MAX_BODY_BYTES, GatewayEvent
from dalsegno_functions.http.parameters import (
    FLAG,
    TEXT,
    Parameter,
    defaulted,
    optional,
    path,
    repeated,
    required,
    whole,
    word,
)
from dalsegno_functions.http.request import Request
from dalsegno_functions.http.response import Response, empty, no_content, text
from dalsegno_functions.http.response import json as json_response
from dalsegno_functions.http.router import Router
from dalsegno_functions.http.routes import Lane, Routes


def an_event(
    method: str, raw_path: str, query: str = "", body: str | None = None, *, base64: bool = False
) -> GatewayEvent:
    return {
        "rawPath": raw_path,
        "rawQueryString": query,
        "requestContext": {"http": {"method": method}},
        "body": body,
        "isBase64Encoded": base64,
    }


def a_router(*paths: str, lane: Lane = Lane.QUICK) -> Router[None]:
    """Return a router whose GET handlers answer with their own path and variables."""
    routes: Routes[None] = Routes("Test")
    for each in paths:

        def handle(request: Request, _: None, shown: str = each) -> Response:
            return json_response([shown, dict(request.path)])

        routes.get(each, "Tell the path", lane=lane)(handle)
    return Router(routes)


def a_router_answering(handle: Callable[[Request], object], method: str = "post") -> Router[None]:
    routes: Routes[None] = Routes("Test")

    def answer(request: Request, _: None) -> Response:
        found = handle(request)
        return found if isinstance(found, Response) else json_response(found)

    getattr(routes, method)("/it", "Answer")(answer)
    return Router(routes)


def content(response: Response) -> Any:
    return json.loads(response.body)


def matched(router: Router[None], raw_path: str) -> Any:
    return content(router.answer(an_event("GET", raw_path), None))


def test_literal_segment_beats_variable() -> None:
    router = a_router("/workflow/{id}", "/workflow/search")

    assert matched(router, "/workflow/search") == ["/workflow/search", {}]
    assert matched(router, "/workflow/w1") == ["/workflow/{id}", {"id": "w1"}]


def test_later_literal_beats_variable_at_the_same_place() -> None:
    router = a_router("/tasks/{workflow}/{ref}/{status}", "/tasks/{workflow}/{status}/signal")

    assert matched(router, "/tasks/w/DONE/signal")[0] == "/tasks/{workflow}/{status}/signal"
    assert matched(router, "/tasks/w/ref/DONE")[1] == {
        "workflow": "w",
        "ref": "ref",
        "status": "DONE",
    }


def test_literal_that_leads_nowhere_gives_way_to_variable() -> None:
    router = a_router("/workflow/running/{name}", "/workflow/{name}/correlated/{id}")

    assert matched(router, "/workflow/running/correlated/c1") == [
        "/workflow/{name}/correlated/{id}",
        {"name": "running", "id": "c1"},
    ]


def test_literal_without_the_method_gives_way_to_variable_with_it() -> None:
    routes: Routes[None] = Routes("Test")
    routes.get("/workflow/search", "Search")(lambda _request, _none: text("searched"))
    routes.post("/workflow/{name}", "Start")(lambda request, _none: text(request.path["name"]))

    answer = Router(routes).answer(an_event("POST", "/workflow/search"), None)

    assert answer.body == "search"


def test_segments_are_decoded_after_splitting() -> None:
    router = a_router("/taskdefs/{name}")

    assert matched(router, "/taskdefs/a%2Fb%3Ac%20%C3%A9%25")[1] == {"name": "a/b:c é%"}


def test_empty_segment_is_no_value() -> None:
    router = a_router("/tasks/{id}/log")

    assert router.answer(an_event("GET", "/tasks//log"), None).status == 404


def test_trailing_slash_is_ignored() -> None:
    assert matched(a_router("/queue"), "/queue/") == ["/queue", {}]


def test_two_routes_of_one_shape_are_refused() -> None:
    with pytest.raises(ValueError, match=r"two routes answer GET /a/\{y\}"):
        a_router("/a/{x}", "/a/{y}")


def test_unknown_path_is_answered_in_conductors_shape() -> None:
    answer = a_router("/a").answer(an_event("GET", "/b"), None)

    assert answer.status == 404
    assert answer.content_type == "application/json"
    assert content(answer) == {
        "status": 404,
        "message": "There is nothing at /b",
        "instance": content(answer)["instance"],
        "retryable": False,
    }


def test_wrong_method_is_told_the_right_ones() -> None:
    answer = a_router("/a").answer(an_event("DELETE", "/a"), None)

    assert answer.status == 405
    assert answer.headers["allow"] == "GET, HEAD, OPTIONS"
    assert content(answer)["status"] == 405


def test_options_are_the_methods() -> None:
    answer = a_router("/a").answer(an_event("OPTIONS", "/a"), None)

    assert (answer.status, answer.body) == (204, "")
    assert answer.headers["allow"] == "GET, HEAD, OPTIONS"


def test_head_is_get_without_content() -> None:
    router = a_router("/a")
    length = len(router.answer(an_event("GET", "/a"), None).body)

    reply = router.answer(an_event("HEAD", "/a"), None).to_event()

    assert (reply["statusCode"], reply["body"]) == (200, "")
    assert reply["headers"]["content-length"] == str(length)


def test_lane_is_the_routes() -> None:
    router = a_router("/poll/{type}", lane=Lane.POLL)

    found = router.route("GET", "/poll/x")

    assert found is not None
    assert found.lane is Lane.POLL
    assert router.route("GET", "/nothing") is None


def test_expected_failure_is_told_with_its_status() -> None:
    def fail(_request: Request) -> None:
        raise ConflictError("it exists")

    answer = a_router_answering(fail).answer(an_event("POST", "/it"), None)

    assert answer.status == 409
    assert content(answer)["message"] == "it exists"
    assert content(answer)["retryable"] is False


def test_failure_worth_a_retry_says_so() -> None:
    def fail(_request: Request) -> None:
        raise UnavailableError("later")

    answer = a_router_answering(fail).answer(an_event("POST", "/it"), None)

    assert (answer.status, content(answer)["retryable"]) == (503, True)


def test_unexpected_failure_is_logged_but_not_told(caplog: pytest.LogCaptureFixture) -> None:
    def fail(_request: Request) -> None:
        raise KeyError("secret detail")

    with caplog.at_level(logging.ERROR):
        answer = a_router_answering(fail).answer(an_event("POST", "/it"), None)

    assert answer.status == 500
    assert "secret" not in answer.body
    assert "secret detail" in caplog.text
    assert "POST /it" in caplog.text


@pytest.mark.parametrize("given", ["True", "true", "TRUE", "1", "yes", "on"])
def test_flags_are_read_in_any_case(given: str) -> None:
    assert read(defaulted("flag", FLAG, False), f"flag={given}") is True


@pytest.mark.parametrize("given", ["False", "false", "0", "no", "off"])
def test_flags_can_be_switched_off(given: str) -> None:
    assert read(defaulted("flag", FLAG, True), f"flag={given}") is False


@pytest.mark.parametrize(
    ("parameter", "query", "message"),
    [
        (optional("n", whole()), "n=x", "n: expected a whole number, got 'x'"),
        (optional("n", whole()), "n=1_0", "n: expected a whole number, got '1_0'"),
        (optional("n", whole()), "n=+-1", "n: expected a whole number, got ' -1'"),
        (optional("n", whole(0, 99)), "n=100", "n: expected a whole number from 0 to 99, got"),
        (optional("n", whole()), "n=" + "9" * 19, "n: expected a whole number from"),
        (optional("n", whole()), "n=" + "9" * 9999, "n: expected a whole number, got '999"),
        (defaulted("f", FLAG, False), "f=maybe", "f: expected true or false, got 'maybe'"),
        (required("t", TEXT), "t=", "query parameter t is required"),
        (required("t", TEXT), "", "query parameter t is required"),
        (repeated("t", TEXT, at_least=1), "", "query parameter t is required"),
        (
            optional("s", word(TaskResultStatus)),
            "s=completed",
            "s: expected one of IN_PROGRESS, FAILED",
        ),
    ],
)
def test_malformed_parameter_is_refused_by_name(
    parameter: Parameter[object], query: str, message: str
) -> None:
    router = a_router_answering(parameter.of, "get")

    answer = router.answer(an_event("GET", "/it", query), None)

    assert answer.status == 400
    assert content(answer)["message"].startswith(message)


def test_empty_value_means_not_given() -> None:
    assert read(optional("domain", TEXT), "domain=") is None
    assert read(defaulted("version", whole(), 1), "version=") == 1


def test_parameter_may_be_repeated() -> None:
    assert read(repeated("status", TEXT), "status=A&status=B&status=") == ["A", "B"]


def test_value_is_decoded() -> None:
    assert read(optional("query", TEXT), "query=a%20%3D+%27%C3%A9%27") == "a = 'é'"


def test_variable_of_the_path_may_be_a_number() -> None:
    routes: Routes[None] = Routes("Test")
    version = path("version", whole())
    routes.get("/def/{version}", "Get")(lambda request, _none: json_response(version.of(request)))

    assert Router(routes).answer(an_event("GET", "/def/7"), None).body == "7"
    assert Router(routes).answer(an_event("GET", "/def/seven"), None).status == 400


def read(parameter: Parameter[object], query: str) -> object:
    router = a_router_answering(parameter.of, "get")
    return content(router.answer(an_event("GET", "/it", query), None))


START = Body(StartWorkflowRequest)


def refused(body: str | None, *, base64: bool = False) -> Any:
    router = a_router_answering(lambda request: START.of(request))
    answer = router.answer(an_event("POST", "/it", body=body, base64=base64), None)
    assert answer.status == 400
    return content(answer)


@pytest.mark.parametrize("body", ['{"name": "x"', "nonsense", "{'a': 1}"])
def test_malformed_json_is_the_clients_fault(body: str) -> None:
    assert refused(body)["message"].startswith("the body cannot be read: Invalid JSON")


def test_missing_body_is_the_clients_fault() -> None:
    assert refused(None)["message"] == "the request needs a JSON body"


def test_bytes_that_are_no_text_are_the_clients_fault() -> None:
    body = b64encode(b'{"name": "\xff"}').decode()

    assert "Invalid JSON" in refused(body, base64=True)["message"]


@pytest.mark.parametrize(
    "body",
    ['{"name": "x", "input": ' + '{"a":' * 50_000, "[" * 100_000, '{"name":' + "[" * 50_000],
)
def test_deeply_nested_body_is_the_clients_fault(body: str) -> None:
    assert refused(body)["status"] == 400


def test_endless_recursion_is_answered() -> None:
    def recurse(request: Request) -> object:
        return recurse(request)

    assert a_router_answering(recurse).answer(an_event("POST", "/it"), None).status == 400


def test_wrong_fields_are_all_named() -> None:
    body = '{"name": "x", "priority": 100, "workflowDef": {"name": "d", "tasks": [{"type": {}}]}}'

    refusal = refused(body)

    assert refusal["message"] == "Validation failed, check below errors for detail."
    assert "instance" not in refusal
    paths = {each["path"]: each["message"] for each in refusal["validationErrors"]}
    assert paths["priority"] == "priority: 100 should be maximum 99"
    assert "workflowDef.tasks[0].type" in paths


def test_wrong_type_of_the_whole_body_is_told() -> None:
    assert refused("[1, 2]")["validationErrors"][0]["message"]


def test_body_in_base64_is_read() -> None:
    router = a_router_answering(lambda request: START.of(request).name)
    body = b64encode('{"name": "é"}'.encode()).decode()

    answer = router.answer(an_event("POST", "/it", body=body, base64=True), None)

    assert content(answer) == "é"


def test_body_above_the_limit_is_refused() -> None:
    router = a_router_answering(lambda request: request.text())
    body = "x" * (MAX_BODY_BYTES + 1)

    assert router.answer(an_event("POST", "/it", body=body), None).status == 413


def test_nulls_in_maps_survive_and_null_properties_do_not() -> None:
    router = a_router_answering(lambda request: START.of(request))
    body = '{"name": "x", "correlationId": null, "input": {"a": null}}'

    answer = router.answer(an_event("POST", "/it", body=body), None)

    assert content(answer)["input"] == {"a": None}
    assert "correlationId" not in content(answer)


def test_answer_may_mix_models_and_plain_values() -> None:
    item = StartWorkflowRequest(name="x")
    value: JsonObject = {'quote"d': [1, None, True]}

    found = json.loads(json_response({"models": [item], "plain": value}).body)

    assert found["models"][0]["name"] == "x"
    assert found["plain"] == value


def test_empty_success_says_it_is_empty() -> None:
    assert empty().to_event() == {
        "statusCode": 200,
        "headers": {"content-length": "0"},
        "body": "",
        "isBase64Encoded": False,
    }


def test_no_content_has_no_length() -> None:
    assert no_content().to_event()["headers"] == {}
