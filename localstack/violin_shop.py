"""The violin shop against a deployed stack: its functions are killed half-way, not a server.

    python localstack/violin_shop.py http://127.0.0.1:8080 --emulator-pid 4711

The shop, its workers and its payment service are those of ``examples/violin_shop``, written with
the official SDK. Needs an emulator on this machine, as HTTP tasks call the payment service here.
"""

import argparse
import shutil
import signal
import subprocess
import sys
import tempfile
import time
import urllib.error
import urllib.request
from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus
from pathlib import Path
from typing import Final

from conductor.client.http.rest import ApiException
from rich.console import Console

sys.path.insert(0, str(Path(__file__).parents[1]))

from examples.violin_shop.demo import Demo, GaveUpError
from examples.violin_shop.display import Display, orders_table
from examples.violin_shop.ledger import Ledger
from examples.violin_shop.orders import Attempt
from examples.violin_shop.processes import Processes, free_port
from examples.violin_shop.proof import claims
from examples.violin_shop.server import NotServingError, Server, await_answer
from examples.violin_shop.shop import Shop

_SEED: Final = 12
_START_SECONDS: Final = 180.0
_WIDTH: Final = 110


class Functions(Server):
    """The functions of a deployment in place of the demo's server.

    Args:
        url: Where the deployed API is found, without ``/api``.
        emulator_pid: The process whose children run the functions; None leaves them alive.
    """

    def __init__(self, url: str, emulator_pid: int | None) -> None:
        self.url = url
        self._emulator_pid = emulator_pid

    @property
    def pid(self) -> int:
        """Id of the emulator."""
        return self._emulator_pid or 0

    def start(self) -> float:
        """Wait until the functions answer again; return after how many seconds they did."""
        began = time.monotonic()
        while time.monotonic() - began < _START_SECONDS:
            try:
                with urllib.request.urlopen(f"{self.url}/health", timeout=30):  # noqa: S310
                    return time.monotonic() - began
            except urllib.error.HTTPError as error:
                if error.code == HTTPStatus.UNAUTHORIZED:  # functions that know keys are at work
                    return time.monotonic() - began
                time.sleep(0.2)
            except (urllib.error.URLError, OSError):
                time.sleep(0.2)
        raise NotServingError(f"nothing answers at {self.url}")

    def kill(self) -> int:
        """Kill every process that runs a function; return how they ended."""
        for pid in self.workers():
            subprocess.run(["kill", "-KILL", str(pid)], check=False)  # noqa: S603, S607
        return -signal.SIGKILL

    def workers(self) -> list[int]:
        """Return the processes that run functions: the emulator's children."""
        listed = subprocess.run(
            ["ps", "-A", "-o", "pid=,ppid="],  # noqa: S607
            capture_output=True,
            text=True,
            check=True,
        )
        pairs = (line.split() for line in listed.stdout.splitlines())
        return [int(pid) for pid, parent in pairs if int(parent) == self._emulator_pid]


def _nothing() -> None:
    """Do nothing."""


@dataclass(slots=True)
class DeployedDemo(Demo):
    """The demo on functions that were deployed before.

    Attributes:
        recovered: Called once the functions that were killed answer again.
    """

    functions: Functions | None = None
    recovered: Callable[[], None] = _nothing

    def open_the_shop(self) -> None:
        """Start everything but the functions and register the definitions."""
        if self.functions is None:
            raise NotServingError("there are no functions to run the shop on")
        self.server = self.functions
        seconds = self.server.start()
        self.display.say(f"the deployed API answers at {self.server.url} after {seconds:.1f} s")
        self.ledger = Ledger(self.directory / "ledger.jsonl")
        port = free_port()
        self.payment_url = f"http://127.0.0.1:{port}"
        payments = self.processes.start(
            "payments", [*_module("payment_service"), "--port", str(port), "--seed", str(_SEED)]
        )
        await_answer(f"{self.payment_url}/ledger", payments)
        self.processes.start(
            "workers",
            _module("workers"),
            {
                "CONDUCTOR_SERVER_URL": self.server.api_url,
                "VIOLIN_SHOP_LEDGER": str(self.ledger.path),
            },
        )
        self.shop = Shop(self.server.api_url, self.payment_url)
        self.shop.register()
        self.display.say("definitions registered, workers started with the official SDK")

    def crash(self) -> tuple[dict[str, Attempt], int]:
        """Kill the processes of all functions; return what had ended before, and how they ended."""
        exit_status = self.server.kill()
        self.display.say("[bold red]kill -9[/] of every process that ran a function")
        finished = dict(pair for p in self.progresses for pair in p.finished_attempts())
        seconds = self.server.start()
        self.display.say(f"[bold green]functions again[/] after {seconds:.1f} s")
        self.waiting_since = dict.fromkeys((p.workflow_id for p in self.custom_orders()), 0.0)
        self.recovered()
        return finished, exit_status


def play(
    url: str,
    emulator_pid: int | None,
    timeout_seconds: float,
    recovered: Callable[[], None] = _nothing,
) -> bool:
    """Run the shop against a deployment and print it; return whether all claims hold.

    Access keys, if it asks for them, are in the SDK's variables, ``CONDUCTOR_AUTH_KEY`` and
    ``CONDUCTOR_AUTH_SECRET``.
    """
    console = Console(width=_WIDTH)
    directory = Path(tempfile.mkdtemp(prefix="violin-shop-"))
    try:
        with Processes(directory) as processes:
            display = Display(console)
            demo = DeployedDemo(
                display,
                processes,
                directory,
                time.monotonic() + timeout_seconds,
                functions=Functions(url, emulator_pid),
                recovered=recovered,
            )
            with display:
                evidence = demo.play()
    except (ApiException, GaveUpError, NotServingError) as error:
        console.print(f"The violin shop failed: {error}; its logs are in {directory}")
        return False
    shutil.rmtree(directory)
    console.print(orders_table(evidence.orders, "×n: n attempts", width=_WIDTH))
    made = list(claims(evidence))
    for claim in made:
        console.print(f"  {'✓' if claim.holds else '✗'} {claim.text}", highlight=False)
    console.print(f"  {display.seconds:.0f} s in all")
    return all(claim.holds for claim in made)


def _module(name: str) -> list[str]:
    return [sys.executable, "-m", f"examples.violin_shop.{name}"]


def main() -> int:
    """Run it and return the exit status."""
    parser = argparse.ArgumentParser(description="The violin shop against a deployed stack.")
    parser.add_argument("url", help="where the API is found, without /api")
    parser.add_argument("--emulator-pid", type=int, help="whose children to kill half-way")
    parser.add_argument("--timeout", type=float, default=600, help="seconds before giving up")
    arguments = parser.parse_args()
    return 0 if play(arguments.url, arguments.emulator_pid, arguments.timeout) else 1


if __name__ == "__main__":
    sys.exit(main())
