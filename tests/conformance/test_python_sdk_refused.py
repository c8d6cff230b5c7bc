"""What belongs to Orkes's own product: every method is told that there is no such thing."""

import inspect
from collections.abc import Callable, Iterator
from enum import Enum
from typing import Any, Union, get_args, get_origin, get_type_hints

import pytest
from conductor.client.configuration.configuration import Configuration
from conductor.client.event.event_client import EventClient
from conductor.client.event.queue.kafka_queue_configuration import (
    KafkaConsumerConfiguration,
    KafkaProducerConfiguration,
    KafkaQueueConfiguration,
)
from conductor.client.http.api.event_resource_api import EventResourceApi
from conductor.client.http.api_client import ApiClient
from conductor.client.http.models.target_ref import TargetRef, TargetType
from conductor.client.http.rest import ApiException
from conductor.client.orkes.orkes_authorization_client import OrkesAuthorizationClient
from conductor.client.orkes.orkes_integration_client import OrkesIntegrationClient
from conductor.client.orkes.orkes_prompt_client import OrkesPromptClient
from conductor.client.orkes.orkes_service_registry_client import OrkesServiceRegistryClient

ABSENT = [
    OrkesAuthorizationClient,
    OrkesIntegrationClient,
    OrkesPromptClient,
    OrkesServiceRegistryClient,
]
# They take 404 for "there is none of this name", and return None.
FINDERS = {"get_integration", "get_integration_api", "get_prompt"}
# Not of the registry at all, whatever class it is in.
SERVED = {"get_queue_sizes_for_all_tasks"}


def methods_of(client: type) -> Iterator[tuple[type, str]]:
    for name, _ in inspect.getmembers(client, inspect.isfunction):
        if not name.startswith("_") and name not in SERVED:
            yield client, name


def arguments(function: Callable[..., Any]) -> dict[str, Any]:
    """Return something that fits each argument that must be given."""
    names = [
        name
        for name, parameter in inspect.signature(function).parameters.items()
        if parameter.default is parameter.empty and parameter.kind is not parameter.VAR_KEYWORD
    ]
    hints = get_type_hints(function) if names else {}
    return {name: example(hints.get(name, str)) for name in names}


def example(hint: Any) -> Any:
    """Return a value of the type."""
    origin = get_origin(hint) or hint
    if origin is Union:
        return example(get_args(hint)[0])
    if origin is list:
        return [example(argument) for argument in get_args(hint)]
    if origin is TargetRef:
        return TargetRef(TargetType.WORKFLOW_DEF, "a")
    if not isinstance(origin, type) or (issubclass(origin, str) and not issubclass(origin, Enum)):
        return "a"
    if issubclass(origin, Enum):
        return next(iter(origin))
    if origin is bytes:
        return b"a"  # the SDK sends no empty body
    if origin in {bool, dict, int}:
        return origin()
    return origin(**arguments(origin))


@pytest.mark.parametrize(
    ("client", "method"), [pair for client in ABSENT for pair in methods_of(client)]
)
def test_method_is_told_that_there_is_no_such_thing(
    configuration: Configuration, client: type, method: str
) -> None:
    call = getattr(client(configuration), method)

    if method in FINDERS:
        assert call(**arguments(call)) is None
        return
    with pytest.raises(ApiException) as refusal:
        call(**arguments(call))
    # Where there are keys there are tokens too, though not for one that nobody made.
    has_tokens = configuration.authentication_settings and method == "generate_token"
    assert refusal.value.status == (401 if has_tokens else 404)


def test_queues_of_brokers_are_not_configured_here(configuration: Configuration) -> None:
    api = EventResourceApi(ApiClient(configuration))
    client, queue = EventClient(ApiClient(configuration)), KafkaQueueConfiguration("orders")
    queue.add_consumer(KafkaConsumerConfiguration("broker:9092"))
    queue.add_producer(KafkaProducerConfiguration("broker:9092"))

    for call in (
        lambda: client.get_queue_configuration("kafka", "orders"),
        lambda: client.get_kafka_queue_configuration("orders"),
        lambda: client.put_queue_configuration(queue),
        lambda: client.delete_queue_configuration(queue),
        lambda: api.get_queue_config("kafka", "orders"),
        lambda: api.put_queue_config("{}", "kafka", "orders"),
        lambda: api.delete_queue_config("kafka", "orders"),
        api.get_queue_names,
    ):
        with pytest.raises(ApiException) as refusal:
            call()
        assert refusal.value.status == 404


def test_queue_sizes_are_told_by_the_registry_too(configuration: Configuration) -> None:
    assert OrkesServiceRegistryClient(configuration).get_queue_sizes_for_all_tasks() is not None
