"""``dalsegno keys``: access keys of a deployment, for whoever may write its table."""

from typing import TYPE_CHECKING, Annotated, TypeAlias

import typer

from dalsegno.cli.aws import Region, aws, region_or_end
from dalsegno.cli.console import (
    Column,
    Exit,
    confirm,
    give_up,
    remark,
    say,
    show_facts,
    show_json,
    show_table,
)
from dalsegno.cli.options import AsJson, Yes
from dalsegno.cli.view.times import both, now_millis, relative
from dalsegno_functions.auth.roles import Role

if TYPE_CHECKING:
    from dalsegno.models import JsonValue
    from dalsegno_functions.auth.keys import AccessKey, AccessKeys

app = typer.Typer(help="Access keys of a deployment on AWS, with auth=keys.", no_args_is_help=True)

TableName: TypeAlias = Annotated[
    str,
    typer.Option(
        "--table",
        help="The output DefinitionTable of the stack.",
        envvar="DALSEGNO_DEFINITION_TABLE",
        metavar="NAME",
    ),
]
KeyId: TypeAlias = Annotated[str, typer.Argument(help="Of the key.", metavar="KEY_ID")]

_COLUMNS = (
    Column("key", whole=True),
    Column("role", whole=True),
    Column("created", whole=True),
    Column("task types"),
    Column("note"),
)


@app.command()
def create(
    table: TableName,
    role: Annotated[Role, typer.Option(help="What it is there for: docs/deploy.md.")],
    task_type: Annotated[
        list[str] | None,
        typer.Option(help="Role worker: works on this; may be repeated.", metavar="TYPE"),
    ] = None,
    note: Annotated[str, typer.Option(help="What it is for.", metavar="TEXT")] = "",
    region: Region = None,
    as_json: AsJson = False,
) -> None:
    """Make a key and print it, this once: its secret is stored nowhere.

    [dim]dalsegno keys create --table NAME --role worker --task-type charge_card[/dim]
    """
    from dalsegno_functions import access_keys

    if task_type and role is not Role.WORKER:
        raise typer.BadParameter("only the role worker is for task types", param_hint="--task-type")
    with aws():
        keys = _keys(table, region)
        key_id, secret = access_keys.create(keys, role, task_type or (), note, now=now_millis())
    if as_json:
        show_json({"keyId": key_id, "keySecret": secret})
    else:
        say(f"CONDUCTOR_AUTH_KEY={key_id}\nCONDUCTOR_AUTH_SECRET={secret}")


@app.command("list")
def list_(table: TableName, region: Region = None, as_json: AsJson = False) -> None:
    """List all keys, without their secrets.

    [dim]dalsegno keys list --table NAME[/dim]
    """
    with aws():
        found = _keys(table, region).keys()
    if as_json:
        show_json([_json(key) for key in found])
    elif not found:
        remark("there are none")
    else:
        now = now_millis()
        show_table(
            _COLUMNS,
            (
                (
                    key.identity.caller,
                    key.identity.role.value,
                    relative(key.created_at, now),
                    _task_types(key),
                    key.note,
                )
                for key in found
            ),
        )


@app.command()
def show(key_id: KeyId, table: TableName, region: Region = None, as_json: AsJson = False) -> None:
    """Show a key, without its secret.

    [dim]dalsegno keys show KEY_ID --table NAME[/dim]
    """
    with aws():
        key = _keys(table, region).key(key_id)
    if key is None:
        give_up(f"there is no key {key_id}", Exit.NOT_FOUND)
    if as_json:
        show_json(_json(key))
        return
    show_facts(
        (
            ("key", key.identity.caller),
            ("role", key.identity.role.value),
            ("task types", _task_types(key)),
            ("created", both(key.created_at, now_millis())),
            ("note", key.note),
        )
    )


@app.command()
def revoke(key_id: KeyId, table: TableName, region: Region = None, yes: Yes = False) -> None:
    """Lock a key out within a minute, with the tokens that it was given.

    [dim]dalsegno keys revoke KEY_ID --table NAME[/dim]
    """
    confirm(f"revoke {key_id}", yes=yes)
    with aws():
        was_there = _keys(table, region).revoke(key_id)
    if not was_there:
        give_up(f"there is no key {key_id}", Exit.NOT_FOUND)
    say(f"revoked {key_id}")


def _keys(table: str, region: str | None) -> "AccessKeys":
    from dalsegno_functions.wiring import access_key_table

    return access_key_table(region_or_end(region), table)


def _task_types(key: "AccessKey") -> str:
    if key.identity.role is not Role.WORKER:
        return ""
    return " ".join(sorted(key.identity.task_types)) or "all"


def _json(key: "AccessKey") -> "JsonValue":
    return {
        "keyId": key.identity.caller,
        "role": key.identity.role.value,
        "taskTypes": [*sorted(key.identity.task_types)],
        "createdAt": key.created_at,
        "note": key.note,
    }
