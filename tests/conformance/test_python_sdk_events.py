"""Event handlers through the official Python SDK."""

from collections.abc import Callable

import pytest
from conductor.client.configuration.configuration import Configuration
from conductor.client.http.api.event_resource_api import EventResourceApi
from conductor.client.http.api_client import ApiClient
from conductor.client.http.models.action import Action
from conductor.client.http.models.event_handler import EventHandler
from conductor.client.http.models.start_workflow import StartWorkflow
from conductor.client.http.rest import ApiException


@pytest.fixture(scope="module")
def events(configuration: Configuration) -> EventResourceApi:
    return EventResourceApi(ApiClient(configuration))


def a_handler(name: str, event: str) -> EventHandler:
    action = Action(action="start_workflow", start_workflow=StartWorkflow(name="flow", version=1))
    return EventHandler(name=name, event=event, actions=[action], active=True)


def test_handler_is_added_found_changed_and_deleted(
    events: EventResourceApi, unique: Callable[[str], str]
) -> None:
    name, event = unique("sdk_handler"), f"sqs:{unique('orders')}"
    events.add_event_handler(a_handler(name, event))

    (found,) = events.get_event_handlers_for_event(event)
    assert (found.name, found.event, found.active) == (name, event, True)
    assert found.actions[0].start_workflow.name == "flow"
    assert name in [each.name for each in events.get_event_handlers()]

    found.active = False
    events.update_event_handler(found)
    assert events.get_event_handlers_for_event(event) == []
    (inactive,) = events.get_event_handlers_for_event(event, active_only=False)
    assert not inactive.active

    events.remove_event_handler_status(name)
    assert events.get_event_handlers_for_event(event, active_only=False) == []


def test_handler_that_exists_or_is_missing_is_refused(
    events: EventResourceApi, unique: Callable[[str], str]
) -> None:
    handler = a_handler(unique("sdk_handler"), "sqs:orders")
    events.add_event_handler(handler)

    with pytest.raises(ApiException) as exists:
        events.add_event_handler(handler)
    with pytest.raises(ApiException) as missing:
        events.remove_event_handler_status(unique("sdk_nobody"))

    assert (exists.value.status, missing.value.status) == (409, 404)
