"""Concurrency slots and rate windows in DynamoDB."""

import hashlib
import random
from typing import Final

from dalsegno.models import EpochMillis
from dalsegno_state.aws import layout
from dalsegno_state.aws.failures import tries
from dalsegno_state.aws.rate_window import RateWindow
from dalsegno_state.aws.table import (
    Item,
    Refused,
    Table,
    Value,
    key,
    number,
    number_of,
    text,
    text_of,
)

# Some 40 holders fit into the KB that one write unit pays for.
_SLOTS_OF_A_SHARD: Final = 40
_MOST_CLEARED: Final = 25
_ABSENT: Final = "attribute_not_exists(pk)"
_HELD: Final = "h.#me < :until"
_CONTESTED_RETRY_MS: Final = 100
_KEPT_SECONDS: Final = 3600


class DynamoLimits:
    """See ``Limits``.

    The slots of a name are maps of holders to the ends of their leases, 40 slots to an item. A
    slot is taken by one update on condition that its map has room, so that there are never more
    holders than slots; those whose lease is over make room. Only while a limit is being lowered
    across shards may new holders come before the old ones of abandoned shards have left.
    """

    def __init__(self, table: Table) -> None:
        self._table = table

    def acquire_slot(
        self, name: str, task_id: str, *, limit: int, until: EpochMillis, now: EpochMillis
    ) -> bool:
        """See ``Limits.acquire_slot``; a slot that is held is held until the later ``until``.

        A refusal costs one read, no write.
        """
        holder = _holder(task_id)
        for _ in tries():
            shards = self._shards(name)
            for shard in shards:
                if number_of(_holders(shard), holder) is not None:
                    return self._prolong(shard, holder, until)
            live = sum(_live(shard, now) for shard in shards)
            if live >= limit:
                return False
            if self._take(name, shards, holder, limit, until, now):
                return True
        return False

    def release_slot(self, name: str, task_id: str) -> None:
        """See ``Limits.release_slot``."""
        holder = _holder(task_id)
        for shard in self._shards(name):
            if holder in _holders(shard):
                self._table.update(
                    key(shard["pk"]["S"], shard["sk"]["S"]),
                    "REMOVE h.#me",
                    {},
                    condition="attribute_exists(h.#me)",
                    names={"#me": holder},
                )

    def acquire_rate(
        self, name: str, *, limit: int, window_ms: int, now: EpochMillis
    ) -> EpochMillis | None:
        """See ``Limits.acquire_rate``; a refusal costs one read, no write."""
        if limit <= 0:
            return now + window_ms
        item_key = key(f"R#{layout.name_key(name)}", "#")
        stored = self._table.get(item_key)
        for _ in tries():
            seen = RateWindow.parse(text_of(stored, "s") if stored else None)
            window = seen.since(now - window_ms)
            blocking = window.blocking(limit)
            if blocking is not None:
                return blocking + window_ms
            refused = self._put_window(
                item_key, stored, window.with_start(now, window_ms), now + window_ms
            )
            if refused is None:
                return None
            stored = refused.stored
        return now + _CONTESTED_RETRY_MS

    def _shards(self, name: str) -> list[Item]:
        return list(self._table.under(f"C#{layout.name_key(name)}"))

    def _put_window(
        self, item_key: Item, stored: Item | None, window: RateWindow, ends_at: EpochMillis
    ) -> Refused | None:
        revision = 0 if stored is None else number_of(stored, "v") or 0
        return self._table.put(
            {
                **item_key,
                "v": number(revision + 1),
                "s": text(window.dump()),
                "expiresAt": number(ends_at // 1000 + _KEPT_SECONDS),
            },
            _ABSENT if stored is None else "v = :v",
            None if stored is None else {":v": number(revision)},
        )

    def _prolong(self, shard: Item, holder: str, until: EpochMillis) -> bool:
        """Hold a slot for longer; True also if somebody gave it back just now and it is lost."""
        self._table.update(
            key(shard["pk"]["S"], shard["sk"]["S"]),
            "SET h.#me = :until",
            {":until": number(until)},
            condition=_HELD,
            names={"#me": holder},
        )
        return True

    def _take(
        self,
        name: str,
        shards: list[Item],
        holder: str,
        limit: int,
        until: EpochMillis,
        now: EpochMillis,
    ) -> bool:
        """Take a slot where there is room; return False if somebody was faster."""
        stored = {int(shard["sk"]["S"]): shard for shard in shards}
        roomy = [
            (number_of_shard, size)
            for number_of_shard, size in enumerate(_shard_sizes(limit))
            if number_of_shard not in stored or _live(stored[number_of_shard], now) < size
        ]
        if not roomy:
            return False
        chosen, size = random.choice(roomy)  # noqa: S311  (spreads competitors, no secret)
        if chosen in stored:
            return self._join(stored[chosen], holder, size, until, now)
        item_key = key(f"C#{layout.name_key(name)}", f"{chosen:06d}")
        holders: Value = {"M": {holder: number(until)}}
        return self._table.put({**item_key, "h": holders}, _ABSENT) is None

    def _join(
        self, shard: Item, holder: str, size: int, until: EpochMillis, now: EpochMillis
    ) -> bool:
        """Take a slot of a shard, and clear those whose lease is over in the same update."""
        ended = {f"#e{place}": other for place, other in enumerate(_ended(shard, now))}
        removed = " REMOVE " + ", ".join(f"h.{name}" for name in ended) if ended else ""
        still_ended = "".join(f" AND h.{name} <= :now" for name in ended)
        values = {":until": number(until), ":room": number(size + len(ended))}
        outcome = self._table.update(
            key(shard["pk"]["S"], shard["sk"]["S"]),
            "SET h.#me = :until" + removed,
            values | ({":now": number(now)} if ended else {}),
            condition="size(h) < :room AND attribute_not_exists(h.#me)" + still_ended,
            names={"#me": holder} | ended,
        )
        return not isinstance(outcome, Refused)


def _shard_sizes(limit: int) -> list[int]:
    """Return how many slots each item has; their sum is the limit."""
    full, rest = divmod(limit, _SLOTS_OF_A_SHARD)
    return [_SLOTS_OF_A_SHARD] * full + ([rest] if rest else [])


def _holders(shard: Item) -> Item:
    return dict(shard["h"]["M"])


def _live(shard: Item, now: EpochMillis) -> int:
    return sum(int(until["N"]) > now for until in _holders(shard).values())


def _ended(shard: Item, now: EpochMillis) -> list[str]:
    """Return holders whose lease is over, as many as one update can clear."""
    ended = [name for name, until in _holders(shard).items() if int(until["N"]) <= now]
    return ended[:_MOST_CLEARED]


def _holder(task_id: str) -> str:
    """Return a short name of an attempt: 16 digits tell 40 holders apart well enough."""
    return hashlib.sha256(task_id.encode(errors="surrogatepass")).hexdigest()[:16]
