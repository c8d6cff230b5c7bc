"""``dalsegno doctor``: is everything there, and does it fit together."""

from collections.abc import Iterator
from typing import TYPE_CHECKING, Annotated

import typer

from dalsegno.cli.console import Exit, out, show_json
from dalsegno.cli.options import AsJson, Url, connect

if TYPE_CHECKING:
    from dalsegno.cli.doctor.finding import Finding


def doctor(
    stage: Annotated[
        str | None,
        typer.Option(help="Look for dead letters of this deployment, too.", metavar="NAME"),
    ] = None,
    url: Url = None,
    as_json: AsJson = False,
) -> None:
    """Check installation, server, access and workers; say how to mend what is wrong.

    It changes nothing. It ends with status 1 if something fails, not if it only warns.

    [dim]dalsegno doctor --url https://abc.execute-api.eu-west-1.amazonaws.com/api[/dim]
    """
    from dalsegno.cli.doctor.finding import Level

    findings = []
    for finding in _findings(url, stage):
        findings.append(finding)
        if not as_json:
            _show(finding)
    if as_json:
        show_json([finding.json() for finding in findings])
    if any(finding.level is Level.FAILURE for finding in findings):
        raise typer.Exit(Exit.REFUSED)


def _findings(url: str | None, stage: str | None) -> "Iterator[Finding]":
    from dalsegno.cli.doctor import access, installation, server, work

    client = connect(url)
    yield from installation.findings()
    yield from installation.aws_findings(client.url, stage)
    found = list(server.findings(client.url))
    yield from found
    if any(finding.is_failure for finding in found):
        return
    rights = access.rights(client)
    yield from access.findings(rights)
    if access.Right.READ in rights.had:
        yield from work.findings(client)


def _show(finding: "Finding") -> None:
    from rich.text import Text

    line = Text.assemble((finding.level.sign, finding.level.style), f" {finding.what}")
    out().print(line)
    if finding.fix:
        out().print(Text(f"  {finding.fix}", style="dim"))
