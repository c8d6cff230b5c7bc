"""Queues in SQLite, with priority, delay, visibility and long polls."""

import secrets
from collections.abc import Iterable, Sequence
from sqlite3 import Connection
from threading import Condition, Lock
from time import monotonic
from typing import Final

from dalsegno.models import EpochMillis, Seconds
from dalsegno_state.ports import STAYS, Caller, Clock, Message, QueueSize, Received
from dalsegno_state.sqlite.codec import encode_json
from dalsegno_state.sqlite.database import Database, Row

# How soon a waiting receiver sees what another process sent, and that its caller has left; its
# own process rings a bell.
_RECHECK_SECONDS: Final = 0.2
# A power cut may lose or repeat messages: they are hints, and the next durable commit of
# anything takes all earlier ones along. The death of the process loses none.
_DURABLE: Final = False

_SEND: Final = """
    INSERT INTO messages(queue, priority, body, hidden_until, delivery_count)
    VALUES (?, ?, ?, ?, 0)
"""
_LOOK: Final = """
    SELECT
        EXISTS (SELECT 1 FROM messages WHERE queue = ? AND hidden_until IS NULL),
        (SELECT min(hidden_until) FROM messages
         WHERE queue = ? AND hidden_until IS NOT NULL)
"""
_REVEAL: Final = """
    UPDATE messages SET hidden_until = NULL
    WHERE queue = ? AND hidden_until IS NOT NULL AND hidden_until <= ?
"""
_TAKE: Final = """
    SELECT message_id, body, delivery_count + 1 FROM messages
    WHERE queue = ? AND hidden_until IS NULL
    ORDER BY priority DESC, message_id LIMIT ?
"""
_HIDE: Final = """
    UPDATE messages SET hidden_until = ?, receipt = ?, delivery_count = delivery_count + 1
    WHERE message_id = ?
"""
_DELETE: Final = "DELETE FROM messages WHERE message_id = ? AND receipt = ?"
_POSTPONE: Final = """
    UPDATE messages SET hidden_until = ? WHERE message_id = ? AND receipt = ?
"""
_ALL_QUEUES: Final = "SELECT name FROM queues ORDER BY name"
_SIZES: Final = """
    SELECT value,
        (SELECT count(*) FROM messages WHERE queue = value AND hidden_until IS NULL)
        + (SELECT count(*) FROM messages WHERE queue = value AND hidden_until IS NOT NULL
           AND (receipt IS NULL OR hidden_until <= ?)),
        (SELECT count(*) FROM messages WHERE queue = value AND hidden_until > ?
         AND receipt IS NOT NULL)
    FROM json_each(?)
"""


class _Bell:
    """Wakes receivers that wait for a queue; a ring between look and wait is not missed."""

    def __init__(self) -> None:
        self._condition = Condition(Lock())
        self.rings = 0

    def ring(self, times: int) -> None:
        """Wake as many receivers as there may be messages for."""
        with self._condition:
            self.rings += times
            self._condition.notify(times)

    def wait(self, rings_heard: int, seconds: float) -> None:
        """Return after the next ring, or after ``seconds``."""
        with self._condition:
            if self.rings == rings_heard:
                self._condition.wait(seconds)

    def pass_on(self) -> None:
        """Wake another receiver in place of one that has no more use for a message."""
        with self._condition:
            self._condition.notify(1)


class SqliteQueues:
    """See ``Queues``. Larger priorities first, then first in, first out."""

    def __init__(self, database: Database, clock: Clock) -> None:
        self._database = database
        self._clock = clock
        self._bells: dict[str, _Bell] = {}
        self._creation = Lock()

    def send(self, messages: Sequence[Message]) -> None:
        """See ``Queues.send``."""
        if not messages:
            return
        now = self._clock.now()
        rows = [
            (message.queue, message.priority, message.body, _hidden_until(message, now))
            for message in messages
        ]
        counts: dict[str, int] = {}
        for message in messages:
            counts[message.queue] = counts.get(message.queue, 0) + 1
        bells = {queue: self._bell(queue) for queue in counts}
        self._database.write(
            lambda connection: connection.executemany(_SEND, rows).rowcount, durable=_DURABLE
        )
        for queue, count in counts.items():
            bells[queue].ring(count)

    def receive(
        self,
        queue: str,
        *,
        count: int,
        wait_seconds: float,
        visibility_seconds: Seconds,
        caller: Caller = STAYS,
    ) -> list[Received]:
        """See ``Queues.receive``."""
        bell = self._bell(queue)
        deadline = monotonic() + wait_seconds
        while True:
            rings_heard = bell.rings
            if caller.has_left:
                bell.pass_on()
                return []
            now = self._clock.now()
            next_at = self._next_at(queue, now)
            if next_at is not None and next_at <= now:
                received = self._take(queue, count, now, now + visibility_seconds * 1000)
                if received:
                    return received
            seconds_left = deadline - monotonic()
            if seconds_left <= 0:
                return []
            seconds = min(seconds_left, _RECHECK_SECONDS)
            if next_at is not None:
                seconds = min(seconds, max(next_at - now, 1) / 1000)
            bell.wait(rings_heard, seconds)

    def delete(self, queue: str, receipts: Sequence[str]) -> None:
        """See ``Queues.delete``."""
        keys = [_key(receipt) for receipt in receipts]
        self._database.write(
            lambda connection: connection.executemany(_DELETE, keys).rowcount, durable=_DURABLE
        )

    def postpone(self, queue: str, receipt: str, delay_seconds: float) -> None:
        """See ``Queues.postpone``; the receipt stays good until the next delivery."""
        until = self._clock.now() + round(delay_seconds * 1000)
        parameters = (until, *_key(receipt))
        self._database.write(
            lambda connection: connection.execute(_POSTPONE, parameters).rowcount,
            durable=_DURABLE,
        )
        self._bell(queue).ring(1)

    def sizes(self, names: Iterable[str] | None = None) -> dict[str, QueueSize]:
        """See ``Queues.sizes``."""
        if names is None:
            names = [name for (name,) in self._database.read(_ALL_QUEUES)]
        now = self._clock.now()
        rows = self._database.read(_SIZES, (now, now, encode_json(list(names))))
        return {queue: QueueSize(size, unacknowledged) for queue, size, unacknowledged in rows}

    def _next_at(self, queue: str, now: EpochMillis) -> EpochMillis | None:
        """Return when the queue's next message can be had; ``now`` if one can already."""
        is_ready, hidden_until = self._database.read(_LOOK, (queue, queue))[0]
        if is_ready:
            return now
        next_at: EpochMillis | None = hidden_until
        return next_at

    def _take(
        self, queue: str, count: int, now: EpochMillis, hidden_until: EpochMillis
    ) -> list[Received]:
        # New at each delivery, so an old receipt never deletes the redelivered message; random,
        # because SQLite gives the id of a deleted message to a new one.
        token = secrets.randbits(62)

        def take(connection: Connection) -> list[Row]:
            connection.execute(_REVEAL, (queue, now))
            rows = connection.execute(_TAKE, (queue, count)).fetchall()
            connection.executemany(_HIDE, [(hidden_until, token, row[0]) for row in rows])
            return rows

        return [
            Received(body=body, receipt=f"{message_id}-{token}", delivery_count=delivery_count)
            for message_id, body, delivery_count in self._database.write(take, durable=_DURABLE)
        ]

    def _bell(self, queue: str) -> _Bell:
        bell = self._bells.get(queue)
        if bell is None:
            with self._creation:
                bell = self._bells.setdefault(queue, _Bell())
            self._database.write(
                lambda connection: (
                    connection.execute(
                        "INSERT INTO queues(name) VALUES (?) ON CONFLICT (name) DO NOTHING",
                        (queue,),
                    ).rowcount
                ),
                durable=_DURABLE,
            )
        return bell


def _hidden_until(message: Message, now: EpochMillis) -> EpochMillis | None:
    if message.deliver_at is None or message.deliver_at <= now:
        return None
    return message.deliver_at


def _key(receipt: str) -> tuple[int, int]:
    message_id, _, token = receipt.partition("-")
    return int(message_id), int(token)
