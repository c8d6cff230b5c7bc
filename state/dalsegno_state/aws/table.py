"""One DynamoDB table: conditional writes to single items, strongly consistent reads, no scans."""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from botocore.exceptions import ClientError

from dalsegno_state.aws.client import Clients
from dalsegno_state.aws.failures import code_of, rounds, translated, was_repeated
from dalsegno_state.aws.layout import Index

if TYPE_CHECKING:
    from mypy_boto3_dynamodb.type_defs import AttributeValueTypeDef

    Value: TypeAlias = AttributeValueTypeDef
else:  # the type is of the stubs, which are not there at run time
    Value = dict[str, Any]

Item: TypeAlias = dict[str, Value]

_BATCH_READS: Final = 100
_BATCH_WRITES: Final = 25


@dataclass(frozen=True, slots=True)
class Refused:
    """A conditional write that found something else.

    Attributes:
        stored: The item as it was found, None if there was none.
        was_repeated: The request was sent more than once: what it found may be its own doing.
    """

    stored: Item | None
    was_repeated: bool


def text(value: str) -> Value:
    """Return a string as DynamoDB takes it."""
    return {"S": value}


def number(value: int) -> Value:
    """Return a whole number as DynamoDB takes it."""
    return {"N": str(value)}


def text_of(item: Item, name: str) -> str | None:
    """Return a string attribute, or None."""
    value = item.get(name)
    return None if value is None else value["S"]


def number_of(item: Item, name: str) -> int | None:
    """Return a number attribute, or None."""
    value = item.get(name)
    return None if value is None else int(value["N"])


def key(pk: str, sk: str) -> Item:
    """Return the key of an item."""
    return {"pk": {"S": pk}, "sk": {"S": sk}}


def assigned(values: Mapping[str, Value | None]) -> tuple[str, Item]:
    """Return an update expression that sets attributes, removes those of None, and its values."""
    sets = [name for name, value in values.items() if value is not None]
    removes = [name for name, value in values.items() if value is None]
    expression = "SET " + ", ".join(f"{name} = :{name}" for name in sets) if sets else ""
    if removes:
        expression += " REMOVE " + ", ".join(removes)
    return expression, {f":{name}": value for name, value in values.items() if value is not None}


class Table:
    """A table keyed by ``pk`` and ``sk``."""

    def __init__(self, clients: Clients, name: str) -> None:
        self._clients = clients
        self._name = name

    def get(self, item_key: Item, *, is_consistent: bool = True) -> Item | None:
        """Return an item, or None; if not consistent, as it was a moment ago at half the price."""
        with translated(f"reading {self._name}"):
            reply = self._clients.dynamodb.get_item(
                TableName=self._name, Key=item_key, ConsistentRead=is_consistent
            )
        return reply.get("Item")

    def get_many(self, keys: Iterable[Item]) -> Iterator[Item]:
        """Yield the items of different keys that exist, in any order."""
        wanted = list(keys)
        if len(wanted) == 1:  # a batch of one costs the same and answers later
            found = self.get(wanted[0])
            if found is not None:
                yield found
            return
        for start in range(0, len(wanted), _BATCH_READS):
            yield from self._batch(wanted[start : start + _BATCH_READS])

    def query(
        self,
        condition: str,
        values: Item,
        *,
        index: Index | None = None,
        reverse: bool = False,
        limit: int | None = None,
        projection: str | None = None,
    ) -> Iterator[Item]:
        """Yield the items under a condition on their keys, in order of their sort keys.

        A page holds ``limit`` items at most; a reader who stops early pays for no more.
        """
        request: dict[str, Any] = {
            "TableName": self._name,
            "KeyConditionExpression": condition,
            "ExpressionAttributeValues": values,
            "ScanIndexForward": not reverse,
        }
        if index is None:
            request["ConsistentRead"] = True
        else:
            request["IndexName"] = index.name
        if limit is not None:
            request["Limit"] = limit
        if projection is not None:
            request["ProjectionExpression"] = projection
        while True:
            with translated(f"querying {self._name}"):
                page = self._clients.dynamodb.query(**request)
            yield from page["Items"]
            if "LastEvaluatedKey" not in page:
                return
            request["ExclusiveStartKey"] = page["LastEvaluatedKey"]

    def under(
        self, pk: str, prefix: str = "", *, reverse: bool = False, limit: int | None = None
    ) -> Iterator[Item]:
        """Yield the items of a partition key whose sort keys begin with a prefix."""
        if not prefix:
            return self.query("pk = :pk", {":pk": text(pk)}, reverse=reverse, limit=limit)
        return self.query(
            "pk = :pk AND begins_with(sk, :prefix)",
            {":pk": text(pk), ":prefix": text(prefix)},
            reverse=reverse,
            limit=limit,
        )

    def keys_under(self, pk: str, prefix: str = "") -> Iterator[Item]:
        """Yield the keys alone of what ``under`` yields."""
        condition = "pk = :pk AND begins_with(sk, :prefix)" if prefix else "pk = :pk"
        values = {":pk": text(pk), ":prefix": text(prefix)} if prefix else {":pk": text(pk)}
        return self.query(condition, values, projection="pk, sk")

    def put(
        self, item: Item, condition: str | None = None, values: Item | None = None
    ) -> Refused | None:
        """Store an item if the condition holds for what it replaces; return what it found if not.

        Being told what was found costs nothing, and spares reading it.
        """
        request: dict[str, Any] = {"TableName": self._name, "Item": item}
        _add_condition(request, condition, values or {})
        with translated(f"writing {self._name}"):
            try:
                self._clients.dynamodb.put_item(**request)
            except ClientError as error:
                return _refused(error)
        return None

    def update(
        self,
        item_key: Item,
        expression: str,
        values: Item,
        *,
        condition: str | None = None,
        names: Mapping[str, str] | None = None,
    ) -> Item | Refused:
        """Change an item if the condition holds; return it whole as it is now, or as it was found.

        The answer costs nothing.
        """
        request: dict[str, Any] = {
            "TableName": self._name,
            "Key": item_key,
            "UpdateExpression": expression,
            "ReturnValues": "ALL_NEW",
        }
        if names:
            request["ExpressionAttributeNames"] = names
        _add_condition(request, condition, values)
        with translated(f"writing {self._name}"):
            try:
                return self._clients.dynamodb.update_item(**request).get("Attributes", {})
            except ClientError as error:
                return _refused(error)

    def delete(
        self, item_key: Item, condition: str | None = None, values: Item | None = None
    ) -> Item | None:
        """Delete an item if the condition holds; return what it was, or None if it was not."""
        request: dict[str, Any] = {
            "TableName": self._name,
            "Key": item_key,
            "ReturnValues": "ALL_OLD",
        }
        _add_condition(request, condition, values or {})
        with translated(f"writing {self._name}"):
            try:
                return self._clients.dynamodb.delete_item(**request).get("Attributes")
            except ClientError as error:
                _refused(error)
        return None

    def delete_many(self, keys: Iterable[Item]) -> None:
        """Delete items; absent is fine."""
        self._write_many([{"DeleteRequest": {"Key": item_key}} for item_key in keys])

    def put_many(self, items: Iterable[Item]) -> None:
        """Store items of different keys, in any order."""
        self._write_many([{"PutRequest": {"Item": item}} for item in items])

    def _write_many(self, requests: list[Any]) -> None:
        for start in range(0, len(requests), _BATCH_WRITES):
            pending = requests[start : start + _BATCH_WRITES]
            for _ in rounds(f"writing {self._name}"):
                with translated(f"writing {self._name}"):
                    reply = self._clients.dynamodb.batch_write_item(
                        RequestItems={self._name: pending}
                    )
                pending = list(reply.get("UnprocessedItems", {}).get(self._name, ()))
                if not pending:
                    break

    def _batch(self, keys: list[Item]) -> Iterator[Item]:
        pending: list[Any] = keys
        for _ in rounds(f"reading {self._name}"):
            with translated(f"reading {self._name}"):
                reply = self._clients.dynamodb.batch_get_item(
                    RequestItems={self._name: {"Keys": pending, "ConsistentRead": True}}
                )
            yield from reply["Responses"].get(self._name, ())
            left = reply.get("UnprocessedKeys", {}).get(self._name)
            if not left:
                return
            pending = list(left["Keys"])


def _add_condition(request: dict[str, Any], condition: str | None, values: Item) -> None:
    if values:
        request["ExpressionAttributeValues"] = values
    if condition is not None:
        request["ConditionExpression"] = condition
        request["ReturnValuesOnConditionCheckFailure"] = "ALL_OLD"


def _refused(error: ClientError) -> Refused:
    """Return what a condition met; raises the error if it is another."""
    if code_of(error) != "ConditionalCheckFailedException":
        raise error
    stored: Item | None = error.response.get("Item")  # type: ignore[assignment]  # not in its type
    return Refused(stored or None, was_repeated(error))
