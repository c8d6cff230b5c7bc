"""A stack at an AWS endpoint on this machine: bootstrap, deploy, smoke test, destroy.

export AWS_ENDPOINT_URL=http://127.0.0.1:4566
python localstack/deployment.py bootstrap
python localstack/deployment.py deploy
python localstack/deployment.py smoke
python localstack/deployment.py destroy
"""

import argparse
import json
import os
import platform
import subprocess
import sys
from pathlib import Path
from typing import Final

from smoke import Api, SmokeError, smoke
from tools import ROOT, ToolsError, cdk

_STACK: Final = "dalsegno-local"
_REGION: Final = "us-east-1"
_ACCOUNT: Final = "000000000000"
_APP: Final = ROOT / "cdk" / "app.py"
_OUTPUTS: Final = "outputs.json"
_ASSEMBLY: Final = "cdk.out"
_SOURCE_ROOTS: Final = ("sdk", "state", "functions", "cdk")


class DeploymentError(Exception):
    """The CDK did not do what it was asked for; the message holds the end of what it said."""


class Deployment:
    """One stack at an endpoint that speaks AWS's API, without anything of a real account.

    Args:
        endpoint: Its URL.
        folder: Where the synthesized app and its outputs are kept.
    """

    def __init__(self, endpoint: str, folder: Path) -> None:
        self._endpoint = endpoint.rstrip("/")
        self._folder = folder
        machine = "arm64" if platform.machine() in {"arm64", "aarch64"} else "x86_64"
        self._settings = {
            "stage": "local",
            "auth": "none",
            "keepData": "false",
            "httpAllowsPrivate": "true",
            # Functions run right here, on this Python.
            "architecture": machine,
            "python": f"{sys.version_info.major}.{sys.version_info.minor}",
        }

    @property
    def environment(self) -> dict[str, str]:
        """What programs need to speak to the endpoint, and to nothing else."""
        return {
            "AWS_ACCESS_KEY_ID": "test",
            "AWS_SECRET_ACCESS_KEY": "test",
            "AWS_REGION": _REGION,
            "AWS_DEFAULT_REGION": _REGION,
            "AWS_ENDPOINT_URL": self._endpoint,
            "AWS_ENDPOINT_URL_S3": self._endpoint,
            "AWS_EC2_METADATA_DISABLED": "true",
            "CDK_DISABLE_CLI_TELEMETRY": "1",
            "JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION": "1",
        }

    def bootstrap(self) -> None:
        """Make the bucket and the roles that the CDK deploys with."""
        self._cdk("bootstrap", f"aws://{_ACCOUNT}/{_REGION}")

    def deploy(self) -> dict[str, str]:
        """Deploy the stack, or bring it up to date; return its outputs."""
        outputs = self._folder / _OUTPUTS
        self._cdk("deploy", _STACK, "--require-approval=never", f"--outputs-file={outputs}")
        return self.outputs()

    def destroy(self) -> None:
        """Remove the stack with everything in it, as it was deployed last."""
        self._cdk("destroy", _STACK, "--force", app=str(self._folder / _ASSEMBLY))

    def outputs(self) -> dict[str, str]:
        """Return what the stack said when it was deployed."""
        path = self._folder / _OUTPUTS
        if not path.is_file():
            raise DeploymentError("nothing has been deployed yet")
        outputs: dict[str, str] = json.loads(path.read_text(encoding="utf-8"))[_STACK]
        return outputs

    @property
    def url(self) -> str:
        """Where the API is found, by the endpoint's address: not every system knows its names."""
        return f"{self._endpoint}/_aws/execute-api/{self.outputs()['ApiId']}/$default"

    def _cdk(self, *arguments: str, app: str | None = None) -> None:
        """Run the CDK's command on the app, or on what was synthesized of it before."""
        context = [f"--context={name}={value}" for name, value in self._settings.items()]
        output = f"--output={self._folder / _ASSEMBLY}"
        options = [f"--app={app}"] if app else [f"--app={sys.executable} {_APP}", output]
        roots = os.pathsep.join(str(ROOT / name) for name in _SOURCE_ROOTS)
        finished = subprocess.run(  # noqa: S603  (the commands are our own)
            [str(cdk()), *arguments, *options, "--no-notices", *context],
            cwd=_APP.parent,
            env={**os.environ, **self.environment, "PYTHONPATH": roots, "CI": "true"},
            capture_output=True,
            text=True,
            check=False,
        )
        if finished.returncode != 0:
            said = (finished.stdout + finished.stderr)[-4000:]
            raise DeploymentError(f"cdk {arguments[0]} failed: {said}")


def main() -> int:
    """Do one step and return the exit status."""
    parser = argparse.ArgumentParser(
        description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    parser.add_argument("step", choices=["bootstrap", "deploy", "smoke", "destroy"])
    parser.add_argument("--folder", type=Path, default=ROOT / ".cache" / "aws-local" / "stack")
    arguments = parser.parse_args()
    endpoint = os.environ.get("AWS_ENDPOINT_URL")
    if not endpoint:
        sys.stderr.write("AWS_ENDPOINT_URL is not set: this is for emulators only\n")
        return 2
    arguments.folder.mkdir(parents=True, exist_ok=True)
    deployment = Deployment(endpoint, arguments.folder)
    try:
        _do(deployment, arguments.step)
    except (DeploymentError, ToolsError, SmokeError) as error:
        sys.stderr.write(f"{error}\n")
        return 1
    return 0


def _do(deployment: Deployment, step: str) -> None:
    match step:
        case "bootstrap":
            deployment.bootstrap()
        case "deploy":
            deployment.deploy()
            sys.stdout.write(f"{deployment.url}/api\n")
        case "smoke":
            smoke(Api(f"{deployment.url}/api"))
        case _:
            deployment.destroy()


if __name__ == "__main__":
    sys.exit(main())
