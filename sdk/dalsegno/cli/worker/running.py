"""``dalsegno worker run``."""

from collections.abc import Sequence
from typing import TYPE_CHECKING, Annotated

import typer

from dalsegno.cli.console import give_up, installed, remark
from dalsegno.cli.options import Url, connect

if TYPE_CHECKING:
    from dalsegno.cli.worker.finding import AnyWorker
    from dalsegno.workers import Worker
    from dalsegno.workers.sqs import SqsQueues


def run(
    modules: Annotated[
        list[str],
        typer.Argument(
            help="Modules with @worker functions, or their files; one function: MODULE:NAME.",
            metavar="MODULE",
        ),
    ],
    concurrency: Annotated[
        int, typer.Option(min=1, help="Tasks of a type at once, if its worker does not say.")
    ] = 10,
    sqs: Annotated[
        bool, typer.Option("--sqs", help="Take tasks from SQS; AWS's usual environment is used.")
    ] = False,
    stage: Annotated[str, typer.Option(help="With --sqs: of the deployment.")] = "dev",
    metrics_port: Annotated[
        int | None, typer.Option(min=1, max=65535, help="Where Prometheus finds metrics.")
    ] = None,
    reload: Annotated[
        bool, typer.Option("--reload", help="Start again when a .py file below here changes.")
    ] = False,
    url: Url = None,
) -> None:
    """Do the tasks that functions in these modules are made for, until Ctrl-C.

    Ctrl-C, or SIGTERM, lets what is in work end; a second one does not wait for it.

    [dim]dalsegno worker run shop.workers[/dim]
    [dim]dalsegno worker run shop.workers:charge_card --concurrency 50[/dim]
    """
    if reload:
        from dalsegno.cli.worker.reloading import run_again_on_changes

        run_again_on_changes()
        return
    _configure_logs()
    with installed("metrics" if metrics_port else "sqs"):
        worker = _worker(modules, concurrency, _queues(stage) if sqs else None, metrics_port, url)
    worker.run()


def _worker(
    modules: Sequence[str],
    concurrency: int,
    queues: "SqsQueues | None",
    metrics_port: int | None,
    url: str | None,
) -> "Worker":
    from dalsegno.cli.worker.finding import workers_of
    from dalsegno.workers import SignatureError, Worker

    functions = workers_of(modules)
    where = connect(url).url
    try:
        worker = Worker(
            *functions, url=url, queues=queues, concurrency=concurrency, metrics_port=metrics_port
        )
    except SignatureError as error:
        give_up(str(error))
    remark(_banner(functions, "SQS" if queues else where))
    return worker


def _queues(stage: str) -> "SqsQueues":
    from dalsegno.workers.sqs import SqsQueues

    return SqsQueues(stage=stage)


def _banner(functions: "Sequence[AnyWorker]", where: str) -> str:
    width = max(len(each.task_type) for each in functions)
    lines = [
        f"  {each.task_type:<{width}}  {each.function.__module__}.{each.function.__qualname__}"
        + (f"  in domain {each.domain}" if each.domain else "")
        for each in functions
    ]
    return "\n".join([f"taking tasks from {where}", *lines])


def _configure_logs() -> None:
    import logging

    from dalsegno.log_lines import TextFormatter

    handler = logging.StreamHandler()
    handler.setFormatter(TextFormatter("%(asctime)s %(levelname)-7s %(message)s"))
    logging.basicConfig(level=logging.INFO, handlers=[handler])
    logging.getLogger("httpx").setLevel(logging.WARNING)  # a line for each poll
