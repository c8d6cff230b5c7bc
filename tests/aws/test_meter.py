"""How units are computed from items."""

import pytest

from bench.metered import MeteredWorld
from dalsegno_state.aws.capacity import item_bytes, read_units, write_units
from dalsegno_state.aws.layout import DUE
from dalsegno_state.aws.meter import Meter
from dalsegno_state.aws.table import Item
from dalsegno_state.ports import Message

SMALL: Item = {"pk": {"S": "a"}, "sk": {"S": "b"}}
WOKEN: Item = {**SMALL, "ds": {"S": "0"}, "dw": {"N": "5"}}
LARGE: Item = {**SMALL, "d": {"S": "x" * 2000}}


@pytest.mark.parametrize(
    ("item", "size_bytes"),
    [
        ({"ab": {"S": "é"}}, 4),
        ({"n": {"N": "1750000000000"}}, 1 + 3),
        ({"n": {"N": "-123"}}, 1 + 4),
        ({"b": {"B": b"123"}}, 4),
        ({"s": {"NS": ["1", "22", "333"]}}, 1 + 2 + 2 + 3),
        ({"m": {"M": {"k": {"S": "v"}}}}, 1 + 3 + 1 + 2),
    ],
)
def test_size_of_an_item(item: Item, size_bytes: int) -> None:
    assert item_bytes(item) == size_bytes


@pytest.mark.parametrize(
    ("before", "after", "units"),
    [
        (None, SMALL, 1),
        (SMALL, SMALL, 1),
        (SMALL, None, 1),
        (None, None, 1),
        (None, LARGE, 2),
        (LARGE, SMALL, 2),
        (None, WOKEN, 2),
        (WOKEN, WOKEN, 1),
        (WOKEN, {**WOKEN, "dw": {"N": "6"}}, 3),
        (WOKEN, SMALL, 2),
    ],
)
def test_write_is_charged_by_the_larger_item_and_by_changed_index_entries(
    before: Item | None, after: Item | None, units: int
) -> None:
    assert write_units(before, after, [DUE]) == units


def test_reads_are_charged_together() -> None:
    assert read_units([LARGE, LARGE]) == 1
    assert read_units([LARGE, LARGE, LARGE]) == 2
    assert read_units([], is_consistent=False) == 0.5


def test_sqs_requests_count_by_chunks_of_64_kb(metered: MeteredWorld) -> None:
    metered.ports.queues.send([Message(queue="charge", body="warm")])

    usage = metered.usage_of(
        lambda: metered.ports.queues.send([Message(queue="charge", body="x" * 100_000)])
    )

    assert usage.sqs_requests == 2
    assert usage.requests == {"sqs.SendMessageBatch": 1}


def test_meter_begins_anew_when_it_is_read() -> None:
    assert Meter().read().requests == {}
