"""Run from a bundle of functions, without anything that is installed here: makes all it can make.

Usage: ``python -I -S bundle.py BUNDLE``
"""

import importlib
import os
import sys
from functools import cached_property
from pathlib import Path

os.environ.update(
    AWS_REGION="us-east-1",
    AWS_DEFAULT_REGION="us-east-1",
    AWS_ACCESS_KEY_ID="test",
    AWS_SECRET_ACCESS_KEY="test",  # noqa: S106  (nothing is sent)
)


def main(bundle: Path) -> None:
    """Import every handler of a bundle, and make every client that its code can make."""
    sys.path.insert(0, str(bundle))
    for source in sorted((bundle / "dalsegno_functions").glob("*.py")):
        if "\ndef handler(" in source.read_text():
            module = importlib.import_module(f"dalsegno_functions.{source.stem}")
            print("handler", module.__name__, callable(module.handler))
    from dalsegno_state.aws.client import Clients

    clients = Clients("us-east-1")
    for name, value in vars(Clients).items():
        if isinstance(value, cached_property):
            print("client", name, getattr(clients, name).meta.service_model.service_name)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
