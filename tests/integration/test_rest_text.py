"""Text that is no Unicode, through every route and task that takes text in."""

import json
import os
import subprocess
from collections.abc import Callable
from pathlib import Path
from typing import Any

import httpx
import pytest

from dalsegno import Dalsegno
from dalsegno.errors import InvalidRequestError
from tests.eventually import eventually
from tests.terminal import COMMAND, Cli

Call = Callable[..., Any]

HALF = r'"cut \ud83d"'
WHOLE = "cut \N{REPLACEMENT CHARACTER}"
JSON = {"Content-Type": "application/json"}


def inline(expression: str, **inputs: Any) -> dict[str, Any]:
    given = {"evaluatorType": "javascript", "expression": expression, **inputs}
    return {
        "name": "inline",
        "taskReferenceName": "inline",
        "type": "INLINE",
        "inputParameters": given,
    }


def post(api: httpx.Client, path: str, document: str | bytes) -> httpx.Response:
    reply = api.post(path, content=document, headers=JSON)
    assert reply.status_code == 200, reply.text
    return reply


@pytest.mark.parametrize("half", [HALF.encode(), b'"cut \xed\xa0\xbd"'], ids=["escape", "bytes"])
def test_half_a_character_passes_from_input_to_output_replaced(
    api: httpx.Client, register: Call, half: bytes
) -> None:
    name = register(inline("$.text", text="${workflow.input.text}"))

    started = post(api, f"/workflow/{name}?correlationId=a", b'{"text": %b}' % half)

    workflow = api.get(f"/workflow/{started.text}").json()
    assert workflow["input"] == {"text": WHOLE}
    assert workflow["output"] == {"result": WHOLE}


@pytest.mark.parametrize("route", ["/tasks", "/tasks/update-v2", "/tasks/{wf}/{ref}/COMPLETED"])
def test_half_a_character_in_a_result_is_replaced(
    api: httpx.Client, register: Call, start: Call, a_name: Call, route: str
) -> None:
    kind = a_name("task")
    name = register({"name": kind, "taskReferenceName": kind, "type": "SIMPLE"})
    workflow_id = start(name)
    task = eventually(lambda: api.get(f"/tasks/poll/batch/{kind}?timeout=2000").json(), bool)[0]

    output = f'{{"text": {HALF}}}'
    result = (
        f'{{"workflowInstanceId": "{workflow_id}", "taskId": "{task["taskId"]}", '
        f'"status": "COMPLETED", "outputData": {output}, "logs": [{{"log": {HALF}}}]}}'
    )
    path = route.format(wf=workflow_id, ref=kind)
    reply = api.post(path, content=output if "{wf}" in route else result, headers=JSON)

    assert reply.status_code in {200, 204}, reply.text
    workflow = api.get(f"/workflow/{workflow_id}").json()
    assert (workflow["status"], workflow["output"]) == ("COMPLETED", {"text": WHOLE})


def test_half_a_character_in_texts_and_definitions_is_replaced(
    api: httpx.Client, a_name: Call
) -> None:
    name = a_name("flow")
    tasks = json.dumps([inline("1")])
    definition = f'{{"name": "{name}", "description": {HALF}, "tasks": {tasks}}}'

    post(api, "/metadata/workflow", definition)
    api.put(f"/environment/{name}", content=HALF)

    assert api.get(f"/metadata/workflow/{name}").json()["description"] == WHOLE
    assert api.get(f"/environment/{name}").text == WHOLE


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_client_refuses_numbers_that_json_cannot_write(
    server_url: str, register: Call, value: float
) -> None:
    name = register(inline("1"))

    with pytest.raises(InvalidRequestError, match=r"input\.order\.amount is (nan|inf)"):
        Dalsegno(server_url).start(name, {"order": {"amount": value}})


@pytest.mark.parametrize("text", ["NaN", "Infinity", "-Infinity", "1e999"])
def test_server_refuses_numbers_that_json_cannot_write(
    api: httpx.Client, register: Call, text: str
) -> None:
    name = register(inline("1"))

    reply = api.post(f"/workflow/{name}", content=f'{{"amount": {text}}}', headers=JSON)

    assert reply.status_code == 400, reply.text


@pytest.mark.parametrize("encoding", ["cp1252", "ascii", "latin-1", "utf-8"])
def test_command_line_writes_to_streams_of_any_encoding(
    server_url: str, register: Call, start: Call, encoding: str
) -> None:
    name = register(inline("'日本 \\u00e9'"))
    workflow_id = start(name)
    commands = (
        ["get", workflow_id],
        ["get", workflow_id, "--json"],
        ["list", "--limit", "1000"],
        ["run", name],
    )

    for arguments in commands:
        done = subprocess.run(
            [COMMAND, "workflow", *arguments],
            env={**os.environ, "PYTHONIOENCODING": encoding, "DALSEGNO_URL": server_url},
            capture_output=True,
            check=False,
            timeout=120,
        )
        assert (done.returncode, done.stderr) == (0, b""), done.stderr.decode()
        if "--json" in arguments:
            shown = json.loads(done.stdout.decode("utf-8"))
            assert "日本 é" in json.dumps(shown, ensure_ascii=False)


def test_input_files_are_read_in_utf_16(
    cli: Cli, register: Call, tmp_path: Path, api: httpx.Client
) -> None:
    name = register(inline("1"))
    file = tmp_path / "input.json"
    file.write_text('{"text": "größe"}', encoding="utf-16")
    latin = tmp_path / "latin.json"
    latin.write_text('{"text": "größe"}', encoding="latin-1")

    started = cli.ok("workflow", "start", name, "--input", f"@{file}", "--json")
    refused = cli("workflow", "start", name, "--input", f"@{latin}")

    workflow_id = next(iter(started.json.values()))
    assert api.get(f"/workflow/{workflow_id}").json()["input"] == {"text": "größe"}
    assert (refused.status, "save the file as UTF-8" in refused.err) == (2, True)
