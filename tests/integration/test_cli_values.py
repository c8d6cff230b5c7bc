"""``dalsegno secret`` and ``dalsegno env``."""

from collections.abc import Callable

from tests.terminal import Cli, run_at_terminal


def test_a_secret_is_read_from_standard_input(cli: Cli, a_name: Callable[[str], str]) -> None:
    name = a_name("token")

    put = cli.ok("secret", "put", name, stdin="s3cret value\n")

    assert "s3cret" not in put.out + put.err
    assert cli.ok("secret", "get", name).line == "s3cret value"
    assert name in cli.ok("secret", "list").out.split()
    assert name in cli.ok("secret", "list", "--json").json
    cli.ok("secret", "delete", name)
    assert cli("secret", "get", name).status == 4
    assert cli("secret", "put", name).status == 2


def test_a_secret_that_is_typed_is_not_shown(
    server_url: str, cli: Cli, a_name: Callable[[str], str]
) -> None:
    name = a_name("token")

    typed = run_at_terminal(server_url, "secret", "put", name, typed="hidden\n")

    assert typed.status == 0
    assert cli.ok("secret", "get", name).line == "hidden"


def test_values_are_put_listed_and_deleted(cli: Cli, a_name: Callable[[str], str]) -> None:
    name = a_name("region")

    cli.ok("env", "put", name, "eu-south-2")

    assert f"{name}=eu-south-2" in cli.ok("env", "list").out.splitlines()
    assert cli.ok("env", "list", "--json").json[name] == "eu-south-2"
    cli.ok("env", "delete", name)
    assert name not in cli.ok("env", "list", "--json").json
