"""The fixtures of tests that run the system as its users do.

One wheel is installed and one stack deployed for all tests that need them. These are a group in the
suite's ``conftest.py``, so that one process runs them all, however many others run beside it.
"""

import sys
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path

import pytest

sys.path.append(str(Path(__file__).parents[2] / "localstack"))

from emulator import Emulator
from tools import ToolsError, ministack

from examples.violin_shop.processes import free_port
from tests.http_fixtures import (
    _client,
    a_name,
    api,
    cli,
    register,
    running_server,
    server_url,
    start,
    work,
)
from tests.system.new_user import User, installed
from tests.system.stack import Stack, deployed, extend

__all__ = [
    "_client",
    "a_name",
    "api",
    "cli",
    "register",
    "running_server",
    "server_url",
    "start",
    "work",
]


@pytest.fixture(scope="session")
def user(tmp_path_factory: pytest.TempPathFactory) -> User:
    """Return who has installed the wheel."""
    return installed(tmp_path_factory.mktemp("user"), f"http://127.0.0.1:{free_port()}")


@pytest.fixture(scope="session")
def shop(user: User) -> User:
    """Return the same user in a new project, which is installed."""
    user.run("dalsegno", "init", "shop")
    made = replace(user, folder=user.folder / "shop")
    made.run("pip", "install", "--quiet", "-e", ".")
    return made


@pytest.fixture(scope="session")
def deploying(shop: User) -> Iterator[Future[Stack]]:
    """Return the stack to be: its project can be run here while it is being deployed."""
    try:
        emulator = Emulator(ministack())
    except ToolsError as error:
        pytest.skip(f"the tools cannot be installed here: {error}")
    # As pip would, which takes half a minute to unpack the CDK's library.
    uv = str(Path(sys.executable).with_name("uv"))
    shop.run(uv, "pip", "install", "--quiet", "-e", ".[cdk]")
    extend(shop.folder)
    with ExitStack() as undone, ThreadPoolExecutor(1) as pool:
        undone.enter_context(emulator)
        yield pool.submit(undone.enter_context, deployed(shop, emulator))


@pytest.fixture(scope="session")
def stack(deploying: "Future[Stack]") -> Stack:
    """Return the deployed stack, which all tests that need one share."""
    return deploying.result()
