"""``dalsegno deploy``: the project's CDK app, deployed with the CDK's own command."""

import json
import os
import platform
import re
import shlex
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from typing import Annotated, Any, Final, NoReturn
from urllib.parse import urlsplit

import typer

from dalsegno.cli.console import Exit, confirm, give_up, remark, say, working

# Newer ones of npm speak a schema that the pinned aws-cdk-lib does not.
CDK: Final = "aws-cdk@2.1148.1"

_OLDEST_NODE: Final = 20


@dataclass(frozen=True, slots=True)
class Target:
    """Where it goes.

    Attributes:
        emulator: Its address, as ``AWS_ENDPOINT_URL`` says; empty for AWS itself.
    """

    account: str
    region: str
    caller: str
    emulator: str

    @property
    def context(self) -> list[str]:
        """The CDK's options for it; an emulator runs functions right here, on this Python."""
        if not self.emulator:
            return []
        is_arm = platform.machine() in {"arm64", "aarch64"}
        python = f"{sys.version_info.major}.{sys.version_info.minor}"
        return ["-c", f"architecture={'arm64' if is_arm else 'x86_64'}", "-c", f"python={python}"]

    def reached(self, url: str) -> str:
        """Return an API's URL as clients reach it.

        Few systems know names in ``.localhost``, as ministack gives them; it has a path instead.
        """
        there = urlsplit(url)
        name, _, domain = (there.hostname or "").partition(".")
        if not self.emulator or not domain.endswith("localhost"):
            return url
        return f"{self.emulator.rstrip('/')}/_aws/execute-api/{name}/$default{there.path}"


def deploy(
    context: typer.Context,
    stage: Annotated[
        str | None, typer.Option(help="Instead of the one in cdk.json.", metavar="NAME")
    ] = None,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask first.")] = False,
    directory: Annotated[
        Path, typer.Option("--project", help="Where cdk.json is.", metavar="DIR", file_okay=False)
    ] = Path(),
) -> None:
    """Deploy the project's CDK app to the AWS account of your credentials.

    Other options and arguments go to `cdk deploy` as they are. What the CDK's command needs is
    fetched by npx, in the version that fits. With AWS_ENDPOINT_URL set, it goes to the emulator
    there.

    [dim]dalsegno deploy --stage prod -c retentionDays=90[/dim]
    """
    settings = _settings(directory)
    npx = _npx()
    _needs_cdk_library()
    target = _target()
    stage = stage or str(settings.get("context", {}).get("stage", "dev"))
    remark(f"deploying {directory.resolve().name}, stage {stage}")
    remark(f"  to account {target.account}, region {target.region}, as {target.caller}")
    if target.emulator:
        remark(f"  of the emulator at {target.emulator}")
    confirm("deploy it", yes=yes)
    with _outputs() as path:
        asked = [*_command(npx, settings), "-c", f"stage={stage}", *target.context]
        told = [f"--outputs-file={path}", "--require-approval=never", *context.args]
        status = _run([*asked, *told], directory, target)
        outputs = _read(path)
    if status != 0:
        remark(
            f"dalsegno: the CDK ended with status {status}. If it is not bootstrapped there:\n"
            f"  npx {CDK} bootstrap aws://{target.account}/{target.region}"
        )
        raise typer.Exit(Exit.REFUSED)
    say(_told(outputs, target))


def _settings(directory: Path) -> dict[str, Any]:
    """Return what ``cdk.json`` says."""
    path = directory / "cdk.json"
    try:
        settings = json.loads(path.read_text(encoding="utf-8"))
    except OSError:
        give_up(f"there is no {path}: make a project with dalsegno init, or name one by --project")
    except ValueError as error:
        give_up(f"{path}: {error}")
    if not isinstance(settings, dict) or not isinstance(settings.get("app"), str):
        give_up(f'{path} names no app: {{"app": "python app.py"}}')
    return settings


def _npx() -> str:
    """Return the program; end with what to install if there is none, or one of an old Node."""
    npx, node = shutil.which("npx"), shutil.which("node")
    if npx is None or node is None:
        _missing("the CDK's command is a Node program, and there is no node with npx")
    said = subprocess.run([node, "--version"], capture_output=True, text=True, check=False)  # noqa: S603  (node itself)
    major = re.match(r"v(\d+)\.", said.stdout)
    if major is None or int(major[1]) < _OLDEST_NODE:
        _missing(f"node {said.stdout.strip() or 'here'} is too old")
    return npx


def _missing(what: str) -> NoReturn:
    give_up(f"{what}: install Node {_OLDEST_NODE} or newer, https://nodejs.org")


def _needs_cdk_library() -> None:
    if find_spec("aws_cdk") is None:
        give_up("aws_cdk is missing: pip install -e '.[cdk]', or 'dalsegno[cdk]'")


def _target() -> Target:
    """Return whose account the credentials are of; end with what to do if there are none."""
    import boto3  # the extra cdk brings it
    from botocore.exceptions import BotoCoreError, ClientError

    from dalsegno_functions.wiring import region_of_environment

    session = boto3.Session()
    region = region_of_environment() or session.region_name
    if not region:
        give_up("no region: set AWS_REGION, or one for the profile with aws configure")
    try:
        with working("asking AWS who you are"):
            identity = session.client("sts", region_name=region).get_caller_identity()
    except (BotoCoreError, ClientError) as error:
        give_up(f"AWS does not know you: {error}\n  set AWS_PROFILE, or run aws sso login")
    emulator = os.environ.get("AWS_ENDPOINT_URL", "")
    return Target(identity["Account"], region, identity["Arn"], emulator)


def _command(npx: str, settings: Mapping[str, Any]) -> list[str]:
    """Return the CDK's command, with the app run by this very Python."""
    app = re.sub(r"^python3?\b", lambda _: f'"{sys.executable}"', settings["app"])
    return [npx, "--yes", CDK, "deploy", "--all", "--app", app]


def _run(command: Sequence[str], directory: Path, target: Target) -> int:
    environment = {
        "AWS_REGION": target.region,
        "JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION": "1",
    }
    finished = subprocess.run(  # noqa: S603  (the CDK's command, with options of the caller's)
        command, cwd=directory, env={**os.environ, **environment}, check=False
    )
    return finished.returncode


@contextmanager
def _outputs() -> Iterator[Path]:
    with tempfile.TemporaryDirectory() as folder:
        yield Path(folder) / "outputs.json"


def _read(path: Path) -> dict[str, str]:
    """Return the outputs of the stack that has an API; empty if there is none."""
    if not path.is_file():
        return {}
    stacks: dict[str, dict[str, str]] = json.loads(path.read_text(encoding="utf-8"))
    return next((each for each in stacks.values() if "ApiUrl" in each), {})


def _told(outputs: Mapping[str, str], target: Target) -> str:
    """Return where it is, and what to do next."""
    if not outputs:
        return "\ndeployed; no stack of it has an output ApiUrl"
    url = target.reached(outputs["ApiUrl"])
    return "\n".join(
        (
            "",
            f"deployed: {url}",
            "",
            "next, with auth=keys:",
            "",
            f"  dalsegno keys create --table {outputs['DefinitionTable']} --role admin",
            "",
            "and, with the two lines that it prints exported:",
            "",
            f"  export DALSEGNO_URL={shlex.quote(url)}",
            "  dalsegno doctor",
            "",
            "With auth=iam no key is needed but AWS's credentials: export DALSEGNO_AUTH=iam",
            "",
        )
    )
