"""A held poll is billed for its memory: little, and enough for whatever a poll hands out."""

import os
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest

Find = Callable[..., dict[str, dict[str, Any]]]

# What Lambda's own runtime takes beside our handler: its client, its buffers (estimated).
RUNTIME_MB = 15

ANSWERING = """
import json, pathlib, sys
from dalsegno.models import Task
from dalsegno_functions import poll
from dalsegno_functions.http.answer_limit import fitting
from dalsegno_functions.http.response import json as answered
from dalsegno_state.aws.client import Clients
from dalsegno_state.engine.answer_size import MAX_BYTES
from pydantic_core import from_json

clients = Clients("us-east-1")
clients.dynamodb, clients.sqs, clients.s3
value = sys.argv[1]
stored = b"[" + b",".join([value.encode()] * (MAX_BYTES // (len(value) + 1) - 1000)) + b"]"
task = Task.model_construct(task_id="t", input_data={"values": from_json(stored)})
size_bytes = len(task.to_wire_json())
event = {"rawPath": "/api/tasks/poll/batch/a", "requestContext": {"http": {"method": "GET"}}}
reply = json.dumps(fitting(answered([task]), poll.API, event))
assert size_bytes <= MAX_BYTES, size_bytes
print(int(pathlib.Path("/proc/self/status").read_text().split("VmHWM:")[1].split()[0]) // 1024)
"""


def _memory_mb(find: Find) -> dict[str, int]:
    functions = find("AWS::Lambda::Function").values()
    found = (each["Properties"] for each in functions if "MemorySize" in each["Properties"])
    return {each["Handler"].split(".")[1]: each["MemorySize"] for each in found}


def test_poll_has_less_memory_than_the_functions_that_compute(resources: Find) -> None:
    memory_mb = _memory_mb(resources)

    assert memory_mb.pop("poll") == 256
    assert set(memory_mb.values()) == {512}


@pytest.mark.parametrize("value", ['"abcdefgh"', "1234567", '{"a":1}', "{}", "[]", '"\\u4e00"'])
def test_largest_answer_fits_into_the_memory_of_the_poll(resources: Find, value: str) -> None:
    run = subprocess.run(
        [sys.executable, "-c", ANSWERING, value],
        env={**os.environ, "AWS_ACCESS_KEY_ID": "x", "AWS_SECRET_ACCESS_KEY": "x"},
        capture_output=True,
        text=True,
        check=True,
    )

    print(value, run.stdout)
    assert int(run.stdout) + RUNTIME_MB <= _memory_mb(resources)["poll"]
