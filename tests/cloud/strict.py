"""The strict cloud in this process: what AWS would refuse never gets as far as the emulator."""

import json
import os
import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache
from typing import Any, Final, TypeAlias
from unittest.mock import patch
from urllib.parse import unquote

from botocore.awsrequest import AWSResponse
from botocore.client import BaseClient
from moto.core.botocore_stubber import MockRawResponse
from moto.core.models import botocore_stubber

from dalsegno_state.aws import AwsSettings
from tests.cloud.accesses import Access, Sent, accesses
from tests.cloud.judge import ANY, Judge
from tests.cloud.limits import breach
from tests.cloud.refusals import Refusal, access_denied, invalid
from tests.cloud.template import STAGE, CloudTemplate, Function, synthesized

Lineage: TypeAlias = dict[str, int]

LONGEST_CHAIN: Final = 16
"""How many invocations of one function Lambda lets a chain have; see invocation-recursion."""

_REFUSED: Final = 300
_NOT_FOUND: Final = 404
_TRACE: Final = "_X_AMZN_TRACE_ID"
_SERVICES: Final = {"secrets-manager": "secretsmanager", "eventbridge": "events"}


@dataclass
class StrictCloud:
    """Stands before moto, in the clients of one place.

    Attributes:
        judge: Has the rights of that place's functions.
        acting: The function whose code runs now.
        lineages: How often the chain of a message has come through each function, by message id.
        dropped: Functions whose next invocation in a chain was refused, once for each refusal.
    """

    judge: Judge
    acting: str = ANY
    lineages: dict[str, Lineage] = field(default_factory=dict)
    dropped: list[str] = field(default_factory=list)

    @contextmanager
    def running(self, function: str) -> Iterator[None]:
        """Have what follows done by a function, invoked from outside of AWS."""
        before, self.acting = self.acting, function
        invoked = {"AWS_LAMBDA_FUNCTION_NAME": function, _TRACE: _trace({function: 1})}
        try:
            with patch.dict(os.environ, invoked):
                yield
        finally:
            self.acting = before

    def carry(
        self, event_name: str, request: Any, deliver: Callable[[], AWSResponse]
    ) -> AWSResponse:
        """Return the answer to a request; one that is refused is never delivered."""
        refusal = self.refusal(event_name, request)
        if refusal is not None:
            return refusal
        answer = deliver()
        if answer.status_code >= _REFUSED and answer.status_code != _NOT_FOUND:
            return answer
        match event_name.rpartition(".")[2]:
            case "SendMessage" | "SendMessageBatch":
                self._send(request, answer)
            case "ReceiveMessage":
                return self._receive(answer)
            case "GetObject" | "HeadObject" if answer.status_code == _NOT_FOUND:
                return self._absent(sent_by(event_name, request), answer)
        return answer

    def _absent(self, sent: Sent, answer: AWSResponse) -> AWSResponse:
        """Refuse to say that an object is absent to a function that may not list its bucket."""
        bucket = accesses(sent)[0].resource.partition("/")[0]
        listing = Access("s3:ListBucket", bucket)
        if self.judge.allows(self.acting, listing):
            return answer
        self.judge.denied[f"{self.acting} may not learn of an absent object: {listing}"] = listing
        return _answer(sent, access_denied(sent.service, "an object that may not be there"))

    def _send(self, request: Any, answer: AWSResponse) -> None:
        """Hand the lineage of the sender on to its messages, as SQS does."""
        lineage = _lineage(str(request.headers.get("X-Amzn-Trace-Id", "")))
        sent = json.loads(answer.content)
        for entry in sent.get("Successful", [sent]):
            self.lineages[entry["MessageId"]] = lineage

    def _receive(self, answer: AWSResponse) -> AWSResponse:
        """Let messages invoke the function, unless their chain has come through it too often.

        Messages that are refused come again when their visibility ends, and are refused again.
        """
        function = self.judge.functions.get(self.acting)
        messages = json.loads(answer.content).get("Messages", [])
        if function is None or not messages:
            return answer
        # Nothing is said about batches: assume the longest chain of theirs.
        lineage = max(
            (self.lineages.get(message["MessageId"], {}) for message in messages),
            key=lambda each: each.get(self.acting, 0),
        )
        count = lineage.get(self.acting, 0) + 1
        os.environ[_TRACE] = _trace({**lineage, self.acting: count})
        if count > LONGEST_CHAIN and not function.may_recur:
            self.dropped.append(self.acting)
            return AWSResponse(answer.url, 200, {}, MockRawResponse(b"{}"))
        return answer

    def watch(self, client: BaseClient) -> None:
        """Judge all requests of a client; answers are looked at where they are moto's."""

        def judged(event_name: str, request: Any, **_context: object) -> AWSResponse | None:
            if ".amazonaws.com" not in request.url:
                return self.refusal(event_name, request)
            return self.carry(event_name, request, lambda: botocore_stubber(event_name, request))

        client.meta.events.unregister("before-send", botocore_stubber)
        client.meta.events.register_first("before-send", judged)

    def refusal(self, event_name: str, request: Any, **_context: object) -> AWSResponse | None:
        """Return the answer of AWS to a request that it refuses."""
        sent = sent_by(event_name, request)
        said = self.judge.refusal(self.acting, sent)
        if said is not None:
            return _answer(sent, access_denied(sent.service, said))
        beyond = breach(sent)
        return None if beyond is None else _answer(sent, invalid(sent.service, beyond))


def _trace(lineage: Lineage) -> str:
    counts = "|".join(f"{function}:{count}" for function, count in lineage.items())
    return f"Root=1-5759e988-bd862e3fe1be46a994272793;Sampled=0;Lineage={counts}"


def _lineage(header: str) -> Lineage:
    found = re.search(r"Lineage=([\w:|]+)", unquote(header))
    pairs = (pair.split(":") for pair in (found[1].split("|") if found else ()))
    return {function: int(count) for function, count in pairs}


def sent_by(event_name: str, request: Any) -> Sent:
    """Return what a client is about to send."""
    _, service, operation = event_name.split(".")
    return Sent(
        service=_SERVICES.get(service, service),
        operation=operation,
        method=request.method,
        url=request.url,
        body=_bytes(request.body),
    )


def _answer(sent: Sent, refusal: Refusal) -> AWSResponse:
    status, headers, content = refusal
    return AWSResponse(sent.url, status, headers, MockRawResponse(content))


def strict_cloud(settings: AwsSettings) -> StrictCloud:
    """Return the cloud around a place with these settings."""
    stage = settings.schedule_group.removeprefix("dalsegno-")
    names = {
        "Executions": settings.execution_table,
        "Definitions": settings.definition_table,
        "Payloads": settings.payload_bucket,
        "TimersRole": settings.schedule_role_arn.rpartition("/")[2],
    }
    return StrictCloud(Judge(_functions(stage, tuple(names.items()))))


@cache
def _functions(stage: str, names: tuple[tuple[str, str], ...]) -> Mapping[str, Function]:
    resources = json.loads(json.dumps(synthesized(archive="true")).replace(STAGE, stage))
    named = {
        logical_id: name
        for word, name in names
        for logical_id, resource in resources.items()
        if word in logical_id and resource["Type"] in _NAMED_TYPES
    }
    found = CloudTemplate(resources, named).functions()
    return {next((n for n in _FUNCTIONS if f"{n}Function" in i), i): f for i, f in found.items()}


_FUNCTIONS: Final = ("Api", "Poll", "Evaluator", "SystemTasks", "Triggers", "Sweeper", "Taker")
_NAMED_TYPES: Final = {"AWS::DynamoDB::GlobalTable", "AWS::S3::Bucket", "AWS::IAM::Role"}


def _bytes(body: Any) -> bytes:
    """Return a body that may say what is asked for; files, which go to S3, do not."""
    if isinstance(body, str):
        return body.encode()
    return bytes(body) if isinstance(body, bytes | bytearray) else b""
