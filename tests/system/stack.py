"""A new user's project, deployed to an emulator by the commands of docs/getting-started.md.

The stack holds more than the project has at first: workers of other kinds and a rule, which
``aws_worker/added.py`` adds to the user's app.
"""

import json
import re
import shlex
import sys
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import botocore.session

sys.path.append(str(Path(__file__).parents[2] / "localstack"))

from emulator import Emulator

from dalsegno.cli.deploy import CDK
from tests.cloud.judge import Judge
from tests.cloud.proxy import StrictProxy, strict_proxy
from tests.cloud.template import CloudTemplate, Function
from tests.system.new_user import ROOT, User

PAGE = ROOT / "docs" / "getting-started.md"
ADDED = Path(__file__).parent / "aws_worker"
_ACCOUNT = "000000000000"
_REGION = "us-east-1"
_STACK = "shop-dev"
_SETTINGS = {"archive": "true", "httpAllowsPrivate": "true", "keepData": "false"}


@dataclass(frozen=True)
class Stack:
    """A deployed stack in auth mode ``keys``.

    Attributes:
        url: Where its API is found, without ``/api``.
        outputs: What the stack said when it was deployed.
        owner: Who has deployed it, in the project's folder, with an administrator's key.
        environment: What other programs need to speak to the emulator and the API.
        ledger: Where the violin shop's deployed workers write what they did.
        cloud: What the functions ask goes through it, by the rights of their roles.
    """

    url: str
    outputs: Mapping[str, str]
    owner: User
    environment: Mapping[str, str]
    emulator: Emulator
    ledger: Path
    cloud: StrictProxy


def extend(project: Path) -> None:
    """Add workers to a project's app, and the settings that tests on one machine need."""
    app = project / "app.py"
    adding = (
        f"import sys\nsys.path.append({str(ADDED)!r})\nimport added\n"
        "added.add_workers(stack, settings)\nadded.name_functions(stack)\n"
    )
    app.write_text(app.read_text().replace("app.synth()", f"{adding}app.synth()"))
    settings = json.loads((project / "cdk.json").read_text())
    settings["context"].update(_SETTINGS)
    (project / "cdk.json").write_text(json.dumps(settings))


@contextmanager
def deployed(shop: User, emulator: Emulator) -> Iterator[Stack]:
    """Deploy a project as the page says and do what `dalsegno deploy` says is next; remove it."""
    with strict_proxy(emulator.url) as cloud:
        try:
            yield from _deployed(shop, emulator, cloud)
        finally:
            print(cloud.report())  # what went wrong may have gone wrong by this


def _deployed(shop: User, emulator: Emulator, cloud: StrictProxy) -> Iterator[Stack]:
    ledger = shop.folder.parent / "ledger.jsonl"
    reached = {
        **exported({"http://127.0.0.1:4566": emulator.url}),
        "AWS_DEFAULT_REGION": _REGION,
    }
    owner = shop.having(
        {**reached, "VIOLIN_SHOP_LEDGER": str(ledger), "STRICT_ENDPOINT": cloud.url}
    )
    # Outside of the project and told where, it need not run the app to find out, for half a minute.
    elsewhere = replace(owner, folder=shop.folder.parent)
    elsewhere.run("npx", "--yes", CDK, "bootstrap", "--no-notices", f"aws://{_ACCOUNT}/{_REGION}")
    told = owner.run("dalsegno", "deploy", "--yes", "--no-notices")
    making_a_key = re.search(r"^ +(dalsegno keys create .*)$", told, re.MULTILINE)
    place = re.search(r"^ +export DALSEGNO_URL=(.*)$", told, re.MULTILINE)
    assert making_a_key, told
    assert place, told
    key = dict(line.split("=", 1) for line in owner.run(*shlex.split(making_a_key[1])).splitlines())
    url = shlex.split(place[1])[0]
    cloud.judge = Judge(_functions(shop.folder, emulator.url))
    yield Stack(
        url=url.removesuffix("/api"),
        outputs=_outputs(emulator.url),
        owner=owner.having({**key, "DALSEGNO_URL": url}),
        environment={**reached, **key, "AWS_EC2_METADATA_DISABLED": "true"},
        emulator=emulator,
        ledger=ledger,
        cloud=cloud,
    )
    owner.run("npx", "--yes", CDK, "destroy", "--all", "--force", "--no-notices", "--app=cdk.out")


def exported(differently: Mapping[str, str]) -> dict[str, str]:
    """Return what the page exports, but for values that differ here."""
    lines = re.findall(r"^    export (.*)$", PAGE.read_text(), re.MULTILINE)
    exports = dict(word.split("=", 1) for line in lines for word in line.split())
    return {name: differently.get(value, value) for name, value in exports.items()}


def _functions(project: Path, endpoint: str) -> dict[str, Function]:
    """Return what the deployed template says of its functions, by their logical ids."""
    template = json.loads((project / "cdk.out" / f"{_STACK}.template.json").read_text())
    made = _formation(endpoint).describe_stack_resources(StackName=_STACK)["StackResources"]
    names = {each["LogicalResourceId"]: each["PhysicalResourceId"] for each in made}
    return CloudTemplate(template["Resources"], names).functions()


def _outputs(endpoint: str) -> dict[str, str]:
    (described,) = _formation(endpoint).describe_stacks(StackName=_STACK)["Stacks"]
    return {each["OutputKey"]: each["OutputValue"] for each in described["Outputs"]}


def _formation(endpoint: str) -> Any:
    return botocore.session.get_session().create_client(
        "cloudformation",
        region_name=_REGION,
        endpoint_url=endpoint,
        aws_access_key_id="test",
        aws_secret_access_key="test",  # noqa: S106  (an emulator takes any)
    )
