"""What commands share that look into an AWS account rather than ask the API."""

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Annotated, TypeAlias

import typer

from dalsegno.cli.console import Exit, give_up, installed

Region: TypeAlias = Annotated[
    str | None, typer.Option(help="By default that of the environment.", metavar="REGION")
]
Stage: TypeAlias = Annotated[str, typer.Option(help="Of the deployment.", metavar="NAME")]


def region_or_end(given: str | None) -> str:
    """Return the region that is meant; end with status 2 if none is."""
    from dalsegno_functions.wiring import region_of_environment

    region = given or region_of_environment()
    if not region:
        give_up("no region: give --region, or set AWS_REGION", Exit.USAGE)
    return region


@contextmanager
def aws() -> Iterator[None]:
    """Tell what AWS says no to without a traceback."""
    with installed("aws"):
        from botocore.exceptions import BotoCoreError, ClientError

        try:
            yield
        except (BotoCoreError, ClientError) as error:
            give_up(f"AWS: {error}")
