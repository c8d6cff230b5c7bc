"""NOOP: do nothing."""

from typing import ClassVar

from dalsegno.models import JsonObject
from dalsegno_state.draft import Draft, Place
from dalsegno_state.tasks.instant import InstantTask, Outcome


class Noop(InstantTask):
    """Completes at once with an empty output."""

    type: ClassVar[str] = "NOOP"

    def run(self, draft: Draft, place: Place, inputs: JsonObject) -> Outcome:
        """See ``InstantTask.run``."""
        return Outcome()
