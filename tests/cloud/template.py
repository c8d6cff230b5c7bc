"""What a synthesized stack says of its functions: their rights, and what is done about loops."""

import json
import os
import subprocess
import sys
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import cache
from hashlib import sha256
from pathlib import Path
from typing import Any, Final

from tests.cloud.accesses import ACCOUNT, REGION, SECRET_SUFFIX, arn
from tests.cloud.policies import Statement

ROOT: Final = Path(__file__).parents[2]
# A stage's name is part of many resources' names: any place of these tests takes its place.
STAGE: Final = "t000000000000"
_CACHE: Final = ROOT / ".cache" / "templates"
_SOURCES: Final = ("cdk/dalsegno_cdk", "state/dalsegno_state", "sdk/dalsegno", "tests/cloud")
_ARNS: Final[Mapping[str, Callable[[str], str]]] = {
    "AWS::DynamoDB::GlobalTable": lambda name: arn("dynamodb", f"table/{name}"),
    "AWS::S3::Bucket": lambda name: arn("s3", name, region="", account=""),
    # A queue's own id is its address.
    "AWS::SQS::Queue": lambda name: arn("sqs", name.rpartition("/")[2]),
    "AWS::IAM::Role": lambda name: arn("iam", f"role/{name}", region=""),
    "AWS::Lambda::Function": lambda name: arn("lambda", f"function:{name}"),
    "AWS::Logs::LogGroup": lambda name: arn("logs", f"log-group:{name}:*"),
    "AWS::SecretsManager::Secret": lambda name: (
        name if name.startswith("arn:") else arn("secretsmanager", f"secret:{name}{SECRET_SUFFIX}")
    ),
    "AWS::KMS::Key": lambda name: arn("kms", f"key/{name}"),
    "AWS::Events::EventBus": lambda name: arn("events", f"event-bus/{name}"),
    "AWS::SNS::Topic": lambda name: arn("sns", name.rpartition(":")[2]),
}
_NAMES: Final = ("QueueName", "FunctionName", "TableName", "BucketName", "RoleName", "Name")
# What these give as reference is their address.
_REFERRED_BY_ARN: Final = {"AWS::SecretsManager::Secret", "AWS::SNS::Topic"}


@dataclass(frozen=True)
class Function:
    """A function as a template describes it.

    Attributes:
        statements: What its role may do.
        may_recur: Whether Lambda lets a chain come through it more than 16 times.
        sources: Names of the queues that invoke it.
    """

    statements: tuple[Statement, ...]
    may_recur: bool
    sources: tuple[str, ...]


@dataclass(frozen=True)
class CloudTemplate:
    """A template of CloudFormation, with names for the resources that have none.

    Attributes:
        named: Names of resources by logical ids; others are named by their ids.
    """

    resources: Mapping[str, Mapping[str, Any]]
    named: Mapping[str, str]

    def functions(self) -> dict[str, Function]:
        """Return its functions by their logical ids."""
        found: dict[str, Function] = {}
        for logical_id, resource in self.resources.items():
            if resource["Type"] != "AWS::Lambda::Function":
                continue
            properties = resource["Properties"]
            role = properties["Role"]["Fn::GetAtt"][0]
            found[logical_id] = Function(
                self.statements(role),
                may_recur=properties.get("RecursiveLoop") == "Allow",
                sources=self._sources(logical_id),
            )
        return found

    def statements(self, role: str) -> tuple[Statement, ...]:
        """Return what a role may do, by its logical id."""
        policies = [
            resource["Properties"]
            for resource in self.resources.values()
            if resource["Type"] == "AWS::IAM::Policy"
            and {"Ref": role} in resource["Properties"]["Roles"]
        ]
        return tuple(
            Statement.read(self.resolved(statement))
            for policy in policies
            for statement in policy["PolicyDocument"]["Statement"]
        )

    def resolved(self, value: Any) -> Any:
        """Return a value with every reference in it replaced by what it refers to."""
        match value:
            case {"Ref": str() as name}:
                return self._referred(name)
            case {"Fn::GetAtt": [str() as name, "Arn"]}:
                return self._arn(name)
            case {"Fn::Join": [str() as separator, list() as parts]}:
                return separator.join(self.resolved(part) for part in parts)
            case dict():
                return {key: self.resolved(each) for key, each in value.items()}
            case list():
                return [self.resolved(each) for each in value]
            case _:
                return value

    def _referred(self, name: str) -> str:
        pseudo = {"AWS::Partition": "aws", "AWS::Region": REGION, "AWS::AccountId": ACCOUNT}
        if name in pseudo:
            return pseudo[name]
        kind = self.resources[name]["Type"]
        return self._arn(name) if kind in _REFERRED_BY_ARN else self._name(name)

    def _arn(self, logical_id: str) -> str:
        return _ARNS[self.resources[logical_id]["Type"]](self._name(logical_id))

    def _name(self, logical_id: str) -> str:
        if logical_id in self.named:
            return self.named[logical_id]
        properties = self.resources[logical_id].get("Properties", {})
        given = (properties[name] for name in _NAMES if name in properties)
        return str(self.resolved(next(given, logical_id)))

    def _sources(self, function: str) -> tuple[str, ...]:
        mappings = (
            resource["Properties"]
            for resource in self.resources.values()
            if resource["Type"] == "AWS::Lambda::EventSourceMapping"
        )
        return tuple(
            str(self.resolved(mapping["EventSourceArn"])).rpartition(":")[2]
            for mapping in mappings
            if self._is(mapping["FunctionName"], function)
        )

    @staticmethod
    def _is(reference: Mapping[str, Any], function: str) -> bool:
        """Return whether a mapping's function is this one, or an alias of it."""
        return function in json.dumps(reference)


def synthesized(**context: str) -> dict[str, Mapping[str, Any]]:
    """Return the resources of the stack that ``tests.cloud.stack`` makes with some settings.

    Kept as long as nothing changes that could change it: to synthesize takes seconds.
    """
    return _synthesized(tuple(sorted(context.items())))


@cache
def _synthesized(context: tuple[tuple[str, str], ...]) -> dict[str, Mapping[str, Any]]:
    digest = sha256(json.dumps([context, sys.version_info[:2]]).encode())
    for folder in _SOURCES:
        for source in sorted((ROOT / folder).rglob("*.py")):
            digest.update(source.read_bytes())
    kept = _CACHE / f"{digest.hexdigest()[:24]}.json"
    if not kept.exists():
        kept.parent.mkdir(parents=True, exist_ok=True)
        words = [f"{key}={value}" for key, value in context]
        made = subprocess.run(
            [sys.executable, "-m", "tests.cloud.stack", *words],
            cwd=ROOT,
            env={**os.environ, "JSII_SILENCE_WARNING_END_OF_LIFE_NODE_VERSION": "1"},
            check=True,
            capture_output=True,
            text=True,
        ).stdout
        partial = kept.with_suffix(f".{os.getpid()}")
        partial.write_text(made)
        partial.replace(kept)
    resources: dict[str, Mapping[str, Any]] = json.loads(kept.read_text())["Resources"]
    return resources
