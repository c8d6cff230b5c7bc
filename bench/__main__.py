"""``python -m bench``: measures, prints a table, and keeps the figures as JSON."""

import argparse
import json
import os
import platform
import time
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

from rich.console import Console
from rich.table import Table

from bench.figures import Figure, Verdict
from bench.scale import FULL, QUICK, Scale
from bench.scenarios import (
    aws,
    chains,
    forks,
    history,
    imports,
    loops,
    storage,
    throughput,
    waiting,
    workers,
)

RESULTS: Final = Path(__file__).parent / "results"
SCENARIOS: Final[dict[str, Callable[[Scale], Iterator[Figure]]]] = {
    "throughput": throughput.measure,
    "chains": chains.measure,
    "forks": forks.measure,
    "loops": loops.measure,
    "history": history.measure,
    "storage": storage.measure,
    "imports": imports.measure,
    "waiting": waiting.measure,
    "workers": workers.measure,
    "aws": aws.measure,
}
_WIDTH: Final = 110
_COLOURS: Final = {Verdict.PASS: "green", Verdict.MISS: "red", Verdict.NONE: "dim"}


def main() -> None:
    """Run the scenarios that are asked for."""
    arguments = _arguments()
    scale = QUICK if arguments.quick else FULL
    console = Console(stderr=True)
    measured: dict[str, list[Figure]] = {}
    for name in arguments.only or SCENARIOS:
        began = time.monotonic()
        with console.status(f"measuring {name} ..."):
            measured[name] = list(SCENARIOS[name](scale))
        console.print(f"{name}: measured in {time.monotonic() - began:.0f} s", style="dim")
    _printer().print(_table(measured))
    console.print(f"kept in {_keep(measured, scale)}", style="dim")


def _arguments() -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__)
    parser.add_argument(
        "--only", action="append", choices=SCENARIOS, help="a scenario; may be repeated"
    )
    parser.add_argument("--quick", action="store_true", help="shorter, and less exact")
    return parser.parse_args()


def _printer() -> Console:
    """Return a console that is wide enough for the table, also where there is no terminal."""
    console = Console()
    return console if console.is_terminal else Console(width=_WIDTH)


def _table(measured: dict[str, list[Figure]]) -> Table:
    table = Table(title="Dalsegno, measured")
    table.add_column("Scenario")
    table.add_column("Figure", no_wrap=True)
    table.add_column("Measured", justify="right")
    table.add_column("Unit")
    table.add_column("Budget", justify="right")
    table.add_column("")
    for name, figures in measured.items():
        for number, figure in enumerate(figures):
            table.add_row(
                "" if number else name,
                figure.name,
                f"{figure.value:,.2f}",
                figure.unit,
                figure.budget,
                f"[{_COLOURS[figure.verdict]}]{figure.verdict.value}",
                end_section=number == len(figures) - 1,
            )
    return table


def _keep(measured: dict[str, list[Figure]], scale: Scale) -> str:
    """Write the figures to a new file and return its name, relative to where this is run."""
    now = datetime.now(UTC)
    RESULTS.mkdir(exist_ok=True)
    path = RESULTS / f"{now:%Y%m%dT%H%M%SZ}.json"
    document = {
        "measuredAt": now.isoformat(timespec="seconds"),
        "python": platform.python_version(),
        "system": f"{platform.system()} {platform.machine()}",
        "cpus": os.cpu_count(),
        "quick": scale.is_quick,
        "figures": {
            name: [figure.to_json() for figure in figures] for name, figures in measured.items()
        },
    }
    path.write_text(json.dumps(document, indent=2) + "\n")
    return os.path.relpath(path)


if __name__ == "__main__":
    main()
