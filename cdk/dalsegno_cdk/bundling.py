"""The asset of the engine's functions."""

import re
import shutil
from collections.abc import Collection
from importlib.metadata import requires
from pathlib import Path
from typing import Final

from aws_cdk import aws_lambda as lambda_
from packaging.requirements import Requirement

from dalsegno_cdk.asset import asset, compile_all, copy, folder_of, hash_of, install
from dalsegno_state.aws.client import SERVICES

PACKAGES: Final = ("dalsegno", "dalsegno_state", "dalsegno_functions")

_DISTRIBUTION: Final = "dalsegno"
_EXTRAS: Final = ("", "engine", "aws")
_LEFT_OUT: Final = ("local", "cli.py")
# The rest of botocore's descriptions of services is nine tenths of the bundle.
_SERVICES: Final = (*SERVICES, "sts")


def requirements(extras: Collection[str] = _EXTRAS) -> list[str]:
    """Return what the functions need, as this distribution says; or the SDK with some extras."""
    wanted: dict[str, None] = {}
    for line in requires(_DISTRIBUTION) or ():
        requirement = Requirement(line)
        if requirement.name == _DISTRIBUTION or not _is_wanted(requirement, extras):
            continue
        its = f"[{','.join(sorted(requirement.extras))}]" if requirement.extras else ""
        wanted[f"{requirement.name}{its}{requirement.specifier}"] = None
    return list(wanted)


def source_hash(architecture: str, python: str) -> str:
    """Return a hash of all that goes into the bundle: new code is deployed, old is not again."""
    folders = {name: folder_of(name) for name in PACKAGES}
    return hash_of([architecture, python, *requirements(), *_locked()], folders)


def engine_code(architecture: str, python: str) -> lambda_.Code:
    """Return the asset that all functions share."""

    def fill(target: Path) -> None:
        install(requirements(), target, architecture, python, constraints=_locked())
        for name in PACKAGES:
            copy(folder_of(name), target / name, leave_out=_LEFT_OUT)
        _prune(target)
        compile_all(target, python)

    # The packages come from several folders, so the hash is taken here, over all of them.
    return asset(folder_of("dalsegno_functions"), source_hash(architecture, python), fill)


def _is_wanted(requirement: Requirement, extras: Collection[str]) -> bool:
    marker = requirement.marker
    return marker is None or any(marker.evaluate({"extra": extra}) for extra in extras)


def _locked() -> list[str]:
    """Return the versions of the lock beside the sources, markers included; none if installed."""
    lock = folder_of("dalsegno").parents[1] / "requirements.lock"
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
