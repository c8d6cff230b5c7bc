"""Every parameter that an official SDK sends is read, or declared to have no effect."""

import pytest

from tests.conformance.client_parameters import (
    ROUTES,
    Sent,
    of_javascript_description,
    of_python_sdk,
    undeclared,
)


@pytest.mark.parametrize("sent_by", [of_python_sdk, of_javascript_description])
def test_what_a_generated_client_sends_is_declared_where_it_sends_it(sent_by: object) -> None:
    assert callable(sent_by)
    sent = sent_by()

    assert len([each for each in sent if (each.method, each.path) in ROUTES]) > 50
    assert undeclared(sent) == []


def test_a_parameter_in_another_place_would_be_found() -> None:
    moved = Sent("POST", "/api/workflow/{}", "header", "correlationId")
    unknown = Sent("POST", "/api/workflow/{}", "query", "taskToDomain")

    assert undeclared([moved, unknown]) == [
        "POST /api/workflow/{}: header correlationId",
        "POST /api/workflow/{}: query taskToDomain",
    ]
