"""Poll records in DynamoDB."""

from typing import Final

from dalsegno.models import EpochMillis, PollData
from dalsegno_state.aws import layout
from dalsegno_state.aws.codec import pack, unpack
from dalsegno_state.aws.table import Table, key, number

# A write unit each. Whoever polled within ten seconds counts as there, so this is soon enough.
_WRITE_EVERY_MS: Final = 4000
_KEPT_SECONDS: Final = 7 * 86_400


class DynamoPollRecords:
    """See ``PollRecords``; who has not polled for a week is forgotten."""

    def __init__(self, table: Table) -> None:
        self._table = table
        self._written_at: dict[tuple[str, str, str], EpochMillis] = {}

    def record(self, poll: PollData) -> None:
        """See ``PollRecords.record``."""
        who = (poll.queue_name, poll.domain or "", poll.worker_id or "")
        written_at = self._written_at.get(who)
        if written_at is not None and 0 <= poll.last_poll_time - written_at < _WRITE_EVERY_MS:
            return
        self._written_at[who] = poll.last_poll_time
        item = {
            **key(layout.bucket("P", poll.queue_name), "#".join(map(layout.name_key, who))),
            "d": pack(poll.to_wire_json().decode()),
            "expiresAt": number(poll.last_poll_time // 1000 + _KEPT_SECONDS),
        }
        self._table.put(item)

    def polls(self, task_type: str | None = None) -> list[PollData]:
        """See ``PollRecords.polls``."""
        if task_type is None:
            items = [item for pk in layout.buckets("P") for item in self._table.under(pk)]
        else:
            prefix = f"{layout.name_key(task_type)}#"
            items = list(self._table.under(layout.bucket("P", task_type), prefix))
        return [PollData.model_validate_json(unpack(item["d"])) for item in items]
