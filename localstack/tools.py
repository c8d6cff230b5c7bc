"""The tools for local deployments, at exact versions, in a folder that git does not see."""

import os
import shutil
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Final

ROOT: Final = Path(__file__).resolve().parents[1]

# Newer ones of npm speak a schema that aws-cdk-lib 2.275 does not.
_CDK: Final = "aws-cdk@2.1148.1"
_MINISTACK: Final = "ministack==1.5.33"
_FOLDER: Final = ROOT / ".cache" / "aws-local"


class ToolsError(Exception):
    """A tool is missing and cannot be installed, for instance without a network."""


def ministack() -> Path:
    """Return the emulator's program, installed into an environment of its own if need be.

    Functions run on its interpreter and see its packages, and it pins botocore exactly.
    """
    environment = _folder() / _MINISTACK.replace("==", "-")
    program = environment / "bin" / "ministack"
    if not program.exists():
        shutil.rmtree(environment, ignore_errors=True)
        _run([sys.executable, "-m", "venv", str(environment)])
        pip = [str(environment / "bin" / "python"), "-m", "pip", "install", "--quiet"]
        try:
            _run([*pip, "--disable-pip-version-check", _MINISTACK])
        except ToolsError:
            shutil.rmtree(environment)
            raise
    return program


def cdk() -> Path:
    """Return the CDK's command, installed beside this project if need be."""
    prefix = _folder() / _CDK.replace("@", "-")
    program = prefix / "node_modules" / ".bin" / "cdk"
    if not program.exists():
        npm = shutil.which("npm")
        if npm is None:
            raise ToolsError("npm is not installed: the CDK's command is a Node program")
        prefix.mkdir(exist_ok=True)
        _run([npm, "install", "--prefix", str(prefix), "--no-fund", "--no-audit", _CDK])
    return program


def _folder() -> Path:
    _FOLDER.mkdir(parents=True, exist_ok=True)
    (_FOLDER.parent / ".gitignore").write_text("*\n", encoding="utf-8")
    return _FOLDER


def _run(command: Sequence[str]) -> None:
    finished = subprocess.run(  # noqa: S603  (the commands are our own)
        command, capture_output=True, text=True, check=False, env={**os.environ, "CI": "true"}
    )
    if finished.returncode != 0:
        raise ToolsError(f"{command[-1]} cannot be installed: {finished.stderr[-1000:]}")
