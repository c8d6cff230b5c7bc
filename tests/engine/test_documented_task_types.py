"""Every example in the list of task types runs, and every type has one."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from dalsegno.models import Task
from dalsegno_state.engine import Engine
from dalsegno_state.ports import HttpReply, KafkaRecord, Services
from dalsegno_state.sandbox import SandboxedScripts
from dalsegno_state.tasks.registry import TASK_TYPES
from tests.engine.world import World, done

DOCUMENT = Path(__file__).parents[2] / "docs" / "task-types.md"
EXAMPLES = re.findall(r"### ([^\n]+)\n(?:(?!###).)*?```json\n(.*?)```", DOCUMENT.read_text(), re.S)


class SilentKafka:
    """See ``RecordProducer``."""

    def produce(self, record: KafkaRecord) -> None:
        """See ``RecordProducer.produce``."""


def test_every_type_has_an_example() -> None:
    shown = {kind for _, example in EXAMPLES for kind in re.findall(r'"type": "(\w+)"', example)}

    assert shown >= set(TASK_TYPES)


@pytest.mark.parametrize(("title", "example"), EXAMPLES, ids=[title for title, _ in EXAMPLES])
def test_example_runs_to_its_end(
    world: World, scripts: SandboxedScripts, title: str, example: str
) -> None:
    services = Services(events=world.services, functions=world.services, kafka=SilentKafka())
    world.engine = Engine(world.ports, scripts, world.http, services=services)
    answer = HttpReply(status_code=200, reason_phrase="OK", body=b'{"state": "DONE"}')
    for url in re.findall(r'"(https://[^"]+)"', example):
        world.http.replies[url] = [answer]
    world.define("pack")
    world.register(*json.loads(example))
    w = world.start(inputs={"order": "A-1", "amount": 5, "kind": "gift", "image": "i"})

    for _ in range(3):
        for task in world.play(w).tasks:
            if not task.status.is_terminal:
                _end(world, task)

    workflow = world.workflow(w)
    assert workflow.status == "COMPLETED", f"{title}: {workflow.reason_for_incompletion}"


def _end(world: World, task: Task) -> None:
    """Do what the world outside does about an open task."""
    workflow_id, ref = task.workflow_instance_id, task.reference_task_name
    body: dict[str, Any] = {"type": "paid", "order": {"id": "A-1"}}
    match task.task_type:
        case "PULL_WORKFLOW_MESSAGES":
            world.push(workflow_id, body)
        case "WAIT_FOR_WEBHOOK":
            assert world.engine.webhooks.deliver("bank", body) == 1
        case "WAIT":
            world.advance(2 * 86_400)
        case "HUMAN" | "AWS_LAMBDA":
            world.tell(workflow_id, ref, done(ok=True))
