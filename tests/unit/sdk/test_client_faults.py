"""Requests that fail on the way: which are made again, and what is told of the others."""

import asyncio
import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest

from dalsegno import errors
from dalsegno.client import AsyncDalsegno, Dalsegno, Retries, UnreadableAnswerError
from dalsegno.client import connection as connection_module
from dalsegno.errors import ConductorError, InvalidRequestError, UnavailableError
from dalsegno.models import TaskResult, TaskResultStatus
from tests.clients import QUICK_RETRIES, Client, a_client
from tests.misbehaving import (
    Answer,
    Behaviour,
    Drop,
    Garble,
    MisbehavingServer,
    Seen,
    Stall,
    misbehaving,
)

Ask = Callable[[Any], Any]

STATUS = '{"workflowId": "w", "status": "RUNNING"}'
HTML = {"Content-Type": "text/html"}
RESULT = TaskResult(workflow_instance_id="w", task_id="t", status=TaskResultStatus.COMPLETED)

NOT_REPEATABLE: dict[str, Ask] = {
    "poll": lambda c: c.tasks.poll("charge"),
    "log": lambda c: c.tasks.log("t", "line"),
    "signal": lambda c: c.execution("w").signal({}),
    "complete_task": lambda c: c.execution("w").complete_task("ask", {}),
    "send": lambda c: c.execution("w").send({}),
    "retry": lambda c: c.execution("w").retry(),
    "restart": lambda c: c.execution("w").restart(),
    "rerun": lambda c: c.execution("w").rerun(),
    "resume": lambda c: c.execution("w").resume(),
    "jump": lambda c: c.execution("w").jump("ask"),
    "remove": lambda c: c.execution("w").remove(),
    "bulk retry": lambda c: c.executions.retry(["w"]),
    "start once": lambda c: c.start("order", once=False),
    "start, fail if known": lambda c: c.start(
        "order", idempotency_key="k", idempotency_strategy="FAIL"
    ),
    "next schema version": lambda c: c.schemas.add_version(),
}
REPEATABLE: dict[str, tuple[Ask, str]] = {
    "status": (lambda c: c.execution("w").status(), STATUS),
    "pause": (lambda c: c.execution("w").pause(), ""),
    "terminate": (lambda c: c.execution("w").terminate("enough"), ""),
    "update": (lambda c: c.tasks.update(RESULT), "t"),
    "start": (lambda c: c.start("order"), "w"),
    "start with a key": (lambda c: c.start("order", idempotency_key="k"), "w"),
    "publish": (lambda c: c.events.publish("paid", {}), "e"),
}


@pytest.fixture
def server() -> Iterator[MisbehavingServer]:
    with misbehaving() as server:
        yield server


@pytest.fixture(params=["sync", "async"])
def client(request: pytest.FixtureRequest, server: MisbehavingServer) -> Iterator[Client]:
    with a_client(request.param, server.url, retries=QUICK_RETRIES) as client:
        yield client


@pytest.mark.parametrize("failure", [Drop(), Garble(), Answer(503), Answer(500)])
@pytest.mark.parametrize("ask", NOT_REPEATABLE.values(), ids=NOT_REPEATABLE)
def test_what_is_not_repeatable_is_asked_once(
    client: Client, server: MisbehavingServer, ask: Ask, failure: Behaviour
) -> None:
    server.will(failure)

    with pytest.raises(ConductorError):
        client(ask)

    assert len(server.seen) == 1


@pytest.mark.parametrize("failure", [Drop(), Garble(), Answer(502), Answer(500, "a gateway's")])
@pytest.mark.parametrize(("ask", "success"), REPEATABLE.values(), ids=REPEATABLE)
def test_what_is_repeatable_is_asked_until_it_is_answered(
    client: Client, server: MisbehavingServer, ask: Ask, success: str, failure: Behaviour
) -> None:
    server.will(failure, failure, Answer(200, success))

    client(ask)

    assert len(server.seen) == 3
    assert len({seen.body for seen in server.seen}) == 1, "a key of its own for each attempt"


def test_what_the_api_itself_failed_at_is_not_asked_again(
    client: Client, server: MisbehavingServer
) -> None:
    server.will(Answer(500, '{"status": 500, "message": "its log says why", "retryable": false}'))

    with pytest.raises(ConductorError, match="its log says why"):
        client(lambda c: c.execution("w").status())

    assert len(server.seen) == 1


@pytest.mark.parametrize("ask", [NOT_REPEATABLE["signal"], NOT_REPEATABLE["start once"]])
def test_what_was_refused_for_now_is_asked_again_when_the_server_says(
    client: Client, server: MisbehavingServer, ask: Ask
) -> None:
    server.will(Answer(429, "", {"Retry-After": "0"}), Answer(200, "w"))

    client(ask)

    assert len(server.seen) == 2


def test_attempts_come_to_an_end(client: Client, server: MisbehavingServer) -> None:
    server.will(Answer(503, '{"status": 503, "message": "busy"}'))

    with pytest.raises(UnavailableError, match="busy") as raised:
        client(lambda c: c.execution("w").status())

    assert len(server.seen) == QUICK_RETRIES.attempts
    assert raised.value.__notes__ == ["GET /workflow/w/status was answered 503"]


def test_lost_answer_tells_that_the_effect_is_unknown(
    client: Client, server: MisbehavingServer
) -> None:
    server.will(Drop())

    with pytest.raises(UnavailableError, match=server.url) as raised:
        client(lambda c: c.execution("w").signal())

    assert raised.value.__notes__ == [
        "POST /tasks/w/COMPLETED/signal may have had its effect or not"
    ]


@pytest.mark.parametrize("kind", ["sync", "async"])
def test_server_that_is_not_there_is_named(kind: str, server: MisbehavingServer) -> None:
    once = Retries(attempts=1)

    with (
        a_client(kind, "http://127.0.0.1:9", retries=once) as client,
        pytest.raises(UnavailableError, match=r"127\.0\.0\.1:9/api.*Is it running"),
    ):
        client(lambda c: c.service.version())


def test_timeout_says_what_timed_out(
    client: Client, server: MisbehavingServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(connection_module, "_ANSWER_SECONDS", 0.2)
    server.will(Stall())

    with pytest.raises(UnavailableError, match=r"gave no answer within 0\.2 seconds"):
        client(lambda c: c.execution("w").signal())

    assert len(server.seen) == 1


@pytest.mark.parametrize(
    ("status", "body", "kind", "words"),
    [
        (401, '{"status": 401, "message": "who?"}', errors.UnauthorizedError, "who?"),
        (403, '{"message": "Forbidden"}', errors.ForbiddenError, "Forbidden"),
        (403, '{"Message": "expired token"}', errors.ForbiddenError, "expired token"),
        (404, '{"status": 404, "message": "No such"}', errors.NotFoundError, "No such"),
        (405, "", errors.MethodNotAllowedError, "Method Not Allowed"),
        (409, '{"status": 409, "message": "ended"}', errors.ConflictError, "ended"),
        (413, "<h1>too large</h1>", errors.PayloadTooLargeError, "too large"),
        (418, "[1]", errors.InvalidRequestError, r"\[1\]"),
        (502, "<h1>Bad gateway</h1>", errors.UnavailableError, "Bad gateway"),
        (507, "\xff", errors.ConductorError, "ÿ"),
    ],
)
def test_refusal_is_raised_by_its_status_in_the_words_it_came_with(
    client: Client,
    server: MisbehavingServer,
    status: int,
    body: str,
    kind: type[ConductorError],
    words: str,
) -> None:
    server.will(Answer(status, body))

    with pytest.raises(kind, match=words) as raised:
        client(lambda c: c.execution("w").signal())

    assert type(raised.value) is kind


def test_violations_are_there_one_by_one(client: Client, server: MisbehavingServer) -> None:
    item = '{"path": "tasks[0].name", "message": "must not be empty", "invalidValue": ""}'
    server.will(Answer(400, f'{{"status": 400, "message": "no", "validationErrors": [{item}]}}'))

    with pytest.raises(InvalidRequestError, match="must not be empty") as raised:
        client(lambda c: c.execution("w").signal())

    assert [each.path for each in raised.value.validation_errors] == ["tasks[0].name"]


@pytest.mark.parametrize(
    ("ask", "answer"),
    [
        (lambda c: c.execution("w").status(), Answer(200, "<h1>Log in</h1>", HTML)),
        (lambda c: c.start("order"), Answer(200, "<h1>Log in</h1>", HTML)),
        (lambda c: c.execution("w").status(), Answer(200, "not JSON")),
        (lambda c: c.execution("w").status(), Answer(200, '{"status": "DANCING"}')),
    ],
)
def test_success_that_is_not_the_apis_is_told_from_a_result(
    client: Client, server: MisbehavingServer, ask: Ask, answer: Answer
) -> None:
    server.will(answer)

    with pytest.raises(UnreadableAnswerError, match="is not the API's"):
        client(ask)


def test_redirect_names_the_url_to_use(client: Client, server: MisbehavingServer) -> None:
    server.will(Answer(301, "", {"Location": "https://example.com/api/version"}))

    with pytest.raises(ConductorError, match=r"https://example\.com/api/version"):
        client(lambda c: c.service.version())


@pytest.mark.parametrize("name", ["", ".", ".."])
def test_name_that_would_change_the_path_is_refused_before_it_is_sent(
    client: Client, server: MisbehavingServer, name: str
) -> None:
    with pytest.raises(InvalidRequestError):
        client(lambda c: c.execution(name).get())

    assert server.seen == []


@pytest.mark.parametrize("input", [[1], "text", {"at": object()}])
def test_input_that_is_no_object_is_refused_before_it_is_sent(
    client: Client, server: MisbehavingServer, input: Any
) -> None:
    with pytest.raises(InvalidRequestError, match="input"):
        client(lambda c: c.start("order", input))

    assert server.seen == []


def test_parameters_go_as_aws_signs_them(client: Client, server: MisbehavingServer) -> None:
    server.will(Answer(200, '{"totalHits": 0, "results": []}'))

    client(lambda c: c.executions.search_page("workflowType = 'a+b' AND x IN (*)", size=1))

    query = "workflowType%20%3D%20%27a%2Bb%27%20AND%20x%20IN%20%28%2A%29"
    assert server.seen[0].path == (
        f"/api/workflow/search?query={query}&topLevelOnly=false&start=0&size=1"
    )


def test_pages_are_asked_for_one_by_one_as_they_are_needed(server: MisbehavingServer) -> None:
    def page(seen: Seen) -> Answer:
        start = int(seen.path.partition("start=")[2].partition("&")[0])
        ids = range(start, min(start + 2, 5))
        tasks = [{"taskType": "x", "taskId": str(n), "status": "COMPLETED"} for n in ids]
        return Answer(200, json.dumps({"totalHits": 5, "results": tasks}))

    server.chooses(page)

    with Dalsegno(server.url) as client:
        hits = client.execution("w").tasks()
        assert server.seen == []
        assert [next(hits).task_id for _ in range(2)] == ["0", "1"]
        assert len(server.seen) == 1
        assert [hit.task_id for hit in hits] == ["2", "3", "4"]
    assert len(server.seen) == 3


def test_connection_is_used_again(client: Client, server: MisbehavingServer) -> None:
    server.will(Answer(200, "1.0"))

    for _ in range(3):
        client(lambda c: c.service.version())

    assert len({seen.client_port for seen in server.seen}) == 1


def test_proxy_of_the_environment_is_used(
    server: MisbehavingServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("HTTP_PROXY", server.url)
    monkeypatch.setenv("NO_PROXY", "")
    server.will(Answer(200, "1.0"))

    with Dalsegno("http://dalsegno.test:8080") as client:
        client.service.version()

    assert server.seen[0].path == "http://dalsegno.test:8080/api/version"


@pytest.mark.parametrize("url", ["localhost:8080", "ftp://localhost", "dalsegno"])
def test_url_without_a_scheme_is_refused(url: str) -> None:
    with pytest.raises(ValueError, match="http://"):
        Dalsegno(url)


@pytest.mark.parametrize("url", ["http://h", "http://h/", "http://h/api", "http://h/api/"])
def test_url_is_taken_with_and_without_api(url: str) -> None:
    assert Dalsegno(url).url == "http://h/api"


def test_awaited_calls_may_be_made_at_once(server: MisbehavingServer) -> None:
    server.will(Answer(200, STATUS))

    async def ask_often() -> int:
        async with AsyncDalsegno(server.url) as client:
            tasks = [asyncio.create_task(client.execution("w").status()) for _ in range(50)]
            return len(await asyncio.gather(*tasks))

    assert asyncio.run(ask_often()) == 50


def test_delays_grow_up_to_the_longest_and_are_as_long_as_the_server_asks() -> None:
    retries = Retries(attempts=5, first_delay_seconds=1, longest_delay_seconds=3)

    for attempt, most in enumerate([1, 2, 3, 3], start=1):
        delays = [retries.delay_seconds(attempt) for _ in range(100)]
        assert all(delay is not None and 0 <= delay <= most for delay in delays)
    assert retries.delay_seconds(5) is None
    assert retries.delay_seconds(1, asked_for=2) == 2
    assert retries.delay_seconds(1, asked_for=60) == 3
