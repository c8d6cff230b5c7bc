"""Rules of cdk-nag that the stack breaks on purpose, each with its reason."""

from typing import Any, Final

from aws_cdk import Acknowledgment, Stack, Validations
from constructs import IConstruct

from dalsegno_cdk.functions import Functions
from dalsegno_cdk.http_api import FunctionUrls, HttpApi
from dalsegno_cdk.storage import Storage
from dalsegno_cdk.timers import Timers
from dalsegno_cdk.triggers import Triggers

_WILDCARDS: Final = (
    "Queues of workers, payloads, schedules and secrets come into being after the stack: they are "
    "told by the prefix of this stage. Only sqs:ListQueues and secretsmanager:ListSecrets, which "
    "know no resources, are for all."
)
_RUNTIME: Final = (
    "The bundle is compiled for one version of Python, which the setting `python` chooses."
)
_BUCKET_LOG: Final = (
    "Only the engine's functions may reach the bucket; where it must be told who did, CloudTrail's "
    "data events do so without a second bucket."
)
_ACCESS_LOG: Final = (
    "A line for each poll of each worker would cost more than the workflows; refusals and failures "
    "are in the metrics of the gateway and the logs of the functions."
)


_ROTATION: Final = (
    "Rotating what tokens are signed with would end all of them at once; they last an hour, and a "
    "revoked access key is locked out within a minute."
)
_AUTHORIZER: Final = (
    "In auth mode `keys` the functions check callers, in mode `none` nothing does; requests to "
    "webhooks are checked by their secrets, in every mode but `none`."
)
_KEY_ACTIONS: Final = ("kms:GenerateDataKey*", "kms:ReEncrypt*")
_KEY: Final = "The CDK grants the use of a key by these two families of actions, on that key alone."


def acknowledge(
    storage: Storage,
    functions: Functions,
    timers: Timers,
    triggers: Triggers,
    endpoint: HttpApi | FunctionUrls,
) -> None:
    """Tell cdk-nag which of its rules are broken on purpose, and why."""
    patterns = [_flat(Stack.of(storage).resolve(arn)) for arn in functions.rights.patterns()]
    for function in functions.all:
        for pattern in patterns:
            _acknowledge(function.role, f"AwsSolutions-IAM5[Resource::{pattern}]", _WILDCARDS)
        _acknowledge(function.function, "AwsSolutions-L1", _RUNTIME)
    if storage.key is not None:
        for role in (timers.role, triggers.role, *(function.role for function in functions.all)):
            for action in _KEY_ACTIONS:
                _acknowledge(role, f"AwsSolutions-IAM5[Action::{action}]", _KEY)
    _acknowledge(storage.payloads, "AwsSolutions-S1", _BUCKET_LOG)
    if functions.token_secret is not None:
        _acknowledge(functions.token_secret, "AwsSolutions-SMG4", _ROTATION)
    if isinstance(endpoint, HttpApi):
        _acknowledge(endpoint.api, "AwsSolutions-APIG1", _ACCESS_LOG)
        _acknowledge(endpoint.api, "AwsSolutions-APIG4", _AUTHORIZER)


def _acknowledge(construct: IConstruct, rule: str, reason: str) -> None:
    Validations.of(construct).acknowledge(Acknowledgment(id=f"AwsSolutions::{rule}", reason=reason))


def _flat(resolved: Any) -> str:
    """Return an address as cdk-nag writes it, references in angle brackets."""
    match resolved:
        case {"Ref": name}:
            return f"<{name}>"
        case {"Fn::GetAtt": [name, attribute]}:
            return f"<{name}.{attribute}>"
        case {"Fn::Join": [separator, parts]}:
            return str(separator).join(map(_flat, parts))
        case _:
            return str(resolved)
