"""What a request to AWS asks to do, on which resources: what IAM judges it by.

Source: the service authorization reference of AWS, and the protocols of its services.
"""

import json
import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any, Final
from urllib.parse import parse_qs, parse_qsl, unquote, urlsplit

ACCOUNT: Final = "000000000000"
REGION: Final = "us-east-1"
# The suffix that Secrets Manager adds to each name; a right must hold whatever it is.
SECRET_SUFFIX: Final = "-x7Yz9Q"  # noqa: S105  (a suffix, not a secret)


@dataclass(frozen=True)
class Access:
    """One action on one resource.

    Attributes:
        action: As policies name it, such as ``dynamodb:PutItem``.
        resource: Its ARN, of the account and region of these tests; ``*`` for none.
        context: The values of condition keys.
    """

    action: str
    resource: str
    context: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    def __str__(self) -> str:
        said = ", ".join(f"{key} {' '.join(values)}" for key, values in self.context.items())
        return f"{self.action} on {self.resource}" + (f" ({said})" if said else "")


@dataclass(frozen=True)
class Sent:
    """A request as it goes over the wire.

    Attributes:
        service: As its host is named, such as ``dynamodb``.
        operation: Its name; empty where method and path say it.
    """

    service: str
    operation: str
    method: str
    url: str
    body: bytes

    @property
    def path(self) -> str:
        """The path, decoded."""
        return unquote(urlsplit(self.url).path)

    @property
    def query(self) -> dict[str, str]:
        """The query's parameters."""
        return dict(parse_qsl(urlsplit(self.url).query, keep_blank_values=True))

    @property
    def asked(self) -> dict[str, Any]:
        """The body, where it is JSON."""
        asked: dict[str, Any] = json.loads(self.body or b"{}")
        return asked


def accesses(sent: Sent) -> list[Access]:
    """Return all that a request needs a right for.

    Raises:
        LookupError: No rule says what it needs.
    """
    return list(_SERVICES[sent.service](sent))


def arn(service: str, resource: str, *, region: str = REGION, account: str = ACCOUNT) -> str:
    """Return the address of a resource of these tests."""
    return f"arn:aws:{service}:{region}:{account}:{resource}"


def _of_dynamodb(sent: Sent) -> Iterator[Access]:
    asked, operation = sent.asked, sent.operation
    tables: dict[str, list[str]] = {}
    if operation in {"BatchGetItem", "BatchWriteItem"}:
        for table, requests in asked["RequestItems"].items():
            keys = requests["Keys"] if operation == "BatchGetItem" else map(_written, requests)
            tables[table] = [_pk(key) for key in keys]
    else:
        found = [_leading_key(asked)] if operation == "Query" else []
        found += [_pk(asked[name]) for name in ("Key", "Item") if name in asked]
        tables[asked["TableName"]] = found
    index = f"/index/{asked['IndexName']}" if "IndexName" in asked else ""
    for table, leading in tables.items():
        context = {"dynamodb:LeadingKeys": tuple(leading)} if leading else {}
        resource = arn("dynamodb", f"table/{table.rpartition('/')[2]}{index}")
        yield Access(f"dynamodb:{operation}", resource, context)


def _written(request: Mapping[str, Any]) -> dict[str, Any]:
    put, delete = request.get("PutRequest"), request.get("DeleteRequest")
    written: dict[str, Any] = put["Item"] if put else delete["Key"]  # type: ignore[index]
    return written


def _pk(key: Mapping[str, Any]) -> str:
    return str(next(iter(key["pk"].values())))


def _leading_key(asked: Mapping[str, Any]) -> str:
    """Return what the first equality of a key condition asks for: that of the partition."""
    equality = re.search(r"=\s*(:\w+)", asked["KeyConditionExpression"])
    if equality is None:
        raise LookupError(asked["KeyConditionExpression"])
    return str(next(iter(asked["ExpressionAttributeValues"][equality[1]].values())))


def _of_sqs(sent: Sent) -> Iterator[Access]:
    asked = sent.asked
    action = sent.operation.removesuffix("Batch")
    if action == "ListQueues":
        yield Access("sqs:ListQueues", "*")
        return
    name = asked.get("QueueName") or asked["QueueUrl"].rpartition("/")[2]
    yield Access(f"sqs:{action}", arn("sqs", name))
    if action == "CreateQueue" and asked.get("tags"):
        yield Access("sqs:TagQueue", arn("sqs", name))


_S3_ON_OBJECTS: Final = {
    "GET": "s3:GetObject",
    "HEAD": "s3:GetObject",
    "PUT": "s3:PutObject",
    "DELETE": "s3:DeleteObject",
    "POST": "s3:PutObject",  # begins or ends an upload in parts
}


def _of_s3(sent: Sent) -> Iterator[Access]:
    bucket, key, query = *_object(sent), sent.query
    if "delete" in query:
        for named in re.findall(rb"<Key>([^<]*)</Key>", sent.body):
            yield Access("s3:DeleteObject", _s3(f"{bucket}/{named.decode()}"))
    elif not key:
        yield Access("s3:ListBucket", _s3(bucket), {"s3:prefix": (query.get("prefix", ""),)})
    elif "uploadId" in query and sent.method in {"GET", "DELETE"}:
        parts = {"GET": "s3:ListMultipartUploadParts", "DELETE": "s3:AbortMultipartUpload"}
        yield Access(parts[sent.method], _s3(f"{bucket}/{key}"))
    else:
        yield Access(_S3_ON_OBJECTS[sent.method], _s3(f"{bucket}/{key}"))


def _object(sent: Sent) -> tuple[str, str]:
    """Return bucket and key, wherever the address has the bucket."""
    host = urlsplit(sent.url).hostname or ""
    path = sent.path.removeprefix("/")
    if ".s3." in host:
        return host.partition(".s3.")[0], path
    bucket, _, key = path.partition("/")
    return bucket, key


def _s3(resource: str) -> str:
    return arn("s3", resource, region="", account="")


def _of_scheduler(sent: Sent) -> Iterator[Access]:
    action = {"POST": "Create", "PUT": "Update", "GET": "Get", "DELETE": "Delete"}[sent.method]
    name = sent.path.rpartition("/")[2]
    group = sent.query.get("groupName") or sent.asked.get("GroupName", "default")
    yield Access(f"scheduler:{action}Schedule", arn("scheduler", f"schedule/{group}/{name}"))
    if sent.method in {"POST", "PUT"}:
        passed = {"iam:PassedToService": ("scheduler.amazonaws.com",)}
        yield Access("iam:PassRole", sent.asked["Target"]["RoleArn"], passed)


def _of_secrets_manager(sent: Sent) -> Iterator[Access]:
    if sent.operation == "ListSecrets":
        yield Access("secretsmanager:ListSecrets", "*")
        return
    name = sent.asked.get("SecretId") or sent.asked["Name"]
    is_arn = name.startswith("arn:")
    address = name if is_arn else arn("secretsmanager", f"secret:{name}{SECRET_SUFFIX}")
    yield Access(f"secretsmanager:{sent.operation}", address)


def _of_ssm(sent: Sent) -> Iterator[Access]:
    asked = sent.asked
    for name in asked.get("Names") or [asked.get("Name") or asked["Path"].rstrip("/")]:
        yield Access(f"ssm:{sent.operation}", arn("ssm", f"parameter/{name.lstrip('/')}"))


def _of_sns(sent: Sent) -> Iterator[Access]:
    asked = parse_qs(sent.body.decode())
    yield Access(f"sns:{asked['Action'][0]}", asked["TopicArn"][0])


def _of_events(sent: Sent) -> Iterator[Access]:
    for entry in sent.asked["Entries"]:
        bus = entry.get("EventBusName", "default")
        yield Access(
            "events:PutEvents", bus if bus.startswith("arn:") else arn("events", f"event-bus/{bus}")
        )


def _of_lambda(sent: Sent) -> Iterator[Access]:
    function = sent.path.split("/functions/")[1].split("/")[0]
    named = function if function.startswith("arn:") else arn("lambda", f"function:{function}")
    yield Access("lambda:InvokeFunction", named)


_SERVICES: Final[Mapping[str, Callable[[Sent], Iterator[Access]]]] = {
    "dynamodb": _of_dynamodb,
    "sqs": _of_sqs,
    "s3": _of_s3,
    "scheduler": _of_scheduler,
    "secretsmanager": _of_secrets_manager,
    "ssm": _of_ssm,
    "sns": _of_sns,
    "events": _of_events,
    "lambda": _of_lambda,
}
