"""A whole deployment on this machine: ``make aws-local``.

Starts an AWS emulator, deploys the stack to it with the CDK, runs a workflow and then the violin
shop through the deployed HTTP API, kills the functions in the middle of that, takes everything down
again. Needs npm and Python, and neither Docker nor an account.
"""

import argparse
import sys
import tempfile
import time
from pathlib import Path

from deployment import Deployment, DeploymentError
from emulator import Emulator, EmulatorError
from smoke import Api, SmokeError, smoke
from tools import ToolsError, cdk, ministack
from violin_shop import play

_SHOP_SECONDS = 600


class Steps:
    """Says what is done, and how long the step before took."""

    def __init__(self) -> None:
        self._began = time.monotonic()

    def say(self, text: str) -> None:
        """Say what is done now."""
        sys.stdout.write(f"{time.monotonic() - self._began:6.1f} s  {text}\n")
        sys.stdout.flush()


def run(*, with_shop: bool) -> bool:
    """Do the whole; return whether everything held."""
    steps = Steps()
    steps.say("installing the emulator and the CDK's command, unless they are there")
    program = ministack()
    cdk()
    with Emulator(program) as emulator, tempfile.TemporaryDirectory() as folder:
        deployment = Deployment(emulator.url, Path(folder))
        steps.say(f"bootstrapping the CDK at {emulator.url}")
        deployment.bootstrap()
        steps.say("deploying the stack, its functions bundled for this machine")
        deployment.deploy()
        steps.say(f"running a workflow through {deployment.url}/api")
        smoke(Api(f"{deployment.url}/api"))
        held = True
        if with_shop:
            steps.say("opening the violin shop")
            held = play(deployment.url, emulator.pid, _SHOP_SECONDS)
        steps.say("destroying the stack")
        deployment.destroy()
    steps.say("done" if held else "the violin shop's claims do not all hold")
    return held


def main() -> int:
    """Do it and return the exit status."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("--no-shop", action="store_true", help="only the short workflow")
    arguments = parser.parse_args()
    try:
        return 0 if run(with_shop=not arguments.no_shop) else 1
    except (DeploymentError, EmulatorError, SmokeError, ToolsError) as error:
        sys.stderr.write(f"{error}\n")
        return 1


if __name__ == "__main__":
    sys.exit(main())
