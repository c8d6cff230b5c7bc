"""What AWS refuses as too large, too long or badly named, where emulators are lenient.

Sources: the quotas pages of DynamoDB, SQS, EventBridge Scheduler and Secrets Manager.
"""

import re
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final

from tests.cloud.accesses import Sent

ITEM_BYTES: Final = 400 * 1024
MESSAGE_BYTES: Final = 1024 * 1024
_PK_BYTES: Final = 2048
_SK_BYTES: Final = 1024
_BATCH_WRITES: Final = 25
_BATCH_READS: Final = 100
_BATCH_MESSAGES: Final = 10
_LONGEST_DELAY_SECONDS: Final = 900
_LONGEST_VISIBILITY_SECONDS: Final = 12 * 3600
_LONGEST_WAIT_SECONDS: Final = 20
_MOST_TAGS: Final = 50
_QUEUE_NAME: Final = re.compile(r"[A-Za-z0-9_-]{1,80}")
_SCHEDULE_NAME: Final = re.compile(r"[0-9a-zA-Z-_.]{1,64}")
_SECRET_NAME: Final = re.compile(r"[A-Za-z0-9/_+=.@!-]{1,512}")
_PARAMETER_NAME: Final = re.compile(r"[A-Za-z0-9/_.-]{1,1011}")


def breach(sent: Sent) -> str | None:
    """Return which limit of AWS a request breaks; None if it breaks none."""
    rules = _RULES.get(sent.service)
    return None if rules is None else next(rules(sent), None)


def _of_dynamodb(sent: Sent) -> Iterator[str]:
    asked = sent.asked
    for requests in asked.get("RequestItems", {}).values():
        yield from _of_batch(requests)
    for item in _items(asked):
        yield from _of_item(item)
    names = asked.get("ExpressionAttributeNames", {})
    in_filter = re.findall(r"[#\w]+", asked.get("FilterExpression", ""))
    if {"pk", "sk"} & {names.get(word, word) for word in in_filter} and "IndexName" not in asked:
        yield "a filter on attributes of the key"


def _of_batch(requests: Any) -> Iterator[str]:
    if isinstance(requests, list) and len(requests) > _BATCH_WRITES:
        yield f"{len(requests)} writes in one batch, of at most {_BATCH_WRITES}"
    elif isinstance(requests, dict) and len(requests["Keys"]) > _BATCH_READS:
        yield f"{len(requests['Keys'])} reads in one batch, of at most {_BATCH_READS}"


def _of_item(item: dict[str, Any]) -> Iterator[str]:
    if (size := _size({"M": item})) > ITEM_BYTES:
        yield f"an item of {size} bytes, of at most {ITEM_BYTES}"
    for name, most in (("pk", _PK_BYTES), ("sk", _SK_BYTES)):
        if name in item and not 0 < _size(item[name]) <= most:
            yield f"a key {name} of {_size(item[name])} bytes, of 1 to {most}"


def _items(asked: Mapping[str, Any]) -> Iterator[dict[str, Any]]:
    yield from (asked[name] for name in ("Item", "Key") if name in asked)
    for requests in asked.get("RequestItems", {}).values():
        if isinstance(requests, list):
            yield from (
                request["PutRequest"]["Item"] for request in requests if "PutRequest" in request
            )
        else:
            yield from requests["Keys"]


def _size(value: Mapping[str, Any]) -> int:
    """Return about how many bytes a value takes: those of its names and contents."""
    ((kind, content),) = value.items()
    match kind:
        case "M":
            return 3 + sum(len(name.encode()) + _size(each) for name, each in content.items())
        case "L":
            return 3 + sum(1 + _size(each) for each in content)
        case "SS" | "NS":
            return sum(len(each.encode()) for each in content)
        case "B":
            return len(content) * 3 // 4
        case "BOOL" | "NULL":
            return 1
        case _:
            return len(str(content).encode())


def _of_sqs(sent: Sent) -> Iterator[str]:
    asked = sent.asked
    if "QueueName" in asked and not _QUEUE_NAME.fullmatch(asked["QueueName"]):
        yield f"a queue named {asked['QueueName']!r}"
    if len(asked.get("tags", {})) > _MOST_TAGS:
        yield f"{len(asked['tags'])} tags"
    entries = asked.get("Entries", [asked])
    if len(entries) > _BATCH_MESSAGES:
        yield f"{len(entries)} entries in one batch, of at most {_BATCH_MESSAGES}"
    size = sum(len(entry.get("MessageBody", "").encode()) for entry in entries)
    if size > MESSAGE_BYTES:
        yield f"messages of {size} bytes, of at most {MESSAGE_BYTES}"
    longest = (
        ("DelaySeconds", _LONGEST_DELAY_SECONDS),
        ("VisibilityTimeout", _LONGEST_VISIBILITY_SECONDS),
        ("WaitTimeSeconds", _LONGEST_WAIT_SECONDS),
    )
    for entry in entries:
        for name, most in longest:
            if not 0 <= int(entry.get(name) or 0) <= most:
                yield f"{name} {entry[name]}, of 0 to {most}"


def _of_scheduler(sent: Sent) -> Iterator[str]:
    name = sent.path.rpartition("/")[2]
    if not _SCHEDULE_NAME.fullmatch(name):
        yield f"a schedule named {name!r}"


def _named(what: str, pattern: re.Pattern[str]) -> Callable[[Sent], Iterator[str]]:
    """Return the rule that the name in a request, if any, is as a pattern says."""

    def rule(sent: Sent) -> Iterator[str]:
        name = sent.asked.get("Name")
        if name is not None and not pattern.fullmatch(name):
            yield f"a {what} named {name!r}"

    return rule


_RULES: Final[Mapping[str, Callable[[Sent], Iterator[str]]]] = {
    "dynamodb": _of_dynamodb,
    "sqs": _of_sqs,
    "scheduler": _of_scheduler,
    "secretsmanager": _named("secret", _SECRET_NAME),
    "ssm": _named("parameter", _PARAMETER_NAME),
}
