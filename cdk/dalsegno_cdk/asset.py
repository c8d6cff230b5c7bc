"""Lambda assets, built on this machine: no Docker, whatever its operating system."""

import hashlib
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

import jsii
from aws_cdk import AssetHashType, BundlingOptions, DockerImage, ILocalBundling
from aws_cdk import aws_lambda as lambda_

_PLATFORMS: Final = {"arm64": "aarch64", "x86_64": "x86_64"}
# Lambda's images: Amazon Linux 2 up to Python 3.11, since then Amazon Linux 2023.
_GLIBC: Final = {"3.11": 26}
_NEWEST_GLIBC: Final = 34
_OLDEST_GLIBC: Final = 17


class BundlingError(Exception):
    """A Lambda asset could not be built."""


@jsii.implements(ILocalBundling)
class _Filled:
    """Has a function put into a folder what the zip must hold."""

    def __init__(self, fill: Callable[[Path], None]) -> None:
        self._fill = fill

    def try_bundle(self, output_dir: str, *_args: Any, **_options: Any) -> bool:
        """Fill ``output_dir``; True means it worked."""
        self._fill(Path(output_dir))
        return True


def asset(folder: Path, digest: str, fill: Callable[[Path], None]) -> lambda_.Code:
    """Return an asset that is filled by a function, unless one of its hash is there.

    Args:
        folder: Any of its sources; the CDK wants one.
        digest: Hash of all that goes into it.
        fill: Puts that into a folder.
    """
    return lambda_.Code.from_asset(
        str(folder),
        asset_hash_type=AssetHashType.CUSTOM,
        asset_hash=digest,
        bundling=BundlingOptions(image=DockerImage.from_registry("unused"), local=_Filled(fill)),
    )


def install(
    requirements: Iterable[str],
    target: Path,
    architecture: str,
    python: str,
    *,
    constraints: Sequence[str] = (),
    files: Sequence[Path] = (),
) -> None:
    """Install wheels for Lambda's platform with pip; ``files`` name further requirements.

    Raises:
        BundlingError: One is not to be had for that platform.
    """
    platform = _PLATFORMS[architecture]
    options = ["--quiet", "--disable-pip-version-check", "--no-compile"]
    newest = _GLIBC.get(python, _NEWEST_GLIBC)
    wheels = [
        f"--platform=manylinux_2_{glibc}_{platform}"
        for glibc in range(newest, _OLDEST_GLIBC - 1, -1)
    ]
    wheels += [f"--platform=manylinux2014_{platform}", "--only-binary=:all:"]
    versions = [f"--python-version={python}", "--implementation=cp"]
    command = [sys.executable, "-m", "pip", "install", *options, *wheels, *versions]
    with tempfile.NamedTemporaryFile("w", suffix=".txt", encoding="utf-8") as constraining:
        constraining.write("\n".join(constraints))
        constraining.flush()
        finished = subprocess.run(  # noqa: S603  (no shell, and nothing from outside)
            [
                *(*command, f"--target={target}", f"--constraint={constraining.name}"),
                *(f"--requirement={file}" for file in files),
                *requirements,
            ],
            capture_output=True,
            text=True,
            check=False,
        )
    if finished.returncode != 0:
        raise BundlingError(f"pip could not fill the bundle: {finished.stderr[-2000:]}")


def copy(folder: Path, target: Path, *, leave_out: Sequence[str] = ()) -> None:
    """Copy a folder, but for what is hidden, made by Python, or to be left out."""
    ignored = shutil.ignore_patterns(".*", "__pycache__", "*.pyc", *leave_out)
    shutil.copytree(folder, target, ignore=ignored, dirs_exist_ok=True)


def compile_all(target: Path, python: str) -> None:
    """Compile everything, if an interpreter of that version is here; it halves a cold start."""
    own = f"{sys.version_info.major}.{sys.version_info.minor}"
    program = sys.executable if own == python else shutil.which(f"python{python}")
    if program is None:
        sys.stderr.write(f"dalsegno: no python{python} here: cold starts take longer\n")
        return
    # Unchecked: the zip's files have no times that Python could compare.
    options = ["-q", "-j", "0", "--invalidation-mode", "unchecked-hash", "-s", str(target)]
    subprocess.run([program, "-m", "compileall", *options, str(target)], check=False)  # noqa: S603


def hash_of(words: Iterable[str], folders: Mapping[str, Path]) -> str:
    """Return a hash of words, and of the files in folders, each under a name."""
    digest = hashlib.sha256("\n".join(words).encode())
    for name, folder in folders.items():
        for path in _sources(folder):
            digest.update(f"\0{name}/{path.relative_to(folder).as_posix()}\0".encode())
            digest.update(path.read_bytes())
    return digest.hexdigest()


def folder_of(package: str) -> Path:
    """Return where a package is installed; raises ``BundlingError``."""
    spec = find_spec(package)
    if spec is None or spec.origin is None:
        raise BundlingError(f"the package {package} is not installed")
    return Path(spec.origin).parent


def _sources(folder: Path) -> Iterator[Path]:
    for path in sorted(folder.rglob("*")):
        parts = path.relative_to(folder).parts
        is_hidden = any(part.startswith(".") or part == "__pycache__" for part in parts)
        if path.is_file() and not is_hidden and path.suffix != ".pyc":
            yield path
