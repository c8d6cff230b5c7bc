"""What is installed on this machine, and whose AWS account it speaks to."""

import platform
from collections.abc import Iterator
from importlib.util import find_spec
from typing import Final

from dalsegno import __version__
from dalsegno.cli.doctor.finding import Finding, failure, ok, warning

# A module that an extra brings, and no other.
_EXTRAS: Final = {
    "cli": "typer",
    "engine": "quickjs",
    "local": "uvicorn",
    "testing": "pytest",
    "sqs": "boto3",
    "metrics": "prometheus_client",
    "aws": "aws_lambda_powertools",
    "cdk": "aws_cdk",
    "kafka": "confluent_kafka",
}


def findings() -> Iterator[Finding]:
    """Yield what is installed."""
    yield ok("python", f"Python {platform.python_version()}")
    there = [name for name, module in _EXTRAS.items() if find_spec(module) is not None]
    yield ok("package", f"dalsegno {__version__}, with {', '.join(there)}")


def aws_findings(url: str, stage: str | None) -> Iterator[Finding]:
    """Yield what there is of AWS's settings, if the server or the caller asks for them."""
    if stage is None and "amazonaws.com" not in url:
        return
    if find_spec("botocore") is None:
        fix = "pip install 'dalsegno[sqs]', if callers are to sign or queues to be looked at"
        yield warning("aws", "AWS's library is not installed", fix)
        return
    from botocore.session import Session

    from dalsegno_functions.wiring import region_of_environment

    session = Session()
    region = region_of_environment() or session.get_config_variable("region")
    if session.get_credentials() is None:
        yield warning("aws", "there are no AWS credentials", "set AWS_PROFILE, or aws sso login")
    elif not region:
        yield warning("aws", "there is no AWS region", "set AWS_REGION")
    else:
        yield ok("aws", f"AWS credentials, region {region}")
        if stage is not None:
            yield _dead_letters(region, stage)


def _dead_letters(region: str, stage: str) -> Finding:
    from botocore.exceptions import BotoCoreError, ClientError

    from dalsegno_functions.wiring import dead_letters

    try:
        queues = dead_letters(region, f"dalsegno-{stage}-").queues()
    except (BotoCoreError, ClientError) as error:
        fix = "allow sqs:ListQueues and sqs:GetQueueAttributes, or leave out --stage"
        return warning("dead-letters", f"dead letters cannot be counted: {error}", fix)
    if not queues:
        fix = "name the stage and the region that it was deployed with"
        return failure("dead-letters", f"there are no queues of stage {stage} in {region}", fix)
    full = [f"{each.depth} of {each.source}" for each in queues if each.depth]
    if not full:
        return ok("dead-letters", "no dead letters")
    fix = f"dalsegno dead-letters show QUEUE --stage {stage}"
    return warning("dead-letters", f"dead letters: {', '.join(full)}", fix)
