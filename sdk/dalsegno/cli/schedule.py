"""``dalsegno schedule``: when workflows are started by the clock."""

import json
from collections.abc import Iterable, Sequence
from itertools import islice
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, TypeAlias

import typer

from dalsegno.cli.console import Column, confirm, remark, say, show_facts, show_json, show_table
from dalsegno.cli.options import AsJson, InputJson, Limit, Reason, Url, Yes, connect, json_object
from dalsegno.cli.search import joined, one_of
from dalsegno.cli.suggestions import schedule_names, workflow_names
from dalsegno.cli.view.statuses import colour, sign
from dalsegno.cli.view.times import both, local, now_millis, relative

if TYPE_CHECKING:
    from rich.text import Text

    from dalsegno.models import JsonObject, WorkflowSchedule, WorkflowScheduleExecution

app = typer.Typer(help="Start workflows by the clock.", no_args_is_help=True)

Name: TypeAlias = Annotated[
    str, typer.Argument(help="Of the schedule.", metavar="NAME", autocompletion=schedule_names)
]
Names: TypeAlias = Annotated[
    list[str],
    typer.Argument(help="Of schedules.", metavar="NAME...", autocompletion=schedule_names),
]
Zone: TypeAlias = Annotated[
    str, typer.Option("--zone", "-z", help="Such as Europe/Madrid.", metavar="ZONE")
]

_SCHEDULES = (
    Column("schedule"),
    Column("workflow"),
    Column("when"),
    Column("next", whole=True),
    Column("zone", wide=True),
    Column("paused because", wide=True),
)
_EXECUTIONS = (
    Column("schedule"),
    Column("execution", whole=True),
    Column("due", whole=True),
    Column("at", wide=True, whole=True),
    Column("workflow", wide=True, cut=True),
    Column("reason", wide=True, cut=True),
)


@app.command("list")
def list_(
    workflow: Annotated[
        str | None,
        typer.Option("--workflow", help="Only those that start it.", autocompletion=workflow_names),
    ] = None,
    url: Url = None,
    as_json: AsJson = False,
) -> None:
    """List schedules with their next times.

    [dim]dalsegno schedule list --workflow nightly_report[/dim]
    """
    found = connect(url).schedules.all(workflow_name=workflow)
    if as_json:
        show_json([each.to_wire() for each in found])
    elif found:
        show_table(_SCHEDULES, _schedule_rows(found))
    else:
        remark("no schedules found: dalsegno schedule put --help")


@app.command()
def get(name: Name, url: Url = None, as_json: AsJson = False) -> None:
    """Show a schedule.

    [dim]dalsegno schedule get nightly[/dim]
    """
    found = connect(url).schedules.get(name)
    show_json(found.to_wire()) if as_json else show_facts(_facts(found))


@app.command()
def put(
    name: Annotated[str | None, typer.Argument(help="Of the schedule.", metavar="[NAME]")] = None,
    cron: Annotated[
        str | None,
        typer.Option(
            "--cron", "-c", help="second minute hour day month weekday", metavar="EXPRESSION"
        ),
    ] = None,
    workflow: Annotated[
        str | None,
        typer.Option(
            "--workflow", "-w", help="What to start.", metavar="NAME", autocompletion=workflow_names
        ),
    ] = None,
    input: InputJson = "{}",
    version: Annotated[
        int | None, typer.Option("--version", "-v", help="The highest unless given.", metavar="N")
    ] = None,
    zone: Zone = "UTC",
    paused: Annotated[bool, typer.Option("--paused", help="Until it is resumed.")] = False,
    file: Annotated[
        Path | None,
        typer.Option(
            "--file", "-f", exists=True, dir_okay=False, help="Of JSON that says all of it."
        ),
    ] = None,
    url: Url = None,
) -> None:
    """Create or replace a schedule.

    [dim]dalsegno schedule put nightly --cron "0 30 2 * * *" --zone Europe/Madrid -w report[/dim]
    """
    from dalsegno.models import WorkflowSchedule

    if file is not None:
        if name or cron or workflow:
            raise typer.BadParameter("says all of it: give nothing beside it", param_hint="--file")
        asked = json_object(f"@{file}", "--file")
    elif name and cron and workflow:
        request: JsonObject = {"name": workflow, "version": version, "input": json_object(input)}
        asked = {
            "name": name,
            "cronExpression": cron,
            "zoneId": zone,
            "paused": paused,
            "startWorkflowRequest": request,
        }
    else:
        raise typer.BadParameter("NAME, --cron and --workflow are needed, or --file")
    kept = connect(url).schedules.put(_checked(WorkflowSchedule, asked))
    say(f"schedule {kept.name} starts {kept.start_workflow_request.name}: {_next(kept)}")


@app.command()
def pause(names: Names, reason: Reason = None, url: Url = None) -> None:
    """Let schedules start nothing until they are resumed.

    [dim]dalsegno schedule pause nightly --reason "the database is being moved"[/dim]
    """
    client = connect(url)
    for name in names:
        client.schedules.pause(name, reason)
        say(f"paused {name}")


@app.command()
def resume(names: Names, url: Url = None) -> None:
    """Let paused schedules go on.

    [dim]dalsegno schedule resume nightly[/dim]
    """
    client = connect(url)
    for name in names:
        client.schedules.resume(name)
        say(f"resumed {name}: {_next(client.schedules.get(name))}")


@app.command()
def delete(names: Names, yes: Yes = False, url: Url = None) -> None:
    """Delete schedules; what they have started goes on.

    [dim]dalsegno schedule delete nightly --yes[/dim]
    """
    client = connect(url)
    for name in names:
        client.schedules.get(name)
    confirm(f"delete {', '.join(names)}", yes=yes)
    for name in names:
        client.schedules.delete(name)
        say(f"deleted {name}")


@app.command("next")
def next_(
    what: Annotated[
        str,
        typer.Argument(
            help="Name of a schedule, or a cron expression in quotes.",
            metavar="NAME|CRON",
            autocompletion=schedule_names,
        ),
    ],
    zone: Zone = "UTC",
    count: Annotated[int, typer.Option("--count", "-n", min=1, max=100, help="How many.")] = 5,
    url: Url = None,
    as_json: AsJson = False,
) -> None:
    """Show the next times of a schedule, or of a cron expression that is not used yet.

    [dim]dalsegno schedule next "0 0 9 * * MON-FRI" --zone Europe/Madrid[/dim]
    """
    client = connect(url)
    crons = [(what, zone)]
    if " " not in what:
        schedule = client.schedules.get(what)
        crons = crons_of(schedule)
    times = sorted(
        time
        for expression, zone_id in crons
        for time in client.schedules.preview(expression, zone_id=zone_id, limit=count)
    )[:count]
    if as_json:
        show_json(list(times))
        return
    for time in times:
        say(both(time, now_millis()))
    if not times:
        remark("it never comes")


@app.command()
def history(
    name: Annotated[
        str | None,
        typer.Argument(
            help="Of the schedule; all unless given.",
            metavar="[NAME]",
            autocompletion=schedule_names,
        ),
    ] = None,
    failed: Annotated[bool, typer.Option("--failed", help="Only what started nothing.")] = False,
    limit: Limit = 20,
    url: Url = None,
    as_json: AsJson = False,
) -> None:
    """Show what schedules have started, the latest first.

    [dim]dalsegno schedule history nightly --failed[/dim]
    """
    query = joined(
        one_of("scheduleName", [name] if name else ()),
        one_of("state", ["FAILED"] if failed else ()),
    )
    hits = connect(url).schedules.executions(query or None, sort="scheduledTime:DESC")
    found = list(islice(hits, limit))
    if as_json:
        show_json([each.to_wire() for each in found])
    elif found:
        show_table(_EXECUTIONS, _execution_rows(found))
    else:
        remark("nothing was started")


def _checked(kind: "type[WorkflowSchedule]", asked: "JsonObject") -> "WorkflowSchedule":
    from pydantic import ValidationError

    from dalsegno.errors import InvalidRequestError

    try:
        return kind.model_validate_json(json.dumps(asked))
    except ValidationError as error:
        raise InvalidRequestError.from_validation(error) from None


def crons_of(schedule: "WorkflowSchedule") -> list[tuple[str, str]]:
    """Return the expressions of a schedule with their zones."""
    if schedule.cron_schedules:
        return [(each.cron_expression, each.zone_id) for each in schedule.cron_schedules]
    return [(schedule.cron_expression or "", schedule.zone_id)]


def _when(schedule: "WorkflowSchedule") -> str:
    return "; ".join(expression for expression, _ in crons_of(schedule))


def _next(schedule: "WorkflowSchedule") -> str:
    if schedule.paused:
        return "paused"
    if not schedule.next_run_time:
        return "never"
    return f"next {both(schedule.next_run_time, now_millis())}"


def _facts(schedule: "WorkflowSchedule") -> "Sequence[tuple[str, str | None]]":
    now, request = now_millis(), schedule.start_workflow_request
    version = f" v{request.version}" if request.version else ""
    return (
        ("schedule", schedule.name),
        ("description", schedule.description),
        ("workflow", f"{request.name}{version}"),
        ("input", json.dumps(request.input, ensure_ascii=False) if request.input else None),
        ("when", "; ".join(f"{cron} ({zone})" for cron, zone in crons_of(schedule))),
        ("from", local(schedule.schedule_start_time or 0)),
        ("until", local(schedule.schedule_end_time or 0)),
        ("next", _next(schedule)),
        ("reason", schedule.paused_reason if schedule.paused else None),
        ("catches up", "yes" if schedule.run_catchup_schedule_instances else None),
        ("created", both(schedule.create_time, now)),
        ("changed", both(schedule.updated_time, now)),
    )


def _schedule_rows(found: "Iterable[WorkflowSchedule]") -> Iterable[Sequence[str]]:
    now = now_millis()
    for each in found:
        yield (
            each.name,
            each.start_workflow_request.name,
            _when(each),
            "paused" if each.paused else relative(each.next_run_time or 0, now) or "never",
            ", ".join(dict.fromkeys(zone for _, zone in crons_of(each))),
            (each.paused_reason or "") if each.paused else "",
        )


def _execution_rows(
    found: "Iterable[WorkflowScheduleExecution]",
) -> "Iterable[Sequence[str | Text]]":
    from rich.text import Text

    now = now_millis()
    for each in found:
        yield (
            Text(f"{sign(each.state)} {each.schedule_name}", style=colour(each.state)),
            each.workflow_id or "",
            relative(each.scheduled_time, now),
            local(each.scheduled_time),
            each.workflow_name or "",
            each.reason or "",
        )
