"""Names that users may rely on."""

import subprocess
import sys

from dalsegno import models


def test_every_public_name_of_the_models_exists() -> None:
    assert all(hasattr(models, name) for name in models.__all__)


def test_models_load_neither_the_engine_nor_an_aws_library() -> None:
    program = "import sys, dalsegno.models; print(*sys.modules)"

    loaded = subprocess.run(
        [sys.executable, "-c", program], capture_output=True, text=True, check=True
    ).stdout.split()

    assert not {"dalsegno_state", "dalsegno_functions", "boto3", "botocore", "httpx"} & set(loaded)
