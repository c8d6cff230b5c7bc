"""Dead letters: listed, shown and sent back, on moto and on the emulator."""

import sys
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack
from dataclasses import dataclass
from unittest.mock import patch
from uuid import uuid4

import pytest
from moto import mock_aws

from dalsegno.cli import main
from dalsegno.errors import NotFoundError
from dalsegno.queue_names import sqs_name
from dalsegno_state.aws.client import Clients
from dalsegno_state.aws.dead_letters import SqsDeadLetters
from dalsegno_state.dead_letters import DeadLetters, Redriven
from tests.aws.deployment import REGION, environment


@dataclass(frozen=True)
class Place:
    """Queues of a stage of its own."""

    clients: Clients
    stage: str

    @property
    def prefix(self) -> str:
        return f"dalsegno-{self.stage}-"

    @property
    def letters(self) -> DeadLetters:
        return SqsDeadLetters(self.clients, self.prefix)

    def make(self, source: str, *bodies: str) -> None:
        """Make a queue with its dead letters."""
        sqs, name = self.clients.sqs, sqs_name(self.prefix, source)
        dead = sqs.create_queue(QueueName=f"dead-letters-{name}")["QueueUrl"]
        arn = sqs.get_queue_attributes(QueueUrl=dead, AttributeNames=["QueueArn"])["Attributes"]
        policy = f'{{"deadLetterTargetArn": "{arn["QueueArn"]}", "maxReceiveCount": "1"}}'
        sqs.create_queue(QueueName=name, Attributes={"RedrivePolicy": policy})
        for body in bodies:
            sqs.send_message(QueueUrl=dead, MessageBody=body)

    def received(self, source: str) -> list[str]:
        sqs = self.clients.sqs
        url = sqs.get_queue_url(QueueName=sqs_name(self.prefix, source))["QueueUrl"]
        bodies = []
        while messages := sqs.receive_message(QueueUrl=url, MaxNumberOfMessages=10).get("Messages"):
            bodies += [message["Body"] for message in messages]
        return sorted(bodies)


@pytest.fixture(params=["moto", "ministack"])
def place(request: pytest.FixtureRequest) -> Iterator[Place]:
    with ExitStack() as stack:
        if request.param == "moto":
            stack.enter_context(mock_aws())
            stack.enter_context(environment(None))
        else:
            stack.enter_context(environment(request.getfixturevalue("ministack")))
        clients = Clients(REGION)
        stack.callback(clients.close)
        yield Place(clients, "t" + uuid4().hex[:10])


def test_queues_are_listed_with_what_is_in_them(place: Place) -> None:
    place.make("_results", "a", "b")
    place.make("HTTP")

    http, results = place.letters.queues()

    assert (http.source, http.depth, http.oldest_sent_at) == ("HTTP", 0, None)
    assert (results.source, results.depth) == ("_results", 2)
    assert results.oldest_sent_at is not None


def test_another_stage_is_not_listed(place: Place) -> None:
    place.make("_results", "a")

    assert SqsDeadLetters(place.clients, place.prefix[:-2] + "-").queues() == []


def test_letters_are_shown_and_stay(place: Place) -> None:
    place.make("_results", *(f"body {number:02}" for number in range(12)))

    for _ in range(2):
        shown = place.letters.letters("_results", 12)
        assert sorted(letter.body for letter in shown) == [f"body {n:02}" for n in range(12)]

    assert len(place.letters.letters("_results", 3)) == 3


def test_sqs_moves_them_where_it_can(place: Place) -> None:
    place.make("_results", "a")
    url = place.clients.sqs.get_queue_url(
        QueueName=f"dead-letters-{sqs_name(place.prefix, '_results')}"
    )["QueueUrl"]

    with patch.object(place.clients.sqs, "start_message_move_task") as move:
        assert place.letters.redrive("_results") == Redriven(None)

    arn = move.call_args.kwargs["SourceArn"]
    assert arn.rpartition(":")[2] == url.rpartition("/")[2]


def test_by_hand_each_is_sent_before_it_is_deleted(place: Place) -> None:
    bodies = [f"body {number:02}" for number in range(12)]
    place.make("_results", *bodies)
    letters = place.letters
    with _refusing_to_move(place.clients):
        assert letters.redrive("_results") == Redriven(12)

    assert place.received("_results") == bodies
    assert letters.letters("_results", 1) == []


def test_what_cannot_be_sent_stays(place: Place) -> None:
    place.make("_results", "a")
    failed = {
        "Successful": [],
        "Failed": [{"Id": "0", "SenderFault": False, "Code": "InternalError"}],
    }

    with (
        _refusing_to_move(place.clients),
        patch.object(place.clients.sqs, "send_message_batch", return_value=failed),
        patch("dalsegno_state.aws.dead_letters._HIDDEN_SECONDS", 0),
    ):
        assert place.letters.redrive("_results") == Redriven(0)

    assert [letter.body for letter in place.letters.letters("_results", 5)] == ["a"]


def test_a_queue_that_does_not_exist_is_named(place: Place) -> None:
    with pytest.raises(NotFoundError, match="absent"):
        place.letters.redrive("absent")


def test_the_command_does_nothing_on_a_dry_run(
    place: Place, capsys: pytest.CaptureFixture[str]
) -> None:
    place.make("_results", "a", "b")

    assert _run(place, "redrive", "_results", "--dry-run") == 0

    assert "about 2" in capsys.readouterr().out
    assert len(place.letters.letters("_results", 5)) == 2


def test_the_command_lists_and_shows(place: Place, capsys: pytest.CaptureFixture[str]) -> None:
    place.make("_results", "a")

    assert _run(place, "list") == 0
    assert _run(place, "show", "_results") == 0
    assert _run(place, "show", "absent") == 4

    printed = capsys.readouterr()
    assert "_results" in printed.out
    assert '"body": "a"' in printed.out
    assert "absent" in printed.err


def _run(place: Place, *arguments: str) -> int:
    command = ["dalsegno", "dead-letters", *arguments, "--stage", place.stage]
    with patch.object(sys, "argv", command), pytest.raises(SystemExit) as end:
        main()
    return int(end.value.code or 0)


def _refusing_to_move(clients: Clients) -> AbstractContextManager[object]:
    error = clients.sqs.exceptions.ClientError(
        {"Error": {"Code": "UnsupportedOperation"}}, "StartMessageMoveTask"
    )
    return patch.object(clients.sqs, "start_message_move_task", side_effect=error)
