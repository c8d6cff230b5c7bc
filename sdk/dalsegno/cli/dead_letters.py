"""``dalsegno dead-letters``: what the queues of a deployment gave up."""

import json
from typing import TYPE_CHECKING, Annotated, TypeAlias

import typer

from dalsegno.cli.aws import Region, Stage, aws, region_or_end
from dalsegno.cli.console import Column, confirm, say, show_json, show_table
from dalsegno.cli.options import AsJson, Yes
from dalsegno.cli.view.times import now_millis, relative
from dalsegno.printable import printable_json

if TYPE_CHECKING:
    from dalsegno_state.dead_letters import DeadLetters

app = typer.Typer(help="What the queues of a deployment on AWS gave up.", no_args_is_help=True)

Queue: TypeAlias = Annotated[
    str, typer.Argument(help="Where they come from, as list names it.", metavar="QUEUE")
]

_COLUMNS = (
    Column("queue", whole=True),
    Column("dead letters", right=True),
    Column("oldest sent", whole=True),
)


@app.command("list")
def list_(stage: Stage = "dev", region: Region = None, as_json: AsJson = False) -> None:
    """List how many there are of each queue, and how old.

    [dim]dalsegno dead-letters list --stage prod[/dim]
    """
    with aws():
        queues = _letters(stage, region).queues()
    if as_json:
        show_json(
            [
                {"queue": each.source, "count": each.depth, "oldestSentAt": each.oldest_sent_at}
                for each in queues
            ]
        )
        return
    now = now_millis()
    show_table(
        _COLUMNS,
        (
            (
                each.source,
                str(each.depth),
                "" if each.oldest_sent_at is None else relative(each.oldest_sent_at, now),
            )
            for each in queues
        ),
    )


@app.command()
def show(
    queue: Queue,
    stage: Stage = "dev",
    count: Annotated[
        int, typer.Option("--count", "-n", min=1, help="At most so many.", metavar="N")
    ] = 10,
    region: Region = None,
) -> None:
    """Print some as lines of JSON, oldest first, and leave them where they are.

    [dim]dalsegno dead-letters show _results --stage prod[/dim]
    """
    with aws():
        letters = _letters(stage, region).letters(queue, count)
    for letter in letters:
        shown = {"id": letter.message_id, "sentAt": letter.sent_at, "body": letter.body}
        say(printable_json(json.dumps(shown)))


@app.command()
def redrive(
    queue: Queue,
    stage: Stage = "dev",
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Only print how many they are.")
    ] = False,
    region: Region = None,
    yes: Yes = False,
) -> None:
    """Send all of a queue back to it.

    [dim]dalsegno dead-letters redrive _results --stage prod --dry-run[/dim]
    """
    with aws():
        letters = _letters(stage, region)
        if dry_run:
            depth = next((each.depth for each in letters.queues() if each.source == queue), 0)
            say(f"would send about {depth} back to {queue}; nothing was changed")
            return
        confirm(f"send all dead letters back to {queue}", yes=yes)
        count = letters.redrive(queue).count
    if count is None:
        say(f"SQS is sending them back to {queue}; list shows how far it is")
    else:
        say(f"sent {count} back to {queue}")


def _letters(stage: str, region: str | None) -> "DeadLetters":
    from dalsegno_functions.wiring import dead_letters

    return dead_letters(region_or_end(region), f"dalsegno-{stage}-")
