"""``start`` and ``run``."""

from contextlib import suppress
from typing import TYPE_CHECKING, Annotated, TypeAlias

import typer

from dalsegno.cli.console import Exit, say, show_json, working
from dalsegno.cli.options import AsJson, InputJson, Url, connect, json_object
from dalsegno.cli.workflow.arguments import Name

if TYPE_CHECKING:
    from dalsegno.client import Execution
    from dalsegno.models import Workflow

Version: TypeAlias = Annotated[
    int | None, typer.Option("--version", "-v", help="The highest unless given.", metavar="N")
]
CorrelationId: TypeAlias = Annotated[
    str | None,
    typer.Option("--correlation-id", help="A name of your own to find it by.", metavar="TEXT"),
]
Key: TypeAlias = Annotated[
    str | None,
    typer.Option(
        "--idempotency-key",
        help="Start nothing if there is an execution with this key: answer with that one.",
        metavar="KEY",
    ),
]
Priority: TypeAlias = Annotated[
    int, typer.Option("--priority", min=0, max=99, help="Larger is served first.", metavar="0-99")
]
TimeoutSeconds: TypeAlias = Annotated[
    float | None,
    typer.Option("--timeout", help="Seconds to wait; without end unless given.", metavar="SECONDS"),
]


def start(
    name: Name,
    input: InputJson = "{}",
    version: Version = None,
    correlation_id: CorrelationId = None,
    idempotency_key: Key = None,
    priority: Priority = 0,
    wait: Annotated[
        bool, typer.Option("--wait", "-w", help="Until it has ended; show what became of it.")
    ] = False,
    timeout: TimeoutSeconds = None,
    url: Url = None,
    as_json: AsJson = False,
) -> None:
    """Start a workflow; print the id of the execution.

    [dim]dalsegno workflow start order_processing -i '{"order": "A-1"}' --wait[/dim]
    """
    execution = connect(url).start(
        name,
        json_object(input),
        version=version,
        correlation_id=correlation_id,
        priority=priority,
        idempotency_key=idempotency_key,
    )
    if not wait:
        show_json({"workflowId": execution.id}) if as_json else say(execution.id)
        return
    ended = wait_for_end(execution, timeout)
    if as_json:
        show_json(ended.to_wire())
    else:
        from dalsegno.cli.workflow.reading import show_account

        show_account(ended)
    raise typer.Exit(exit_of(ended))


def run(
    name: Name,
    input: InputJson = "{}",
    version: Version = None,
    correlation_id: CorrelationId = None,
    idempotency_key: Key = None,
    priority: Priority = 0,
    timeout: TimeoutSeconds = None,
    url: Url = None,
) -> None:
    """Start a workflow and wait for its end; print its output as JSON, and nothing else.

    [dim]dalsegno workflow run order_processing -i @order.json | jq .receipt[/dim]
    """
    with working(f"running {name}"):
        output = connect(url).run(
            name,
            json_object(input),
            timeout_seconds=timeout,
            version=version,
            correlation_id=correlation_id,
            priority=priority,
            idempotency_key=idempotency_key,
        )
    show_json(output)


def wait_for_end(execution: "Execution", timeout_seconds: float | None) -> "Workflow":
    """Return the execution once it has ended. Raises StillRunningError."""
    from dalsegno.client import WorkflowFailedError

    with working(f"waiting for {execution.id}"), suppress(WorkflowFailedError):
        execution.result(timeout_seconds=timeout_seconds)
    return execution.get()


def exit_of(workflow: "Workflow") -> Exit:
    """Return the exit status of a command that has waited for an execution."""
    return Exit.DONE if workflow.status == "COMPLETED" else Exit.NOT_COMPLETED
