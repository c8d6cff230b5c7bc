"""What every ``Secrets`` promises."""

import pytest

from dalsegno_state.ports import Ports, Secrets

MANY = 25  # more than the parameter store lists at once


@pytest.fixture
def secrets(ports: Ports) -> Secrets:
    return ports.secrets


@pytest.mark.parametrize(
    ("stored", "value"),
    [
        ("hunter2", "hunter2"),
        ("12345", "12345"),
        ('"quoted"', '"quoted"'),
        ('{"user": "ü", "port": 1}', {"user": "ü", "port": 1}),
        (" [1, 2]", [1, 2]),
        ("{not json", "{not json"),
        ("several\nlines \\n", "several\nlines \\n"),
    ],
)
def test_value_is_text_unless_it_is_a_json_object_or_array(
    secrets: Secrets, stored: str, value: object
) -> None:
    secrets.put_secret("a", stored)
    secrets.put_environment("a", stored)

    assert secrets.secret("a") == secrets.environment("a") == value
    assert secrets.secret_text("a") == secrets.environment_text("a") == stored


def test_secrets_and_environment_are_apart(secrets: Secrets) -> None:
    secrets.put_secret("a", "hidden")
    secrets.put_environment("a", "shown")
    secrets.put_environment("b", "shown")

    assert (secrets.secret("a"), secrets.environment("a")) == ("hidden", "shown")
    assert secrets.secret("b") is None
    assert not secrets.secret_exists("b")


@pytest.mark.parametrize("name", ["absent", "", "not a name", "x" * 300])
def test_what_is_absent_is_none(secrets: Secrets, name: str) -> None:
    assert secrets.secret(name) is None
    assert secrets.secret_text(name) is None
    assert not secrets.secret_exists(name)
    assert secrets.environment(name) is None
    assert secrets.environment_text(name) is None
    assert not secrets.delete_secret(name)
    assert not secrets.delete_environment(name)


def test_put_replaces(secrets: Secrets) -> None:
    for value in ("old", "new"):
        secrets.put_secret("a", value)
        secrets.put_environment("a", value)
        assert secrets.secret("a") == secrets.environment("a") == value


def test_names_are_listed_in_order(secrets: Secrets) -> None:
    names = [f"name-{number:02}" for number in range(MANY)]
    for name in reversed(names):
        secrets.put_secret(name, "x")
        secrets.put_environment(name, f"value of {name}")

    assert secrets.secret_names() == names
    assert list(secrets.environment_values().items()) == [(n, f"value of {n}") for n in names]


def test_nothing_is_listed_where_nothing_is(secrets: Secrets) -> None:
    assert secrets.secret_names() == []
    assert secrets.environment_values() == {}


def test_what_is_deleted_is_gone(secrets: Secrets) -> None:
    secrets.put_secret("a", "x")
    secrets.put_environment("a", "x")
    assert (secrets.secret("a"), secrets.environment("a")) == ("x", "x")

    assert secrets.delete_secret("a")
    assert secrets.delete_environment("a")

    assert not secrets.delete_secret("a")
    assert not secrets.delete_environment("a")
    assert secrets.secret("a") is secrets.secret_text("a") is None
    assert not secrets.secret_exists("a")
    assert secrets.secret_names() == []
    assert secrets.environment("a") is None
    assert secrets.environment_values() == {}


def test_what_was_deleted_can_be_put_again(secrets: Secrets) -> None:
    secrets.put_secret("a", "old")
    secrets.delete_secret("a")

    secrets.put_secret("a", "new")

    assert secrets.secret("a") == "new"
    assert secrets.secret_names() == ["a"]


def test_another_process_reads_what_was_put(ports: Ports, second_ports: Ports) -> None:
    ports.secrets.put_secret("a", "x")
    ports.secrets.put_environment("a", "y")

    assert second_ports.secrets.secret("a") == "x"
    assert second_ports.secrets.environment_values() == {"a": "y"}
