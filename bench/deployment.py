"""Tables, bucket and schedule group as the stack makes them, on an emulator."""

import hashlib
import os
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from functools import cache
from typing import Any, Final
from unittest.mock import patch

import botocore.loaders
import botocore.session

from dalsegno_state.aws import AwsPorts, AwsSettings, open_ports
from dalsegno_state.aws.client import Observer
from dalsegno_state.aws.layout import EXECUTION_INDEXES
from dalsegno_state.ports import Clock

REGION = "us-east-1"
_ACCOUNT = "000000000000"
_ENVIRONMENT = {
    "AWS_ACCESS_KEY_ID": "test",
    "AWS_SECRET_ACCESS_KEY": "test",
    "AWS_SESSION_TOKEN": "test",
    "AWS_REGION": REGION,
    "AWS_DEFAULT_REGION": REGION,
    "AWS_EC2_METADATA_DISABLED": "true",
}


def settings_of(place: str, *, lists_ended: bool = True) -> AwsSettings:
    """Return settings under which nothing is shared with another place."""
    name = "t" + hashlib.sha256(place.encode()).hexdigest()[:12]
    return AwsSettings(
        region=REGION,
        execution_table=f"{name}-executions",
        definition_table=f"{name}-definitions",
        payload_bucket=f"{name}-payloads",
        queue_prefix=f"dalsegno-{name}-",
        evaluator_queue_arn=f"arn:aws:sqs:{REGION}:{_ACCOUNT}:dalsegno-{name}-_evaluator",
        schedule_group=f"dalsegno-{name}",
        schedule_role_arn=f"arn:aws:iam::{_ACCOUNT}:role/{name}",
        secret_prefix=f"dalsegno/{name}/",
        parameter_prefix=f"/dalsegno/{name}/",
        lists_ended=lists_ended,
    )


@contextmanager
def environment(endpoint_url: str | None) -> Iterator[None]:
    """Let clients that are made meanwhile use dummy keys, and an emulator if one is given.

    Their sessions share what they read of the models of the services, which takes long.
    """
    extra = {} if endpoint_url is None else {"AWS_ENDPOINT_URL": endpoint_url}
    with (
        patch.dict(os.environ, _ENVIRONMENT | extra),
        patch("botocore.session.create_loader", _loader),
    ):
        if endpoint_url is None:
            os.environ.pop("AWS_ENDPOINT_URL", None)
        else:
            del os.environ["AWS_SESSION_TOKEN"]  # a signed URL with a made-up one is refused
        yield


@contextmanager
def deployed(
    place: str,
    clock: Clock,
    endpoint_url: str | None,
    observers: Iterable[Observer] = (),
    *,
    lists_ended: bool = True,
) -> Iterator[AwsPorts]:
    """Give the ports on a place, whose resources are made if it is new."""
    with environment(endpoint_url):
        settings = settings_of(place, lists_ended=lists_ended)
        create_resources(settings)
        ports = open_ports(settings, clock, observers)
        try:
            yield ports
        finally:
            ports.close()


def create_resources(settings: AwsSettings) -> None:
    """Make what the stack makes, unless it is there."""
    session = _session()
    dynamodb: Any = session.create_client("dynamodb", region_name=settings.region)
    try:
        create_table(dynamodb, settings.execution_table, is_indexed=True)
    except dynamodb.exceptions.ResourceInUseException:
        return  # another handle on the same place
    create_table(dynamodb, settings.definition_table, is_indexed=False)
    s3: Any = session.create_client("s3", region_name=settings.region)
    s3.create_bucket(Bucket=settings.payload_bucket)
    scheduler: Any = session.create_client("scheduler", region_name=settings.region)
    scheduler.create_schedule_group(Name=settings.schedule_group)


_loader: Final = cache(botocore.loaders.create_loader)


@cache
def _session() -> botocore.session.Session:
    return botocore.session.get_session()


def create_table(dynamodb: Any, name: str, *, is_indexed: bool) -> None:
    """Make one of the two tables."""
    indexes = EXECUTION_INDEXES if is_indexed else ()
    types = {"pk": "S", "sk": "S"}
    for index in indexes:
        types |= {index.partition: "S", index.sort: "N"}
    request = {
        "TableName": name,
        "BillingMode": "PAY_PER_REQUEST",
        "AttributeDefinitions": [
            {"AttributeName": attribute, "AttributeType": kind} for attribute, kind in types.items()
        ],
        "KeySchema": _key_schema("pk", "sk"),
    }
    if indexes:
        request["GlobalSecondaryIndexes"] = [
            {
                "IndexName": index.name,
                "KeySchema": _key_schema(index.partition, index.sort),
                "Projection": {"ProjectionType": "KEYS_ONLY"},
            }
            for index in indexes
        ]
    dynamodb.create_table(**request)


def _key_schema(partition: str, sort: str) -> list[dict[str, str]]:
    return [
        {"AttributeName": partition, "KeyType": "HASH"},
        {"AttributeName": sort, "KeyType": "RANGE"},
    ]
