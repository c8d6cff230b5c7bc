"""Types of the client, as a type checker sees them from outside."""

from pathlib import Path

from tests.unit.sdk.type_checker import checked


def test_results_and_mistakes_are_seen_by_a_type_checker() -> None:
    assert checked(Path(__file__).with_name("typed_client.py")) == []
