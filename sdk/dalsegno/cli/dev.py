"""``dalsegno dev``: the whole engine on this machine."""

import signal
from contextlib import suppress
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from dalsegno import __version__
from dalsegno.cli.console import give_up, installed, say
from dalsegno_functions.local.logs import LogFormat, configure

if TYPE_CHECKING:
    from dalsegno_functions.local.server import LocalServer


def dev(
    port: Annotated[
        int, typer.Option(min=0, max=65535, help="Port to listen on; 0 takes any that is free.")
    ] = 8080,
    host: Annotated[
        str,
        typer.Option(
            help="Address to listen on. Nobody is asked who they are: "
            "whoever can reach it can run workflows."
        ),
    ] = "127.0.0.1",
    allow_host: Annotated[
        list[str],
        typer.Option(
            help="A name with dots by which clients ask for this server, such as that of a "
            "proxy before it; may be given several times.",
            metavar="NAME",
        ),
    ] = [],  # noqa: B006  (typer reads it, nobody changes it)
    data: Annotated[
        Path, typer.Option(file_okay=False, help="Directory that holds all state; made if absent.")
    ] = Path(".dalsegno"),
    memory: Annotated[
        bool, typer.Option("--memory", help="Keep nothing: all state is gone with the server.")
    ] = False,
    retention_days: Annotated[
        int,
        typer.Option(min=0, max=36_500, help="Remove executions so long after their end."),
    ] = 0,
    archive: Annotated[
        bool, typer.Option("--archive", help="Write what is removed to `archive` in the directory.")
    ] = False,
    log_level: Annotated[
        str, typer.Option(help="debug, info, warning or error.", metavar="LEVEL")
    ] = "info",
    log_format: Annotated[
        LogFormat, typer.Option(help="auto is text at a terminal, JSON elsewhere.")
    ] = LogFormat.AUTO,
) -> None:
    """Run the whole engine on this machine, with its state in one directory.

    Point any Conductor SDK at it:

        export CONDUCTOR_SERVER_URL=http://127.0.0.1:8080/api

    State survives a restart, and a crash.

    Stop the server with Ctrl-C: requests under way get ten seconds to finish.
    """
    if log_level.lower() not in {"debug", "info", "warning", "error"}:
        raise typer.BadParameter("debug, info, warning or error", param_hint="--log-level")
    configure(log_level, log_format)
    directory = None if memory else data
    server = _server(
        (host, port), allow_host, directory, days=retention_days or None, archive=archive
    )
    say(_banner(server.url, directory))
    signal.signal(signal.SIGTERM, signal.default_int_handler)  # as Ctrl-C: finish, then end
    with suppress(KeyboardInterrupt):
        server.run()


def _server(
    address: tuple[str, int],
    allowed_hosts: list[str],
    directory: Path | None,
    *,
    days: int | None,
    archive: bool,
) -> "LocalServer":
    # Imported here, as these take half a second that `--help` need not take.
    with installed("local"):
        from dalsegno_functions.local.server import AddressInUseError, LocalServer
        from dalsegno_functions.wiring import DataDirectoryError, local_engine
        from dalsegno_state.engine import Retention

    retention = Retention(days=days, archive=archive)
    try:
        local = local_engine(directory, retention=retention)
        host, port = address
        return LocalServer(local, host=host, port=port, allowed_hosts=allowed_hosts)
    except (AddressInUseError, DataDirectoryError) as error:
        give_up(str(error))


def _banner(url: str, directory: Path | None) -> str:
    state = "in memory, gone when the server stops" if directory is None else directory.resolve()
    return "\n".join(
        (
            "",
            f"  Dalsegno {__version__}",
            "",
            f"  API      {url}/api",
            f"  Docs     {url}/docs",
            f"  State    {state}",
            "",
            "  Point a Conductor SDK at it:",
            f"    export CONDUCTOR_SERVER_URL={url}/api",
            "",
        )
    )
