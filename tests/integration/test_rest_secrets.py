"""Secrets and environment values over HTTP."""

from uuid import uuid4

import httpx
import pytest


@pytest.fixture
def key() -> str:
    return f"key_{uuid4().hex}"


def put(api: httpx.Client, path: str, value: str) -> httpx.Response:
    return api.put(path, content=value, headers={"content-type": "application/json"})


@pytest.mark.parametrize("value", ["hunter2", '{"user": "ü"}', '"half', " several\nlines\\n"])
def test_value_is_the_body_as_it_stands(api: httpx.Client, key: str, value: str) -> None:
    for resource in ("secrets", "environment"):
        assert put(api, f"/{resource}/{key}", value).status_code == 200

        answer = api.get(f"/{resource}/{key}")
        assert answer.status_code == 200
        assert answer.text == value


def test_text_that_is_sent_as_a_json_string_is_taken_for_what_it_says(
    api: httpx.Client, key: str
) -> None:
    assert put(api, f"/secrets/{key}", '"a \\"quoted\\" word"').status_code == 200

    assert api.get(f"/secrets/{key}").text == 'a "quoted" word'


def test_names_are_listed_without_values(api: httpx.Client, key: str) -> None:
    put(api, f"/secrets/{key}", "hunter2")

    for answer in (api.get("/secrets"), api.post("/secrets")):
        assert key in answer.json()
        assert "hunter2" not in answer.text


def test_environment_lists_names_and_values(api: httpx.Client, key: str) -> None:
    put(api, f"/environment/{key}", "alps")

    assert {"name": key, "value": "alps"} in api.get("/environment").json()


def test_deleted_value_is_gone(api: httpx.Client, key: str) -> None:
    for resource in ("secrets", "environment"):
        put(api, f"/{resource}/{key}", "x")
        assert api.delete(f"/{resource}/{key}").status_code == 200
        assert api.delete(f"/{resource}/{key}").status_code == 404

    assert api.get(f"/secrets/{key}").status_code == 404
    assert api.get(f"/secrets/{key}/exists").json() is False
    # Conductor answers so for what is not in its environment.
    absent = api.get(f"/environment/{key}")
    assert (absent.status_code, absent.text) == (200, "")


def test_tags_are_listed_with_the_names(api: httpx.Client, key: str) -> None:
    put(api, f"/secrets/{key}", "x")
    tag = {"key": "team", "value": "red", "type": "METADATA"}

    assert api.put(f"/secrets/{key}/tags", json=[tag]).status_code == 200

    for path in ("/secrets/v2", "/secrets-v2"):
        assert {"name": key, "tags": [tag]} in api.get(path).json()


def test_tags_are_deleted_by_their_keys(api: httpx.Client, key: str) -> None:
    put(api, f"/secrets/{key}", "x")
    team, tier = ({"key": k, "value": "red", "type": "METADATA"} for k in ("team", "tier"))
    api.put(f"/secrets/{key}/tags", json=[team, tier])

    assert api.request("DELETE", f"/secrets/{key}/tags", json=[team]).status_code == 200

    assert api.get(f"/secrets/{key}/tags").json() == [tier]


def test_tags_go_with_their_secret(api: httpx.Client, key: str) -> None:
    put(api, f"/secrets/{key}", "x")
    api.put(f"/secrets/{key}/tags", json=[{"key": "team", "value": "red"}])

    api.delete(f"/secrets/{key}")
    assert api.get(f"/secrets/{key}/tags").status_code == 404
    put(api, f"/secrets/{key}", "x")

    assert api.get(f"/secrets/{key}/tags").json() == []


def test_what_does_not_exist_cannot_be_tagged(api: httpx.Client, key: str) -> None:
    tags = [{"key": "team", "value": "red"}]

    assert api.put(f"/secrets/{key}/tags", json=tags).status_code == 404
    assert api.request("DELETE", f"/secrets/{key}/tags", json=tags).status_code == 404


@pytest.mark.parametrize("name", ["a.b", "a b", "x" * 129, "é", "v2"])
def test_name_that_could_not_be_used_is_refused(api: httpx.Client, name: str) -> None:
    answer = put(api, f"/secrets/{name}", "hunter2")

    assert answer.status_code == 400
    assert "hunter2" not in answer.text


@pytest.mark.parametrize(
    ("resource", "size", "status"),
    [
        ("secrets", 0, 400),
        ("secrets", 65_537, 413),
        ("environment", 0, 400),
        ("environment", 4097, 413),
    ],
)
def test_value_of_a_wrong_size_is_refused(
    api: httpx.Client, key: str, resource: str, size: int, status: int
) -> None:
    assert put(api, f"/{resource}/{key}", "x" * size).status_code == status
    assert key not in api.get(f"/{resource}").text
