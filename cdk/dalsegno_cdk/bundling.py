"""The Lambda asset, built on this machine: no Docker, whatever its operating system."""

import hashlib
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from importlib.metadata import requires
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

import jsii
from aws_cdk import AssetHashType, BundlingOptions, DockerImage, ILocalBundling
from aws_cdk import aws_lambda as lambda_
from packaging.requirements import Requirement

PACKAGES: Final = ("dalsegno", "dalsegno_state", "dalsegno_functions")

_DISTRIBUTION: Final = "dalsegno"
_EXTRAS: Final = ("", "engine", "aws")
_PLATFORMS: Final = {"arm64": "aarch64", "x86_64": "x86_64"}
# Lambda's images: Amazon Linux 2 up to Python 3.11, since then Amazon Linux 2023.
_GLIBC: Final = {"3.11": 26}
_NEWEST_GLIBC: Final = 34
_OLDEST_GLIBC: Final = 17
_LEFT_OUT: Final = shutil.ignore_patterns("__pycache__", "*.pyc", "local", "cli.py")
# The rest of botocore's descriptions of services is nine tenths of the bundle.
_SERVICES: Final = ("dynamodb", "lambda", "s3", "scheduler", "secretsmanager", "sqs", "ssm", "sts")


class BundlingError(Exception):
    """The Lambda asset could not be built."""


@jsii.implements(ILocalBundling)
class PipBundling:
    """Installs the engine's wheels for Lambda's platform with pip, and copies the engine."""

    def __init__(self, architecture: str, python: str) -> None:
        self._architecture = architecture
        self._python = python

    def try_bundle(self, output_dir: str, *_args: Any, **_options: Any) -> bool:
        """Fill ``output_dir`` with what the zip must hold; True means it worked."""
        target = Path(output_dir)
        self._install(target)
        for name in PACKAGES:
            shutil.copytree(_folder(name), target / name, ignore=_LEFT_OUT, dirs_exist_ok=True)
        _prune(target)
        self._compile(target)
        return True

    def _install(self, target: Path) -> None:
        platform = _PLATFORMS[self._architecture]
        options = ["--quiet", "--disable-pip-version-check", "--no-compile"]
        newest = _GLIBC.get(self._python, _NEWEST_GLIBC)
        wheels = [
            f"--platform=manylinux_2_{glibc}_{platform}"
            for glibc in range(newest, _OLDEST_GLIBC - 1, -1)
        ]
        wheels += [f"--platform=manylinux2014_{platform}", "--only-binary=:all:"]
        versions = [f"--python-version={self._python}", "--implementation=cp"]
        command = [sys.executable, "-m", "pip", "install", *options, *wheels, *versions]
        with tempfile.NamedTemporaryFile("w", suffix=".txt", encoding="utf-8") as constraints:
            constraints.write("\n".join(_locked()))
            constraints.flush()
            finished = subprocess.run(  # noqa: S603  (no shell, and nothing from outside)
                [
                    *(*command, f"--target={target}", f"--constraint={constraints.name}"),
                    *requirements(),
                ],
                capture_output=True,
                text=True,
                check=False,
            )
        if finished.returncode != 0:
            raise BundlingError(f"pip could not fill the bundle: {finished.stderr[-2000:]}")

    def _compile(self, target: Path) -> None:
        """Compile everything, if an interpreter of that version is here; it halves a cold start."""
        own = f"{sys.version_info.major}.{sys.version_info.minor}"
        python = sys.executable if own == self._python else shutil.which(f"python{self._python}")
        if python is None:
            sys.stderr.write(f"dalsegno: no python{self._python} here: cold starts take longer\n")
            return
        # Unchecked: the zip's files have no times that Python could compare.
        options = ["-q", "-j", "0", "--invalidation-mode", "unchecked-hash", "-s", str(target)]
        subprocess.run([python, "-m", "compileall", *options, str(target)], check=False)  # noqa: S603


def requirements() -> list[str]:
    """Return what the functions need, as this distribution says."""
    wanted: dict[str, None] = {}
    for line in requires(_DISTRIBUTION) or ():
        requirement = Requirement(line)
        if requirement.name == _DISTRIBUTION or not _is_wanted(requirement):
            continue
        extras = f"[{','.join(sorted(requirement.extras))}]" if requirement.extras else ""
        wanted[f"{requirement.name}{extras}{requirement.specifier}"] = None
    return list(wanted)


def source_hash(architecture: str, python: str) -> str:
    """Return a hash of all that goes into the bundle: new code is deployed, old is not again."""
    digest = hashlib.sha256("\n".join([architecture, python, *requirements(), *_locked()]).encode())
    for name in PACKAGES:
        folder = _folder(name)
        for path in _sources(folder):
            digest.update(f"\0{name}/{path.relative_to(folder).as_posix()}\0".encode())
            digest.update(path.read_bytes())
    return digest.hexdigest()


def engine_code(architecture: str, python: str) -> lambda_.Code:
    """Return the asset that all functions share."""
    return lambda_.Code.from_asset(
        str(_folder("dalsegno_functions")),
        # The packages come from several folders, so the hash is taken here, over all of them.
        asset_hash_type=AssetHashType.CUSTOM,
        asset_hash=source_hash(architecture, python),
        bundling=BundlingOptions(
            image=DockerImage.from_registry("unused"), local=PipBundling(architecture, python)
        ),
    )


def _is_wanted(requirement: Requirement) -> bool:
    marker = requirement.marker
    return marker is None or any(marker.evaluate({"extra": extra}) for extra in _EXTRAS)


def _folder(package: str) -> Path:
    spec = find_spec(package)
    if spec is None or spec.origin is None:
        raise BundlingError(f"the package {package} is not installed")
    return Path(spec.origin).parent


def _sources(folder: Path) -> Iterator[Path]:
    for path in sorted(folder.rglob("*")):
        if path.is_file() and "__pycache__" not in path.parts and path.suffix != ".pyc":
            yield path


def _locked() -> list[str]:
    """Return the versions of the lock beside the sources, markers included; none if installed."""
    lock = _folder("dalsegno").parents[1] / "requirements.lock"
    if not lock.is_file():
        return []
    lines = lock.read_text(encoding="utf-8").splitlines()
    return [line.removesuffix("\\").strip() for line in lines if re.match(r"[A-Za-z0-9]", line)]


def _prune(target: Path) -> None:
    """Remove what no function opens."""
    shutil.rmtree(target / "bin", ignore_errors=True)
    data = target / "botocore" / "data"
    if data.is_dir():
        for folder in data.iterdir():
            if folder.is_dir() and folder.name not in _SERVICES:
                shutil.rmtree(folder)
