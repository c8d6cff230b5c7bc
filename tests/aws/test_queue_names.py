"""How the names of queues become names that SQS takes."""

import re

from hypothesis import given
from hypothesis import strategies as st

from dalsegno.queue_names import decode_name, encode_name, is_hashed, name_of, sqs_name
from dalsegno_state.aws.bodies import Timer, decode_body, encode_body, encode_timer
from dalsegno_state.ports import Message

PREFIX = "prod-"
any_text = st.text(st.characters())  # half surrogate pairs included


@given(any_text)
def test_any_name_is_read_back(name: str) -> None:
    assert decode_name(encode_name(name)) == name


@given(any_text)
def test_any_name_is_one_that_sqs_takes(name: str) -> None:
    queue = sqs_name(PREFIX, name)

    assert re.fullmatch(r"[A-Za-z0-9_-]{1,80}", queue)
    assert name_of(PREFIX, queue) == name or is_hashed(PREFIX, queue)


def test_usual_names_stay_readable() -> None:
    assert sqs_name(PREFIX, "charge_card") == "prod-charge_card"
    assert sqs_name(PREFIX, "eu:charge-card") == "prod-eu-3acharge--card"


def test_long_names_stay_apart() -> None:
    one, other = (sqs_name(PREFIX, "x-" * 100 + end) for end in "ab")

    assert one != other
    assert is_hashed(PREFIX, one)
    assert name_of(PREFIX, one) is None


def test_queues_of_others_have_no_name() -> None:
    assert name_of(PREFIX, "other-charge") is None
    assert name_of(PREFIX, "prod-not-ours") is None


@given(any_text)
def test_any_body_is_read_back(body: str) -> None:
    encoded = encode_body(body)

    assert encoded
    assert encoded.isascii() or encoded.encode()
    assert decode_body(encoded) == body


def test_usual_bodies_are_sent_as_they_are() -> None:
    assert encode_body('{"a": 1}') == '{"a": 1}'


@given(st.sampled_from(["timer:", "base64:"]), any_text)
def test_body_is_never_taken_for_something_else(mark: str, rest: str) -> None:
    assert decode_body(encode_body(mark + rest)) == mark + rest


def test_timer_brings_its_message_along() -> None:
    message = Message(queue="eu:charge", body="t1", deliver_at=7, priority=3)

    assert decode_body(encode_timer(message)) == Timer(message)
