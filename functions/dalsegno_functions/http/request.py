"""One HTTP request, as a handler sees it."""

from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field

from dalsegno.json_text import read_json, unicode_text
from dalsegno_state.ports import STAYS, Caller


@dataclass(frozen=True, slots=True)
class Request:
    """A request whose route is known.

    Attributes:
        path: Variables of the route's path, percent-decoded.
        query: Values of each query parameter, in order.
        body: Text as a gateway hands it over, or bytes if they were no UTF-8; unparsed.
        headers: Their names in lower case.
        caller: Who waits for the answer.
    """

    method: str
    path: Mapping[str, str] = field(default_factory=dict)
    query: Mapping[str, list[str]] = field(default_factory=dict)
    body: str | bytes = ""
    headers: Mapping[str, str] = field(default_factory=dict)
    caller: Caller = STAYS

    @property
    def host(self) -> str:
        """Under which name the client asked; empty if it did not say."""
        return self.headers.get("host", "")

    def text(self) -> str:
        """Return the body as text, with what is not UTF-8 replaced.

        Some clients send text as a JSON string, others as it is. One that begins and ends with a
        quotation mark, and is a JSON string, is taken for that.
        """
        text = self.body if isinstance(self.body, str) else self.body.decode(errors="replace")
        if text.startswith('"') and text.endswith('"'):
            with suppress(ValueError):
                return str(read_json(text))
        return unicode_text(text)
