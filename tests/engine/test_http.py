"""HTTP: call a web service."""

import json
from typing import Any, NoReturn

import pytest

from dalsegno.models import StartWorkflowRequest
from dalsegno_state.engine.effects.http import HttpCall
from dalsegno_state.engine.effects.work import Work
from dalsegno_state.http_content import json_or_text
from dalsegno_state.ports import HttpCallError, HttpReply, Message
from tests.engine.world import Definition, World, done, simple, system, task_of, trace

URL = "https://example.org/orders"


def a_call(**inputs: Any) -> Definition:
    return system("HTTP", "h", {"uri": URL, "method": "GET", **inputs})


def a_reply(body: Any = b"", status: int = 200, reason: str = "OK", **headers: str) -> HttpReply:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    shown = {name: [value] for name, value in headers.items()}
    return HttpReply(status_code=status, reason_phrase=reason, headers=shown, body=raw)


def answer(world: World, *replies: HttpReply | HttpCallError) -> None:
    world.http.replies[URL] = list(replies)


# -- what is asked ----------------------------------------------------------------------------


@pytest.mark.parametrize("nested", [True, False])
def test_request_is_what_the_input_says(world: World, nested: bool) -> None:
    answer(world, a_reply())
    request = {
        "uri": "${workflow.input.url}",
        "method": "post",
        "headers": {"X-Key": "k", "X-List": ["a", "b"], "X-Null": None},
        "body": {"n": "${workflow.input.n}"},
        "accept": ["text/plain", "application/json"],
        "contentType": "application/vnd.order+json",
        "connectionTimeOut": 1_000,
        "readTimeOut": 20_000,
    }

    world.run(
        system("HTTP", "h", {"http_request": request} if nested else request),
        inputs={"url": URL, "n": 7},
    )

    (call,) = world.http.calls
    assert call == {
        "method": "POST",
        "url": URL,
        "headers": {
            "X-Key": "k",
            "X-List": "a,b",
            "Content-Type": "application/vnd.order+json",
            "Accept": "text/plain, application/json",
        },
        "body": b'{"n":7}',
        "connect": 1.0,
        "read": 20.0,
        "exchange": 81.0,
        "confidential": frozenset(),
    }


def test_request_without_more_has_defaults(world: World) -> None:
    answer(world, a_reply())

    world.run(a_call())

    (call,) = world.http.calls
    assert call["headers"] == {"Accept": "application/json"}
    assert (call["body"], call["connect"], call["read"]) == (None, 3.0, 3.0)


def test_text_is_sent_as_it_is(world: World) -> None:
    answer(world, a_reply())

    world.run(a_call(method="PUT", body="a=1", contentType="text/plain"))

    assert world.http.calls[0]["body"] == b"a=1"


def test_secrets_are_put_in_for_the_call_only(world: World) -> None:
    world.ports.secrets.put_secret("TOKEN", "s3cret")
    answer(world, a_reply())

    workflow = world.run(a_call(headers={"Authorization": "Bearer ${workflow.secrets.TOKEN}"}))

    assert world.http.calls[0]["headers"]["Authorization"] == "Bearer s3cret"
    assert "s3cret" not in workflow.to_wire_json().decode()


@pytest.mark.parametrize(
    ("value", "sent"),
    [
        (True, "true"),
        (False, "false"),
        (5, "5"),
        (0, "0"),
        (1.5, "1.5"),
        (2**63, "9223372036854775808"),
        ({"a": True}, '{"a":true}'),
        (["a", True, 1], "a,true,1"),
        ([], ""),
        ("", ""),
    ],
)
def test_header_is_written_as_json_is(world: World, value: Any, sent: str) -> None:
    answer(world, a_reply())

    world.run(a_call(headers={"X": "${workflow.input.x}"}), inputs={"x": value})

    assert world.http.calls[0]["headers"]["X"] == sent


@pytest.mark.parametrize("name", ["Content-Type", "content-type", "CONTENT-TYPE", " Content-Type"])
def test_header_of_the_task_wins_whatever_its_case(world: World, name: str) -> None:
    answer(world, a_reply())

    headers = {name: "text/csv", name.upper().replace("CONTENT-TYPE", "ACCEPT"): "a/b"}
    world.run(a_call(method="POST", headers=headers, body="x"))

    assert world.http.calls[0]["headers"] == headers


@pytest.mark.parametrize(
    ("content_type", "sent"),
    [
        ("text/plain", "Zürich".encode()),
        ("text/plain; charset=ISO-8859-1", "Zürich".encode("latin-1")),
        ("text/plain; charset=no-such", "Zürich".encode()),
    ],
)
def test_text_is_sent_in_the_charset_that_it_names(
    world: World, content_type: str, sent: bytes
) -> None:
    answer(world, a_reply())

    world.run(a_call(method="PUT", body="Zürich", contentType=content_type))

    assert world.http.calls[0]["body"] == sent


@pytest.mark.parametrize("text", ["日本", "Ω"])
def test_text_that_its_charset_lacks_fails_the_task(world: World, text: str) -> None:
    call = a_call(method="PUT", body=text, contentType="text/plain; charset=ISO-8859-1")

    task = task_of(world.run(call), "h")

    assert task.status == "FAILED"
    assert "cannot be written in iso-8859-1" in str(task.reason_for_incompletion)


@pytest.mark.parametrize(
    ("value", "seconds"),
    [
        (None, 3),
        ("", 3),
        (0, 0),
        ("0", 0),
        (1500, 1.5),
        ("1500", 1.5),
        (" 1500 ", 1.5),
        (1500.0, 1.5),
        (10**17, 840),
        ("9" * 18, 840),
    ],
)
@pytest.mark.parametrize("name", ["readTimeOut", "connectionTimeOut"])
def test_timeout_is_a_number_or_the_text_of_one(
    world: World, name: str, value: Any, seconds: float
) -> None:
    answer(world, a_reply())

    world.run(a_call(**{name: "${workflow.input.t}"}), inputs={"t": value})

    (call,) = world.http.calls
    assert call["read" if name == "readTimeOut" else "connect"] == seconds
    total = min(3 + seconds + 60, 840) if seconds else 840
    assert call["exchange"] == total


@pytest.mark.parametrize(
    "value", ["²", "١٢", "1" * 5000, 10**30, -1, "-1", 1.5, "1.5", "1e3", "0x1", True, [], {}]
)
@pytest.mark.parametrize("name", ["readTimeOut", "connectionTimeOut"])
def test_timeout_that_is_no_number_fails_the_task(world: World, name: str, value: Any) -> None:
    task = task_of(world.run(a_call(**{name: value})), "h")

    assert task.status == "FAILED"
    assert f"{name} should be a whole number of milliseconds" in str(task.reason_for_incompletion)
    assert world.http.calls == []


def test_what_held_a_secret_is_marked_as_confidential(world: World) -> None:
    world.ports.secrets.put_secret("TOKEN", "s3cret")
    answer(world, a_reply())
    headers = {"X-Plain": "a", "X-Mine": "a ${workflow.secrets.TOKEN}", "X-List": ["b"]}

    world.run(a_call(method="POST", headers=headers, body={"a": ["${workflow.secrets.TOKEN}"]}))
    world.run(a_call(method="POST", headers={"X-Plain": "a"}, body={"a": 1}))

    marked = [call["confidential"] for call in world.http.calls]
    assert marked == [frozenset({"x-mine", "body"}), frozenset()]


@pytest.mark.parametrize(
    ("inputs", "reason"),
    [
        ({"uri": "${workflow.input.none}", "method": "GET"}, "Missing HTTP URI."),
        ({"uri": URL}, "No HTTP method specified"),
        ({"http_request": {}}, "Missing HTTP URI."),
    ],
)
def test_incomplete_request_fails_without_a_call(
    world: World, inputs: dict[str, Any], reason: str
) -> None:
    workflow = world.run(system("HTTP", "h", inputs))

    assert trace(workflow) == ["HTTP:h:FAILED"]
    assert reason in str(workflow.tasks[0].reason_for_incompletion)
    assert world.http.calls == []


# -- what is answered -------------------------------------------------------------------------


@pytest.mark.parametrize("status", [200, 201, 204, 299])
def test_success(world: World, status: int) -> None:
    answer(world, a_reply({"id": 5}, status, "Fine", ETag="x"))

    workflow = world.run(
        a_call(), simple("z", inputParameters={"id": "${h.output.response.body.id}"})
    )

    assert task_of(workflow, "h").output_data == {
        "response": {
            "statusCode": status,
            "reasonPhrase": "Fine",
            "headers": {"ETag": ["x"]},
            "body": {"id": 5},
        }
    }
    assert task_of(workflow, "z").input_data == {"id": 5}


@pytest.mark.parametrize(
    ("raw", "body"),
    [
        (b'{"a": [1, null]}', {"a": [1, None]}),
        (b"[1, 2]", [1, 2]),
        (b"7", 7.0),
        (b"true", "true"),
        (b'"text"', "text"),
        (b"<html/>", "<html/>"),
        (b"NaN", "NaN"),
        (b"[1e400]", "[1e400]"),
        (b"1" * 400, "1" * 400),
        (b"null", None),
        (b"", None),
        (b"\xff\xfe", "\ufffd\ufffd"),
    ],
)
def test_body_is_json_if_it_can_be(world: World, raw: bytes, body: Any) -> None:
    answer(world, a_reply(raw))

    workflow = world.run(a_call())

    response = task_of(workflow, "h").output_data["response"]
    assert isinstance(response, dict)
    assert (response["body"], type(response["body"])) == (body, type(body))


@pytest.mark.parametrize(
    ("content_type", "raw", "body"),
    [
        ("text/plain; charset=ISO-8859-1", "Zürich".encode("latin-1"), "Zürich"),
        ('text/plain; Charset="iso-8859-1"', "Zürich".encode("latin-1"), "Zürich"),
        ("application/json; charset=ISO-8859-1", '{"c": "ü"}'.encode("latin-1"), {"c": "ü"}),
        ("application/json; charset=utf-16", '{"c": "ü"}'.encode("utf-16"), {"c": "ü"}),
        ("application/json", '{"c": "ü"}'.encode("utf-16"), {"c": "ü"}),
        ("application/json", '{"c": "ü"}'.encode("utf-8-sig"), {"c": "ü"}),
        ("application/json; charset=UTF-8", '{"c": "ü"}'.encode("utf-8-sig"), {"c": "ü"}),
        ("application/xml; charset=windows-1251", "<Да/>".encode("cp1251"), "<Да/>"),
        ("text/html; charset=Shift_JIS", "日本".encode("shift_jis"), "日本"),
        ("text/plain", "Zürich".encode("latin-1"), "Zürich"),
        ("text/plain", "Zürich".encode(), "Zürich"),
        ("text/plain; charset=no-such", "Zürich".encode(), "Zürich"),
        ("text/plain; charset=punycode", b"abc-" * 3, "abc-" * 3),
        ("text/plain; charset=rot13", b"abc", "abc"),
        ("application/octet-stream", b"\xfc", "\ufffd"),
    ],
)
def test_body_is_read_in_the_charset_that_it_names(
    world: World, content_type: str, raw: bytes, body: Any
) -> None:
    answer(world, a_reply(raw, **{"CONTENT-type": content_type}))

    response = task_of(world.run(a_call()), "h").output_data["response"]

    assert isinstance(response, dict)
    assert response["body"] == body


def test_reason_is_in_the_charset_of_the_answer(world: World) -> None:
    kind = {"Content-Type": "text/plain; charset=ISO-8859-1"}
    answer(world, a_reply("größer".encode("latin-1"), 400, "Bad", **kind))

    reason = task_of(world.run(a_call()), "h").reason_for_incompletion

    assert str(reason).endswith("400 Bad: größer")


@pytest.mark.parametrize("status", [199, 301, 404, 500])
def test_any_other_status_is_a_failure_that_shows_it(world: World, status: int) -> None:
    answer(world, a_reply({"why": "no wood"}, status, "Sorry"))

    workflow = world.run(a_call())

    task = task_of(workflow, "h")
    assert task.status == "FAILED"
    reason = f'Failed to invoke HTTP task due to: {status} Sorry: {{"why": "no wood"}}'
    assert task.reason_for_incompletion == reason
    response = task.output_data["response"]
    assert isinstance(response, dict)
    assert (response["statusCode"], response["body"]) == (status, {"why": "no wood"})
    assert workflow.status == "FAILED"


def test_no_answer_is_a_failure(world: World) -> None:
    answer(world, HttpCallError("connection refused"))

    task = task_of(world.run(a_call()), "h")

    assert (task.status, task.output_data) == ("FAILED", {"response": "connection refused"})
    assert task.reason_for_incompletion == "Failed to invoke HTTP task due to: connection refused"


# -- more than one try ------------------------------------------------------------------------


def test_failure_is_not_retried_without_a_definition(world: World) -> None:
    answer(world, a_reply(status=503, reason="Busy"), a_reply())

    assert trace(world.run(a_call())) == ["HTTP:h:FAILED"]


def test_failure_is_retried_as_the_definition_says(world: World) -> None:
    world.define("h", retryCount=2, retryDelaySeconds=30)
    answer(world, a_reply(status=503, reason="Busy"), a_reply({"ok": 1}))
    world.register(a_call())
    w = world.start()
    assert world.trace(w) == ["HTTP:h:FAILED", "HTTP:h:SCHEDULED"]

    world.advance(30)

    assert world.trace(w) == ["HTTP:h:FAILED", "HTTP:h:COMPLETED"]


def test_repeated_message_makes_no_second_call(world: World) -> None:
    answer(world, a_reply())
    workflow = world.run(a_call())

    world.ports.queues.send([Message(queue="HTTP", body=workflow.tasks[0].task_id)])
    world.pump()

    assert len(world.http.calls) == 1


def test_call_whose_maker_died_is_made_again(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    answer(world, a_reply({"ok": 1}))
    world.register(a_call())
    w = _start_with_a_worker_that_dies(world, monkeypatch)

    world.pump()
    assert world.trace(w) == ["HTTP:h:IN_PROGRESS"]

    world.advance(60)
    world.advance(60)
    assert world.trace(w) == ["HTTP:h:COMPLETED"]
    assert len(world.http.calls) == 1


def test_response_timeout_ends_a_call(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    world.define("h", retryCount=0, responseTimeoutSeconds=5)
    answer(world, a_reply())
    world.register(a_call(readTimeOut=60_000))
    w = _start_with_a_worker_that_dies(world, monkeypatch)

    world.advance(5)

    assert world.trace(w) == ["HTTP:h:TIMED_OUT"]


def _start_with_a_worker_that_dies(world: World, monkeypatch: pytest.MonkeyPatch) -> str:
    """Start the workflow; the system worker that takes its call dies before it makes it."""

    def die(_effect: HttpCall, _work: Work) -> NoReturn:
        raise KeyboardInterrupt

    w = world.engine.executions.start(StartWorkflowRequest(name="flow"))
    with monkeypatch.context() as dying:
        dying.setattr(HttpCall, "perform", die)
        with pytest.raises(KeyboardInterrupt):
            world.pump()
    return w


def test_rate_of_a_definition_holds_for_calls(world: World) -> None:
    world.define("h", rateLimitPerFrequency=1, rateLimitFrequencyInSeconds=10)
    answer(world, a_reply())
    world.register(a_call())
    first, second = world.start(), world.start()
    assert len(world.http.calls) == 1

    world.advance(10)

    assert len(world.http.calls) == 2
    assert {world.workflow(w).status for w in (first, second)} == {"COMPLETED"}


# -- completed from outside -------------------------------------------------------------------


@pytest.mark.parametrize("by_input", [True, False])
def test_async_call_is_completed_from_outside(world: World, by_input: bool) -> None:
    answer(world, a_reply({"accepted": True}))
    call = a_call(asyncComplete=True) if by_input else {**a_call(), "asyncComplete": True}
    world.register(call, simple("z"))

    w = world.start()
    task = world.task(w, "h")
    assert task.status == "IN_PROGRESS"
    assert "accepted" in str(task.output_data)

    world.tell(w, "h", done(result=1))
    assert world.task(w, "h").output_data["result"] == 1
    assert world.trace(w) == ["HTTP:h:COMPLETED", "z:z:SCHEDULED"]


def test_async_call_fails_if_the_call_does(world: World) -> None:
    answer(world, a_reply(status=500, reason="Oops"))

    assert trace(world.run({**a_call(), "asyncComplete": True})) == ["HTTP:h:FAILED"]


@pytest.mark.parametrize("nested", [True, False])
def test_async_call_that_was_answered_is_not_made_again(world: World, nested: bool) -> None:
    answer(world, a_reply({"accepted": True}))
    request = {"uri": URL, "method": "GET"}
    inputs: dict[str, Any] = {"http_request": request} if nested else request
    world.register(system("HTTP", "h", {**inputs, "asyncComplete": True}))
    w = world.start()

    world.ports.queues.send([Message(queue="HTTP", body=world.task(w, "h").task_id)])
    for _ in range(20):
        world.advance(60)

    assert len(world.http.calls) == 1
    assert world.trace(w) == ["HTTP:h:IN_PROGRESS"]


def test_async_call_has_no_response_timeout(world: World) -> None:
    world.define("h", retryCount=0, responseTimeoutSeconds=10)
    answer(world, a_reply())
    world.register({**a_call(), "asyncComplete": True})
    w = world.start()

    world.advance(3_600)

    assert world.trace(w) == ["HTTP:h:IN_PROGRESS"]


def test_large_numbers_and_half_characters_of_an_answer_are_read() -> None:
    assert json_or_text(b"9007199254740993") == 9007199254740993
    assert json_or_text(b"7") == 7.0
    assert json_or_text(rb'{"a": "cut \ud83d"}') == {"a": "cut \N{REPLACEMENT CHARACTER}"}
