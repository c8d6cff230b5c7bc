"""Code from JSON builds the equal definition, and reads as if somebody had written it."""

import json
import re
import subprocess
import sys
from pathlib import Path

import pytest

from dalsegno.definitions import InvalidDefinitionError, Workflow, load, source_of
from dalsegno.models import JsonObject, WorkflowDef
from tests.crash.catalogue import CATALOGUE
from tests.unit.sdk.definitions.sources import rebuilt
from tests.unit.sdk.definitions.test_steps import ALL_STEPS
from tests.unit.sdk.type_checker import checked

ROOT = Path(__file__).parents[4]
FIXTURES = ROOT.parent / "shared" / "fixtures" / "conductor"


def in_documents() -> list[JsonObject]:
    """Return the tasks of the examples in the list of task types."""
    document = (ROOT / "docs" / "task-types.md").read_text()
    examples = re.findall(r"```json\n(.*?)```", document, re.DOTALL)
    return [{"name": f"w{n}", "tasks": json.loads(each)} for n, each in enumerate(examples)]


def in_scenarios() -> list[JsonObject]:
    return [definition for scenario in CATALOGUE for definition in scenario.definitions]


def in_fixtures() -> list[JsonObject]:
    """Return the definitions of Conductor's own tests, if they are beside the project."""
    texts = [path.read_text() for path in sorted(FIXTURES.glob("*.json"))]
    return [json.loads(text[text.index("{") :]) for text in texts if '"tasks"' in text]


def in_examples() -> list[JsonObject]:
    names = ("order_processing", "refund_order")
    folder = ROOT / "examples" / "violin_shop"
    return [json.loads((folder / f"{name}.json").read_text()) for name in names]


EVERYWHERE = [*in_documents(), *in_scenarios(), *in_fixtures(), *in_examples()]


@pytest.mark.parametrize("wire", EVERYWHERE, ids=lambda wire: wire["name"])
def test_code_builds_the_equal_definition(wire: JsonObject) -> None:
    definition = WorkflowDef.model_validate(wire)

    built = rebuilt(definition)

    assert built == definition
    assert built.to_wire() == definition.to_wire()


def test_every_step_of_the_builder_is_said_by_its_own_function() -> None:
    flow = Workflow("w", ALL_STEPS)

    source = source_of(flow)

    assert rebuilt(flow.draft()) == flow.draft()
    assert not re.search(r"raw|with_fields|with_inputs", source)


def test_code_is_always_the_same() -> None:
    definition = load(ROOT / "examples" / "violin_shop" / "order_processing.json")

    assert source_of(definition) == source_of(definition.model_copy(deep=True))


def test_code_is_formatted_and_typed(tmp_path: Path) -> None:
    for number, wire in enumerate(EVERYWHERE):
        source = source_of(WorkflowDef.model_validate(wire))
        (tmp_path / f"source_{number}.py").write_text(source)

    ruff = [sys.executable, "-m", "ruff", "format", "--isolated", "--line-length=100", "--check"]
    done = subprocess.run([*ruff, str(tmp_path)], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout
    assert checked(tmp_path) == []


ODD: list[JsonObject] = [
    {"name": "a", "taskReferenceName": "a", "futureField": {"x": "${workflow.input.x}"}},
    {"name": "a", "taskReferenceName": "class", "inputParameters": {"class": 1, "self": 2, "é": 3}},
    {
        "name": "a",
        "taskReferenceName": "a",
        "inputParameters": {"ref": 1, "task_type": 2, "a b": 3},
    },
    {
        "name": "a",
        "taskReferenceName": "a",
        "inputParameters": {"x": None, "y": [None, 1.5, "é\n"]},
    },
    {"name": "a", "taskReferenceName": "a", "type": "HTTP", "inputParameters": {"uri": "u"}},
    {"name": "a", "taskReferenceName": "a", "type": "DO_WHILE", "loopOver": []},
    {"name": "a", "taskReferenceName": "a", "type": "FORK_JOIN", "forkTasks": [[]]},
    {"name": "a", "taskReferenceName": "a", "type": "SWITCH", "evaluatorType": "graaljs"},
    {"name": "a", "taskReferenceName": "a", "type": "", "joinOn": ["b"]},
    {"name": "a", "taskReferenceName": "a", "type": "SUB_WORKFLOW"},
    {"name": "a", "taskReferenceName": "", "type": "WAIT", "inputParameters": {"duration": 5}},
    {"name": "", "taskReferenceName": "7 a-b", "type": "EVENT"},
    {"name": "a", "taskReferenceName": "a", "cacheConfig": {"key": "k", "ttlInSecond": 5}},
    {"name": "a", "taskReferenceName": "a", "onStateChange": {"onStart": [{"type": "t"}]}},
    {"name": "a", "taskReferenceName": "a", "taskDefinition": {"name": "a", "retryCount": 0}},
]


@pytest.mark.parametrize("task", ODD)
def test_what_the_builder_has_no_words_for_is_kept(task: JsonObject) -> None:
    definition = WorkflowDef.model_validate({"name": "w", "tasks": [task], "futureField": [1]})

    assert rebuilt(definition) == definition


@pytest.mark.parametrize(
    "text",
    [
        "${b.output.x}",
        "${a.output['x y'][0].from._z}",
        "${a.output.rows[?(@.n > 1)].n}",
        "a { b } \"c\" 'd' \\ ${a.output.x} \n ${workflow.input['k k']} é",
        "$${a.output.x} ${a.output.x}",
        "${a.output.${workflow.input.key}}",
        "${workflow.secrets.token.path} ${workflow.env.region} ${workflow.secrets.a b}",
        "${ a.output.x }",
        "${workflow.inputs}${workflow.input}${workflow}${}",
        "${a.output.x",
        'f"{x}" ${a.output.x}"',
    ],
)
def test_expressions_keep_their_text(text: str) -> None:
    tasks = [
        {"name": "a", "taskReferenceName": "a"},
        {"name": "b", "taskReferenceName": "b", "inputParameters": {"x": text}},
    ]
    definition = WorkflowDef.model_validate({"name": "w", "tasks": tasks})

    assert rebuilt(definition) == definition


def test_steps_that_are_read_have_names() -> None:
    definition = WorkflowDef.model_validate(
        {
            "name": "order",
            "tasks": [
                {"name": "reserve", "taskReferenceName": "reserve"},
                {
                    "name": "pack",
                    "taskReferenceName": "pack",
                    "inputParameters": {"items": "${reserve.output.items}"},
                },
            ],
        }
    )

    assert source_of(definition) == (
        "from dalsegno.definitions import Workflow, task\n"
        "\n"
        'reserve = task("reserve")\n'
        'order = Workflow("order", reserve, task("pack", items=reserve.output.items))\n'
    )


def test_two_steps_of_one_name_are_refused() -> None:
    twice = [{"name": "a", "taskReferenceName": "a"}] * 2

    with pytest.raises(InvalidDefinitionError, match="2 steps are called a"):
        source_of(WorkflowDef.model_validate({"name": "w", "tasks": twice}))
