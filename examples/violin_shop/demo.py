"""The violin shop, from the first order to the proof: ``make demo``.

Starts a payment service that is flaky on purpose, a Dalsegno server and the shop's workers; takes
orders; kills the server with SIGKILL while payments, waits and forked tasks are under way; starts
it again on the same directory; lets the luthier agree to what the customers wish; and checks that
every order came to its end with nothing done twice. The exit status tells.
"""

import argparse
import shutil
import signal
import sys
import tempfile
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Final, NoReturn, Protocol

from conductor.client.http.rest import ApiException
from rich.console import Console
from rich.panel import Panel

from dalsegno.errors import ConductorError
from examples.violin_shop.display import Display, orders_table
from examples.violin_shop.ledger import Ledger
from examples.violin_shop.orders import FINISHED, Attempt, Order, Progress, read_orders
from examples.violin_shop.processes import Processes, free_port
from examples.violin_shop.proof import Claim, Evidence, claims, read_bank
from examples.violin_shop.server import NotServingError, Server, await_answer
from examples.violin_shop.shop import Shop

_SEED: Final = 12
_LOOK_SECONDS: Final = 0.15
_OUTAGE_SECONDS: Final = 2.0
_BENCH_SECONDS: Final = 1.5
_LOG_LINES: Final = 15
_PARTS_BEFORE_CRASH: Final = 5
_PLAIN_WIDTH: Final = 110


class GaveUpError(Exception):
    """Something that must happen did not happen in time."""


class Counter(Protocol):
    """Where the shop talks to the server, with whatever SDK."""

    def register(self) -> None:
        """Register all definitions of the shop."""
        ...

    def take(self, order: Order) -> Progress:
        """Start an order's workflow."""
        ...

    def look(self, progress: Progress) -> Progress:
        """Return how far an order has come by now."""
        ...

    def agree(self, progress: Progress, note: str) -> None:
        """Let the luthier agree to an order's wishes."""
        ...


@dataclass(frozen=True, slots=True)
class Written:
    """The shop as it is written with one SDK.

    Attributes:
        sdk: Whose it is.
        open_counter: Makes the counter, from the URLs of the API and of the payment service.
        workers: The module that runs the workers.
    """

    sdk: str
    open_counter: Callable[[str, str], Counter]
    workers: str


OFFICIAL: Final = Written("the official SDK", Shop, "examples.violin_shop.workers")


@dataclass(slots=True)
class Demo:
    """One run.

    Attributes:
        written: Which of the shops it is.
        deadline: When to give up, on the monotonic clock.
        waiting_since: When each waiting order was first seen waiting; None once agreed to.
    """

    display: Display
    processes: Processes
    directory: Path
    deadline: float
    written: Written = OFFICIAL
    server: Server = field(init=False)
    shop: Counter = field(init=False)
    payment_url: str = field(init=False)
    ledger: Ledger = field(init=False)
    progresses: list[Progress] = field(default_factory=list)
    waiting_since: dict[str, float | None] = field(default_factory=dict)

    def play(self) -> Evidence:
        """Run the whole piece and return what there is to judge it by."""
        orders = read_orders()
        self.open_the_shop()
        for order in orders[:-1]:
            self.take(order)
        self.watch_until(_or_missed(_is_busy), "orders that wait, and parts under way")
        self.take(orders[-1])
        self.watch_until(
            _or_missed(_is_in_the_middle), "payments, waits and forks under way at once"
        )
        finished_before, exit_status = self.crash()
        self.watch_until(lambda progresses: all(map(_is_over, progresses)), "the end of all orders")
        return self.evidence(finished_before, exit_status)

    def open_the_shop(self) -> None:
        """Start everything and register the definitions."""
        self.ledger = Ledger(self.directory / "ledger.jsonl")
        port = free_port()
        self.payment_url = f"http://127.0.0.1:{port}"
        module = [sys.executable, "-m", "examples.violin_shop.payment_service"]
        payments = self.processes.start(
            "payments", [*module, "--port", str(port), "--seed", str(_SEED)]
        )
        self.server = Server(self.processes, self.directory / "data")
        seconds = self.server.start()
        self.display.say(f"dalsegno dev answers at {self.server.url} after {seconds:.1f} s")
        await_answer(f"{self.payment_url}/ledger", payments)
        self.display.say("a payment service is up that fails one request in three")
        self.processes.start(
            "workers",
            [sys.executable, "-m", self.written.workers],
            {
                "CONDUCTOR_SERVER_URL": self.server.api_url,
                "VIOLIN_SHOP_LEDGER": str(self.ledger.path),
            },
        )
        self.shop = self.written.open_counter(self.server.api_url, self.payment_url)
        self.shop.register()
        self.display.say(f"definitions registered, workers started with {self.written.sdk}")
        self.display.caption(f"server up, process {self.server.pid}")

    def take(self, order: Order) -> None:
        """Take an order."""
        self.progresses.append(self.shop.take(order))
        self.display.show(self.progresses)

    def watch_until(self, happened: Callable[[Sequence[Progress]], bool], what: str) -> None:
        """Watch the orders, and let the luthier work, until something has happened."""
        while True:
            self.look()
            if happened(self.progresses):
                return
            if time.monotonic() > self.deadline:
                raise GaveUpError(f"waited in vain for {what}")
            time.sleep(_LOOK_SECONDS)

    def look(self) -> None:
        """Look at all orders that are not over."""
        self.progresses = [p if _is_over(p) else self.shop.look(p) for p in self.progresses]
        self.display.show(self.progresses)
        for progress in self.progresses:
            if (
                progress.status not in {"RUNNING", "COMPLETED"}
                and not progress.order.is_beyond_card
            ):
                raise GaveUpError(f"{progress.order.customer}'s order failed: {progress.reason}")
        if self.waiting_since:
            self.let_the_luthier_work()

    def crash(self) -> tuple[dict[str, Attempt], int]:
        """Kill the server and start it again; return what had ended before, and how it ended."""
        pid = self.server.pid
        exit_status = self.server.kill()
        self.display.caption(f"[bold red]server killed (process {pid}, SIGKILL)[/]")
        self.display.say(f"[bold red]kill -9 {pid}[/] with {_under_way(self.progresses)} under way")
        finished = dict(pair for p in self.progresses for pair in p.finished_attempts())
        time.sleep(_OUTAGE_SECONDS)
        seconds = self.server.start()
        self.display.caption(f"server up again, process {self.server.pid}")
        self.display.say(
            f"[bold green]started again[/] on the same directory, answers after {seconds:.1f} s"
        )
        self.waiting_since = dict.fromkeys((p.workflow_id for p in self.custom_orders()), 0.0)
        return finished, exit_status

    def custom_orders(self) -> list[Progress]:
        """Return the orders that need the luthier."""
        return [p for p in self.progresses if p.order.is_custom]

    def let_the_luthier_work(self) -> None:
        """Agree to the wishes of one order that has waited on the bench for a while."""
        for progress in self.custom_orders():
            since = self.waiting_since[progress.workflow_id]
            waiting = progress.latest("luthier")
            if since is None or waiting is None or not waiting.is_open:
                continue
            if since == 0.0:
                self.waiting_since[progress.workflow_id] = time.monotonic()
            elif time.monotonic() - since > _BENCH_SECONDS:
                wishes = progress.order.document["wishes"]
                self.shop.agree(progress, f"agreed: {wishes}")
                self.waiting_since[progress.workflow_id] = None
                self.display.say(f"[cyan]the luthier signals[/] that {wishes} can be done")

    def evidence(self, finished_before: dict[str, Attempt], exit_status: int) -> Evidence:
        """Gather the books, once the failure workflows are over too."""
        return Evidence(
            refunds=[self.refund_of(p) for p in self.progresses if p.status == "FAILED"],
            orders=[self.shop.look(progress) for progress in self.progresses],
            finished_before=finished_before,
            bank=read_bank(self.payment_url),
            entries=self.ledger.entries(),
            exit_status=exit_status,
        )

    def refund_of(self, failed: Progress) -> Progress:
        """Return the failure workflow of a failed order, once it has begun and is over."""
        while time.monotonic() < self.deadline:
            failed = self.shop.look(failed)
            if failed.failure_workflow_id is not None:
                refund = self.shop.look(Progress(failed.order, failed.failure_workflow_id))
                if _is_over(refund):
                    return refund
            time.sleep(_LOOK_SECONDS)
        raise GaveUpError("waited in vain for the failure workflow")


def main(written: Written = OFFICIAL) -> int:
    """Run the demo and return its exit status."""
    parser = argparse.ArgumentParser(description="The violin shop: durable orders, a crash, proof.")
    parser.add_argument("--keep", action="store_true", help="keep the data and the logs")
    parser.add_argument("--timeout", type=float, default=180, help="seconds before giving up")
    arguments = parser.parse_args()
    signal.signal(signal.SIGTERM, _interrupt)
    console = _console()
    directory = Path(tempfile.mkdtemp(prefix="violin-shop-"))
    succeeded = False
    try:
        succeeded = _run(console, directory, written, arguments.timeout)
    except KeyboardInterrupt:
        console.print("\nStopped; every process of the demo has ended.")
        return 130
    finally:
        if succeeded and not arguments.keep:
            shutil.rmtree(directory)
        else:
            console.print(f"[dim]Data and logs are in {directory}[/]", highlight=False)
    return 0 if succeeded else 1


def _run(console: Console, directory: Path, written: Written, timeout_seconds: float) -> bool:
    console.print()
    with Processes(directory) as processes:
        display = Display(console)
        demo = Demo(display, processes, directory, time.monotonic() + timeout_seconds, written)
        try:
            with display:
                evidence = demo.play()
        except (GaveUpError, NotServingError, ApiException, ConductorError) as error:
            _explain(console, processes, demo.progresses, str(error))
            return False
    return _conclude(console, evidence, display.seconds)


def _conclude(console: Console, evidence: Evidence, seconds: float) -> bool:
    """Show the last table and every claim; return whether all of them hold."""
    console.print()
    console.print(orders_table(evidence.orders, "×n: n attempts", width=console.width))
    made = list(claims(evidence))
    for claim in made:
        console.print(_line(claim), highlight=False)
    holds = all(claim.holds for claim in made)
    verdict = "Every order came to its end, nothing was done twice." if holds else "Not proven."
    console.print()
    console.print(f"  [bold {'green' if holds else 'red'}]{verdict}[/]  {seconds:.0f} s in all")
    return holds


def _explain(
    console: Console, processes: Processes, progresses: Sequence[Progress], why: str
) -> None:
    """Show where it stands and what the processes wrote last."""
    if progresses:
        console.print(orders_table(progresses, "where it stopped", width=console.width))
    for name in ("server", "payments", "workers"):
        log = processes.log_of(name)
        if log.exists():
            lines = log.read_text(encoding="utf-8", errors="replace").splitlines()[-_LOG_LINES:]
            console.print(Panel("\n".join(lines), title=f"the end of {log.name}"), markup=False)
    console.print(f"[bold red]The demo failed:[/] {why}", highlight=False)


def _line(claim: Claim) -> str:
    mark = "[green]✓[/]" if claim.holds else "[bold red]✗[/]"
    return f"  {mark} {claim.text}"


def _is_over(progress: Progress) -> bool:
    return progress.status in FINISHED


def _is_busy(progresses: Sequence[Progress]) -> bool:
    finished = sum(not a.is_open for p in progresses for a in p.parts())
    return bool(
        finished >= _PARTS_BEFORE_CRASH and _waits(progresses) and _parts_under_way(progresses)
    )


def _is_in_the_middle(progresses: Sequence[Progress]) -> bool:
    return _is_busy(progresses) and bool(_payments_under_way(progresses))


def _or_missed(holds: Callable[[Sequence[Progress]], bool]) -> Callable[[Sequence[Progress]], bool]:
    """Return what is true in that moment, or when it has passed unseen between two looks."""
    return lambda progresses: holds(progresses) or _is_quiet(progresses)


def _is_quiet(progresses: Sequence[Progress]) -> bool:
    return all(_is_over(p) or bool(_waits([p])) for p in progresses)


def _under_way(progresses: Sequence[Progress]) -> str:
    return (
        f"{len(_payments_under_way(progresses))} payments, {len(_waits(progresses))} waits and "
        f"{len(_parts_under_way(progresses))} forked tasks"
    )


def _waits(progresses: Sequence[Progress]) -> list[Attempt]:
    return [a for p in progresses for a in p.attempts if a.ref == "luthier" and a.is_open]


def _payments_under_way(progresses: Sequence[Progress]) -> list[Attempt]:
    return [a for p in progresses for a in p.attempts if a.type == "HTTP" and a.is_open]


def _parts_under_way(progresses: Sequence[Progress]) -> list[Attempt]:
    return [a for p in progresses for a in p.parts() if a.is_open]


def _console() -> Console:
    sys.stdout.reconfigure(errors="replace")  # type: ignore[union-attr]  # a terminal or a pipe
    console = Console()
    return console if console.is_terminal else Console(width=_PLAIN_WIDTH)


def _interrupt(signal_number: int, frame: object) -> NoReturn:
    raise KeyboardInterrupt


if __name__ == "__main__":
    sys.exit(main())
