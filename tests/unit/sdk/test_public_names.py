"""Names that users may rely on."""

import subprocess
import sys

import pytest

import dalsegno
from dalsegno import client, models


def test_every_public_name_of_the_models_exists() -> None:
    assert all(hasattr(models, name) for name in models.__all__)


def test_every_public_name_of_the_package_and_its_client_exists() -> None:
    assert all(getattr(dalsegno, name) for name in dalsegno.__all__)
    assert all(getattr(client, name) for name in client.__all__)
    with pytest.raises(AttributeError, match="no attribute 'Conductor'"):
        _ = dalsegno.Conductor


def test_package_itself_loads_nothing_of_weight() -> None:
    program = "import sys, dalsegno; print(*sys.modules)"

    loaded = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    ).stdout.split()

    assert not {"pydantic", "httpx", "dalsegno.models", "dalsegno.client"} & set(loaded)


def test_models_load_neither_the_engine_nor_an_aws_library() -> None:
    program = "import sys, dalsegno.models; print(*sys.modules)"

    loaded = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    ).stdout.split()

    assert not {"dalsegno_state", "dalsegno_functions", "boto3", "botocore", "httpx"} & set(loaded)
