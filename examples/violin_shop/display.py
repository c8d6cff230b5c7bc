"""What the demo shows: a table that moves at a terminal, lines of news anywhere else."""

import time
from collections import deque
from collections.abc import Iterator, Sequence
from types import TracebackType
from typing import Final, Self

from rich import box
from rich.console import Console, Group
from rich.live import Live
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from examples.violin_shop.orders import Attempt, Progress

_STEPS: Final = {
    "validate": "check",
    "deposit": "deposit",
    "luthier": "luthier",
    "parts": "parts",
    "invoice": "invoice",
    "balance": "balance",
    "notify": "notify",
}
_DONE: Final = {
    "deposit": "deposit paid",
    "luthier": "the luthier has agreed",
    "parts": "all parts are here",
    "invoice": "invoice written",
    "balance": "balance settled",
    "notify": "customer notified",
}
_STATUS_STYLES: Final = {"RUNNING": "yellow", "COMPLETED": "green", "FAILED": "red"}
_NEWS_LINES: Final = 6
_ROOMY: Final = 90  # columns
_HTTP_FAILURE: Final = "Failed to invoke HTTP task due to: "
_REASON_LENGTH: Final = 58


class Display:
    """Shows orders as they move, and says what is done to them."""

    def __init__(self, console: Console) -> None:
        self._console = console
        self._live = Live(console=console, refresh_per_second=8) if console.is_terminal else None
        self._shown: list[Progress] = []
        self._news: deque[str] = deque(maxlen=_NEWS_LINES)
        self._began = time.monotonic()
        self._caption = ""

    def __enter__(self) -> Self:
        """Begin."""
        if self._live is not None:
            self._live.start()
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        """Leave the terminal as it was, without the table."""
        if self._live is not None:
            self._live.update(Text())
            self._live.stop()

    @property
    def seconds(self) -> float:
        """Seconds since the demo began."""
        return time.monotonic() - self._began

    def say(self, text: str) -> None:
        """Say what the demo does."""
        self._console.print(f"[dim]{self.seconds:5.1f} s[/]  {text}", highlight=False)

    def caption(self, text: str) -> None:
        """Say under the table how the server is."""
        self._caption = text
        self._refresh()

    def show(self, progresses: Sequence[Progress]) -> None:
        """Show how far the orders have come."""
        known = {progress.workflow_id: progress for progress in self._shown}
        for progress in progresses:
            for line in _news(known.get(progress.workflow_id), progress):
                self._tell(progress, line)
        self._shown = list(progresses)
        self._refresh()

    def _tell(self, progress: Progress, line: str) -> None:
        order = progress.order
        text = f"[dim]{self.seconds:5.1f} s  {order.id}[/] {order.customer:<6} {line}"
        if self._live is None:
            self._console.print(text, highlight=False)
        else:
            self._news.append(text)

    def _refresh(self) -> None:
        if self._live is not None and self._shown:
            news = [Text.from_markup(line, overflow="ellipsis") for line in self._news]
            for line in news:
                line.no_wrap = True
            table = orders_table(self._shown, self._caption, width=self._console.width)
            self._live.update(Group(table, *news))


def orders_table(progresses: Sequence[Progress], caption: str, *, width: int) -> Table:
    """Return one row for each order, one column for each step; tight where there is no room."""
    padding = (0, 1) if width >= _ROOMY else 0
    table = Table(box=box.SIMPLE_HEAD, padding=padding, collapse_padding=True, caption=caption)
    table.add_column("order", no_wrap=True)
    for heading in _STEPS.values():
        table.add_column(heading, no_wrap=True, justify="center")
    table.add_column("status", no_wrap=True, min_width=9)
    for progress in progresses:
        style = _STATUS_STYLES.get(progress.status, "red")
        table.add_row(
            f"{progress.order.customer}'s {progress.order.instrument}",
            *(_cell(progress, ref) for ref in _STEPS),
            Text(progress.status, style=style),
        )
    return table


def _cell(progress: Progress, ref: str) -> Text:
    if ref == "luthier" and not progress.order.is_custom:
        return Text("-", style="dim")
    if ref == "parts":
        return _parts_cell(progress)
    attempt = progress.latest(ref)
    if attempt is None:
        return Text("·", style="dim")
    again = f" ×{attempt.number}" if attempt.number > 1 else ""
    match attempt.status:
        case "COMPLETED":
            declined = f"{ref}_declined"
            refused = progress.latest(declined) is not None
            return Text("declined", style="red") if refused else Text(f"✓{again}", style="green")
        case "SCHEDULED" | "IN_PROGRESS" if ref == "luthier":
            return Text("waits", style="cyan")
        case "SCHEDULED" | "IN_PROGRESS":
            return Text(f"…{again}", style="yellow")
        case _:
            return Text(f"✗{again}", style="red")


def _parts_cell(progress: Progress) -> Text:
    parts = progress.parts()
    if not parts:
        return Text("·", style="dim")
    done = sum(part.status == "COMPLETED" for part in parts)
    again = sum(part.number - 1 for part in parts)
    text = f"{done}/{len(parts)}" + (f" +{again}" if again else "")
    return Text(text, style="green" if done == len(parts) else "yellow")


def _news(before: Progress | None, after: Progress) -> Iterator[str]:
    """Yield what is worth saying of the way from one look to the next."""
    if before is None:
        wishes = after.order.document.get("wishes")
        yield f"orders a {after.order.instrument}" + (f" with {wishes}" if wishes else "")
    known = {} if before is None else {(a.ref, a.number): a.status for a in before.attempts}
    for attempt in after.attempts:
        if known.get((attempt.ref, attempt.number)) != attempt.status:
            yield from _step_news(attempt)
    if after.status != "RUNNING" and (before is None or before.status == "RUNNING"):
        style = _STATUS_STYLES.get(after.status, "red")
        yield f"[{style}]{after.status}[/] [dim]{_short(after.reason)}[/]"


def _step_news(attempt: Attempt) -> Iterator[str]:
    """Yield what is worth saying of an attempt that has just got its status."""
    nth = f" at attempt {attempt.number}" if attempt.number > 1 else ""
    match attempt.status:
        case "COMPLETED" if attempt.ref in _DONE:
            yield f"{_DONE[attempt.ref]}{nth}"
        case "IN_PROGRESS" if attempt.ref == "luthier":
            yield "[cyan]waits for the luthier[/]"
        case "FAILED" | "TIMED_OUT":
            reason = _short(attempt.reason)
            yield f"[yellow]{attempt.ref}: attempt {attempt.number} failed[/] [dim]{reason}[/]"


def _short(reason: str) -> str:
    line = " ".join(reason.removeprefix(_HTTP_FAILURE).split())
    return escape(line if len(line) <= _REASON_LENGTH else f"{line[:_REASON_LENGTH]}…")
