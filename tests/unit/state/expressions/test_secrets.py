import pytest
from pydantic import JsonValue

from dalsegno_state.expressions import reveal_secrets

VAULT: dict[str, JsonValue] = {
    "DB": "hunter2",
    "JSON": '{"user": {"name": "ada"}}',
    "MAP": {"port": 5432, "hosts": ["a", "b"]},
    "TRICKY": "${workflow.secrets.DB}",
}


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        ("${workflow.secrets.DB}", "hunter2"),
        ("${ workflow.secrets.DB }", "hunter2"),
        ("${workflow.secrets.MAP}", {"port": 5432, "hosts": ["a", "b"]}),
        ("${workflow.secrets.MAP.port}", 5432),
        ("${workflow.secrets.MAP.hosts[1]}", "b"),
        ("${workflow.secrets.JSON.user.name}", "ada"),
        ("ada:${workflow.secrets.DB}@${workflow.secrets.MAP.port}", "ada:hunter2@5432"),
        ({"k": ["${workflow.secrets.DB}"]}, {"k": ["hunter2"]}),
    ],
)
def test_reference_is_replaced_by_the_secret(value: JsonValue, expected: JsonValue) -> None:
    assert reveal_secrets(value, VAULT.get) == expected


@pytest.mark.parametrize("name", ["NONE", "DB.x", "MAP.x", "MAP[?(", ""])
def test_missing_secret_is_none_and_nothing_within_text(name: str) -> None:
    assert reveal_secrets(f"${{workflow.secrets.{name}}}", VAULT.get) is None
    assert reveal_secrets(f"<${{workflow.secrets.{name}}}>", VAULT.get) == "<>"


def test_revealed_value_is_not_looked_at_again() -> None:
    assert reveal_secrets("-${workflow.secrets.TRICKY}-", VAULT.get) == "-${workflow.secrets.DB}-"


@pytest.mark.parametrize(
    "value", ["${workflow.input.x}", "$${workflow.secrets.DB}", "workflow.secrets.DB", 1, None]
)
def test_anything_else_stays_as_it_is(value: JsonValue) -> None:
    assert reveal_secrets(value, VAULT.get) == value
