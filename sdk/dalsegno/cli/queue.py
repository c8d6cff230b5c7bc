"""``dalsegno queue``: queues of tasks that wait for workers."""

from collections.abc import Iterable, Sequence
from typing import TYPE_CHECKING, Annotated, TypeAlias

import typer

from dalsegno.cli.console import Column, remark, say, show_facts, show_json, show_table
from dalsegno.cli.options import AsJson, Limit, Url, connect
from dalsegno.cli.suggestions import task_types
from dalsegno.cli.view.statuses import shown
from dalsegno.cli.view.times import now_millis, relative

if TYPE_CHECKING:
    from rich.text import Text

    from dalsegno.models import PollData, Task

app = typer.Typer(help="Tasks that wait for workers, and who asks for them.", no_args_is_help=True)

Type: TypeAlias = Annotated[
    str,
    typer.Argument(help="Name of the task definition.", metavar="TYPE", autocompletion=task_types),
]

_QUEUES = (
    Column("queue"),
    Column("waiting", right=True),
    Column("in hand", right=True),
    Column("polled", whole=True),
    Column("by", wide=True),
)
_TASKS = (
    Column("task", whole=True),
    Column("status", whole=True),
    Column("scheduled", whole=True),
    Column("workflow", wide=True),
    Column("worker", wide=True),
)


@app.command("list")
def list_(
    full: Annotated[
        bool, typer.Option("--waiting", help="Only queues in which something waits.")
    ] = False,
    url: Url = None,
    as_json: AsJson = False,
) -> None:
    """List queues that are used: how much waits, how much is in workers' hands, who polled last.

    [dim]dalsegno queue list --waiting[/dim]
    """
    client = connect(url)
    details, polls = client.queues.details(), client.queues.polls()
    sizes = {name: _summed(shards) for name, shards in details.items()}
    for poll in polls:  # who asks in vain is worth knowing, too
        sizes.setdefault(_queue_of(poll), (0, 0))
    last = {_queue_of(poll): poll for poll in sorted(polls, key=lambda each: each.last_poll_time)}
    shown_sizes = {
        name: (waiting, in_hand)
        for name, (waiting, in_hand) in sorted(sizes.items())
        if waiting or (not full and (in_hand or name in last))
    }
    if as_json:
        show_json(
            [
                {
                    "queue": name,
                    "size": size,
                    "inHand": in_hand,
                    "lastPollTime": last[name].last_poll_time if name in last else None,
                    "lastWorkerId": last[name].worker_id if name in last else None,
                }
                for name, (size, in_hand) in shown_sizes.items()
            ]
        )
    elif shown_sizes:
        show_table(_QUEUES, _queue_rows(shown_sizes, last))
    else:
        remark("nothing waits for a worker")


@app.command()
def size(
    types: Annotated[
        list[str],
        typer.Argument(
            help="Names of task definitions.", metavar="TYPE...", autocompletion=task_types
        ),
    ],
    url: Url = None,
    as_json: AsJson = False,
) -> None:
    """Print how many tasks wait; one number for one type.

    [dim]dalsegno queue size charge_card[/dim]
    """
    sizes = connect(url).queues.sizes(*types)
    if as_json:
        show_json(dict(sizes))
    elif len(types) == 1:
        say(str(sizes.get(types[0], 0)))
    else:
        for name in types:
            say(f"{sizes.get(name, 0):>8}  {name}")


@app.command()
def show(type: Type, limit: Limit = 20, url: Url = None, as_json: AsJson = False) -> None:
    """Show a queue: its length, the workers that poll it, its open tasks.

    [dim]dalsegno queue show charge_card[/dim]
    """
    client = connect(url)
    waiting = client.queues.sizes(type).get(type, 0)
    polls = client.queues.polls(type)
    tasks = client.tasks.pending(type, count=limit)
    if as_json:
        show_json(
            {
                "queue": type,
                "size": waiting,
                "polls": [poll.to_wire() for poll in polls],
                "tasks": [task.to_wire() for task in tasks],
            }
        )
        return
    show_facts([("queue", type), ("waiting", str(waiting)), *_poll_facts(polls)])
    if tasks:
        show_table(_TASKS, _task_rows(tasks))


@app.command()
def requeue(type: Type, url: Url = None) -> None:
    """Announce the tasks that wait for a worker once more; harmless if it was needless.

    [dim]dalsegno queue requeue charge_card[/dim]
    """
    count = connect(url).queues.requeue(type)
    say(f"announced {count} {'task' if count == 1 else 'tasks'} of {type} again")


def _summed(shards: dict[str, dict[str, int]]) -> tuple[int, int]:
    return (
        sum(shard.get("size", 0) for shard in shards.values()),
        sum(shard.get("uacked", 0) for shard in shards.values()),
    )


def _queue_of(poll: "PollData") -> str:
    return f"{poll.domain}:{poll.queue_name}" if poll.domain else poll.queue_name


def _queue_rows(
    sizes: dict[str, tuple[int, int]], last: "dict[str, PollData]"
) -> Iterable[Sequence[str]]:
    now = now_millis()
    for name, (waiting, in_hand) in sizes.items():
        poll = last.get(name)
        polled = relative(poll.last_poll_time, now) if poll else "never"
        by = (poll.worker_id or "") if poll else ""
        yield name, str(waiting), str(in_hand), polled, by


def _poll_facts(polls: "Sequence[PollData]") -> Iterable[tuple[str, str]]:
    now = now_millis()
    for poll in polls:
        domain = f" in {poll.domain}" if poll.domain else ""
        yield "polled", f"{relative(poll.last_poll_time, now)} by {poll.worker_id or '?'}{domain}"
    if not polls:
        yield "polled", "never: is a worker running?"


def _task_rows(tasks: "Iterable[Task]") -> "Iterable[Sequence[str | Text]]":
    now = now_millis()
    for task in tasks:
        yield (
            task.task_id,
            shown(task.status),
            relative(task.scheduled_time, now),
            f"{task.workflow_type} {task.workflow_instance_id}",
            task.worker_id or "",
        )
