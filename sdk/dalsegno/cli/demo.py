"""``dalsegno demo``: an order, from start to end, in one process."""

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from typing import TYPE_CHECKING, Annotated, Final

import typer

from dalsegno.cli.console import installed, say

if TYPE_CHECKING:
    from dalsegno.client import Dalsegno
    from dalsegno.definitions import Workflow
    from dalsegno.workers import Worker

_ITEMS: Final = ["violin", "bow", "rosin"]


def demo(
    pace: Annotated[
        float, typer.Option(min=0, help="Seconds that a step takes.", metavar="SECONDS")
    ] = 0.7,
) -> None:
    """Watch a workflow run: a server in memory, workers, a fork, and a till that fails once.

    Nothing is kept, and nothing outside this process is asked.

    [dim]dalsegno demo[/dim]
    """
    from dalsegno.cli.workflow.watching import watch

    with _server() as url:
        client = _registered(url)
        execution = client.start("demo_order", {"items": _ITEMS, "card": "4242"})
        say(f"an engine in memory at {url}, three workers, one order\n")
        with _workers(url, pace):
            try:
                watch(execution.id, interval=0.1, url=url)
            finally:
                say("\nThe first charge failed and was tried again: nothing was lost.")
                say("A project of your own: dalsegno init shop")


@contextmanager
def _server() -> Iterator[str]:
    """Serve an engine on a free port of this machine."""
    with installed("local"):
        from dalsegno_functions.local.logs import LogFormat, configure
        from dalsegno_functions.local.server import LocalServer
        from dalsegno_functions.wiring import local_engine

    configure("error", LogFormat.TEXT)
    engine = local_engine(None)
    server = LocalServer(engine, port=0)
    thread = threading.Thread(target=server.run, daemon=True)
    thread.start()
    try:
        yield server.url
    finally:
        server.stop()
        thread.join()
        engine.close()


def _registered(url: str) -> "Dalsegno":
    """Return a client of a server that knows the workflow."""
    from dalsegno.client import Dalsegno
    from dalsegno.models import TaskDef

    client = Dalsegno(url)
    client.definitions.tasks.put(TaskDef(name="charge", retry_count=3, retry_delay_seconds=1))
    client.definitions.workflows.put(_order().definition())
    return client


def _order() -> "Workflow":
    from dalsegno.definitions import Workflow, each, input, parallel, task

    pick = each(input.items, task("pick", ref="pick_item"), ref="picked")
    charge = task("charge", card=input.card)
    ship = task("ship", receipt=charge.output.receipt)
    return Workflow(
        "demo_order", parallel([pick], charge, ref="at_once"), ship, output={"ship": ship.output}
    )


def _workers(url: str, pace: float) -> "Worker":
    """Return workers that take their time, and of which one fails once."""
    import time

    from dalsegno.workers import Retry, TaskContext, Worker, worker

    @worker
    def pick(input: str) -> str:
        time.sleep(pace)
        return f"{input}, wrapped"

    @worker
    def charge(card: str, task: TaskContext) -> dict[str, str]:
        time.sleep(pace)
        if task.attempt == 1:
            raise Retry("the till is busy")
        return {"receipt": f"R-{card}"}

    @worker
    def ship(receipt: str) -> dict[str, str]:
        time.sleep(pace)
        return {"parcel": f"P-{receipt}"}

    return Worker(pick, charge, ship, url=url, concurrency=2)
