"""What workers read out of the messages of a task's queue."""

from dalsegno.queue_bodies import decoded
from dalsegno_state.aws.bodies import Timer, decode_body, encode_body, encode_timer
from dalsegno_state.ports import Message


def test_task_ids_come_as_they_are() -> None:
    assert decoded("w1.0.0.cmVm") == "w1.0.0.cmVm"


def test_what_the_engine_encodes_is_decoded() -> None:
    assert decoded(encode_body("\x00")) == "\x00"


def test_timer_announces_the_task_it_was_made_for() -> None:
    message = Message(queue="play", body="w1.0.0.cmVm", deliver_at=1)

    assert decoded(encode_timer(message)) == "w1.0.0.cmVm"
    assert decode_body(encode_timer(message)) == Timer(message)
