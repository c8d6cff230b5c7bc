"""A Lambda function of Python workers, bundled with the SDK."""

from pathlib import Path
from typing import Any, Final

from aws_cdk import aws_lambda as lambda_
from constructs import Construct

from dalsegno_cdk.asset import BundlingError, asset, compile_all, copy, folder_of, hash_of, install
from dalsegno_cdk.bundling import requirements
from dalsegno_cdk.engine_function import architecture_of
from dalsegno_cdk.settings import DalsegnoSettings

_SDK: Final = "dalsegno"
_REQUIREMENTS: Final = "requirements.txt"
# Started by hand, or of no use without the engine.
_LEFT_OUT: Final = ("cli", "testing")
_MEMORY_MB: Final = 512


class PythonWorker(lambda_.Function):
    """A function whose handler is ``Worker(...).lambda_handler()``.

    The bundle is made on this machine with pip: the SDK and what it needs, what a
    ``requirements.txt`` in the folder names, and the folder itself. AWS's library is that of
    Lambda's runtime, unless ``requirements.txt`` names another.

    Args:
        settings: Of the deployment; says which Python and processors functions run on.
        folder: Of the workers; a package, which has an ``__init__.py``, keeps its name.
        handler: Its name, such as ``shop.handler``.
        options: Anything else that ``aws_lambda.Function`` takes.

    Raises:
        BundlingError: There is no such folder, or a wheel is not to be had for Lambda.
    """

    def __init__(
        self,
        scope: Construct,
        construct_id: str,
        *,
        settings: DalsegnoSettings,
        folder: str | Path,
        handler: str,
        **options: Any,
    ) -> None:
        super().__init__(
            scope,
            construct_id,
            code=worker_code(Path(folder), settings.architecture, settings.python),
            handler=handler,
            runtime=lambda_.Runtime(f"python{settings.python}", lambda_.RuntimeFamily.PYTHON),
            architecture=architecture_of(settings),
            **{
                "memory_size": _MEMORY_MB,
                # A workflow of many steps invokes the same worker again and again: no loop.
                "recursive_loop": lambda_.RecursiveLoop.ALLOW,
                **options,
            },
        )


def worker_code(folder: Path, architecture: str, python: str) -> lambda_.Code:
    """Return the asset of a folder of workers; see ``PythonWorker``."""
    if not folder.is_dir():
        raise BundlingError(f"there is no folder {folder}")
    folder = folder.resolve()
    sdk, needs = folder_of(_SDK), requirements(("",))
    name = folder.name if (folder / "__init__.py").exists() else "."
    files = [path for path in (folder / _REQUIREMENTS,) if path.is_file()]

    def fill(target: Path) -> None:
        install(needs, target, architecture, python, files=files)
        copy(sdk, target / _SDK, leave_out=_LEFT_OUT)
        copy(folder, target / name)
        compile_all(target, python)

    return asset(folder, hash_of([architecture, python, *needs], {_SDK: sdk, name: folder}), fill)
