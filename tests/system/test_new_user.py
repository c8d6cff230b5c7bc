"""What docs/getting-started.md promises, from the built wheel in a fresh virtual environment."""

import json
import re
import socket
from pathlib import Path

import pytest

from tests.eventually import eventually
from tests.system.new_user import User
from tests.system.stack import PAGE, Stack


# First of those that share the stack: it runs the project while that is being deployed.
@pytest.mark.timeout(2_700)
@pytest.mark.usefixtures("deploying")
def test_from_the_wheel_to_a_result_here(shop: User, user: User) -> None:
    imported = shop.run("python", "-c", "import dalsegno; print(dalsegno.__file__)")
    assert Path(imported).is_relative_to(user.folder)
    assert "4 passed" in shop.run("pytest", "-o", "addopts=")
    port = shop.environment["DALSEGNO_URL"].rpartition(":")[2]
    with shop.running("dalsegno", "dev", "--port", port, "--log-level", "error"):
        eventually(lambda: _answers(int(port)), bool, within_seconds=120)
        with shop.running("dalsegno", "worker", "run", "shop.workers"):
            _does_an_order(shop)
    assert (shop.folder / ".dalsegno").is_dir()


@pytest.mark.timeout(2_600)
def test_the_same_order_is_done_in_the_cloud(stack: Stack) -> None:
    _does_an_order(stack.owner)


def _does_an_order(shop: User) -> None:
    assert "workflow order v1  added" in shop.run("dalsegno", "def", "push", "shop/workflow.py")
    order = json.dumps({"items": ["bow", "rosin"], "card": "4242"})
    done = shop.run("dalsegno", "workflow", "run", "order", "-i", order, "--timeout", "300")
    output = json.loads(done)
    assert output["total"] == "162"
    assert output["receipt"].startswith("R-")
    found = json.loads(shop.run("dalsegno", "doctor", "--json"))
    assert not [each for each in found if each["level"] != "ok"]


def test_the_page_has_the_commands_that_are_run_here() -> None:
    page = PAGE.read_text()

    for command in (
        "dalsegno init shop",
        "pip install -e .",
        "pytest",
        "dalsegno dev",
        "dalsegno worker run shop.workers",
        "dalsegno def push shop/workflow.py",
        "dalsegno workflow run order",
        "npx aws-cdk@2.1148.1 bootstrap",
        "dalsegno deploy",
        "pip install -e '.[cdk]'",
    ):
        assert re.search(rf"^    {re.escape(command)}", page, re.MULTILINE), command


def _answers(port: int) -> bool:
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0
