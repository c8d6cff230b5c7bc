"""What Lambda's loop detection sees of a chain of workflow steps: nothing."""

import re
from collections.abc import Callable, Iterator
from functools import cached_property
from pathlib import Path
from typing import Any

import pytest

import dalsegno
import dalsegno_functions
import dalsegno_state
from dalsegno.errors import ConductorError
from dalsegno.trace_header import without_lineage
from dalsegno.workers.sqs import SqsQueues
from dalsegno_functions import lambda_worker
from dalsegno_state.aws.client import Clients
from tests.raw_server import Conversation, RawServer, answer, raw_server

botocore_session = pytest.importorskip("botocore.session", reason="the extra aws is absent")

TRACE = "Root=1-5759e988-bd862e3fe1be46a994272793;Parent=53995c3f42cd8ad8;Sampled=1"
HEADER = "X-Amzn-Trace-Id"

CALLS: dict[str, Callable[[Clients], object]] = {
    "dynamodb": lambda clients: clients.dynamodb.list_tables(),
    "sqs": lambda clients: clients.sqs.send_message(QueueUrl="http://q/1/q", MessageBody="x"),
    "s3": lambda clients: clients.s3.put_object(Bucket="bucket", Key="key", Body=b"x"),
    "scheduler": lambda clients: clients.scheduler.list_schedules(),
    "secrets_manager": lambda clients: clients.secrets_manager.list_secrets(),
    "ssm": lambda clients: clients.ssm.get_parameter(Name="x"),
    "sns": lambda clients: clients.sns.publish(TopicArn="arn:aws:sns:x:1:t", Message="x"),
    "events": lambda clients: clients.events.list_event_buses(),
    "lambda_": lambda clients: clients.lambda_.invoke(FunctionName="f"),
}


@pytest.fixture
def endpoint(monkeypatch: pytest.MonkeyPatch) -> Iterator[RawServer]:
    """Return a server that refuses every call, within a function that is in a chain."""

    def refuse(conversation: Conversation) -> None:
        conversation.send(answer("403 Forbidden", "Content-Type: application/json", body=b"{}"))

    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    monkeypatch.setenv("AWS_DEFAULT_REGION", "eu-west-1")
    monkeypatch.setenv("AWS_LAMBDA_FUNCTION_NAME", "evaluator")
    monkeypatch.setenv("_X_AMZN_TRACE_ID", f"{TRACE};Lineage=16:a87bd80c:1")
    with raw_server(refuse) as server:
        monkeypatch.setenv("AWS_ENDPOINT_URL", server.url)
        yield server


def _sent(server: RawServer) -> set[str | None]:
    assert server.seen
    return {each.header(HEADER.lower()) for each in server.seen}


def test_a_client_left_alone_hands_the_lineage_on(endpoint: RawServer) -> None:
    client = botocore_session.get_session().create_client("sqs", region_name="eu-west-1")

    with pytest.raises(client.exceptions.ClientError):
        client.list_queues()

    assert _sent(endpoint) == {f"{TRACE};Lineage=16:a87bd80c:1"}


@pytest.mark.parametrize("name", CALLS)
def test_the_engines_clients_hand_on_the_trace_without_the_lineage(
    endpoint: RawServer, name: str
) -> None:
    with pytest.raises(Exception, match=r"403|Forbidden|parse"):
        CALLS[name](Clients("eu-west-1"))

    assert _sent(endpoint) == {TRACE}


def test_no_client_of_the_engine_is_left_out_above() -> None:
    assert CALLS.keys() == {
        name for name, member in vars(Clients).items() if isinstance(member, cached_property)
    }


def test_workers_in_lambda_begin_a_new_lineage_with_their_results(endpoint: RawServer) -> None:
    with pytest.raises(ConductorError):
        SqsQueues(region="eu-west-1").url("charge")

    assert _sent(endpoint) == {TRACE}


def test_functions_of_users_are_invoked_with_a_new_lineage(
    endpoint: RawServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("DALSEGNO_WORKER_FUNCTION", "charge")

    with pytest.raises(Exception, match=r"403|Forbidden|parse"):
        lambda_worker._function.__wrapped__()(b"{}")

    assert _sent(endpoint) == {TRACE}


def test_every_client_begins_a_new_lineage() -> None:
    roots: list[Any] = [dalsegno, dalsegno_functions, dalsegno_state]
    files = [path for root in roots for path in Path(root.__file__).parent.rglob("*.py")]
    texts = {path: path.read_text() for path in files}
    making = {
        path for path, text in texts.items() if re.search(r"\.create_client\(|\.client\(", text)
    }

    assert {path.name for path in making} == {
        "client.py",
        "lambda_worker.py",
        "sqs.py",
        "deploy.py",
    }
    # Deploying is done by hand, never from within a function.
    in_functions = [path for path in making if path.name != "deploy.py"]
    assert all("begin_new_lineage(client)" in texts[path] for path in in_functions)


@pytest.mark.parametrize(
    ("header", "kept"),
    [
        (f"{TRACE};Lineage=1:a87bd80c:0", TRACE),
        (f"Lineage=25:a87bd80c:1|2:b1:3;{TRACE}", TRACE),
        (f"{TRACE}; lineage=1:a87bd80c:0", TRACE),
        (TRACE, TRACE),
        ("Lineage=1:a87bd80c:0", ""),
    ],
)
def test_only_the_lineage_is_dropped(header: str, kept: str) -> None:
    assert without_lineage(header) == kept
