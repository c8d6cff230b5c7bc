"""Definitions in files: what is read, and where faults are said to be."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

import dalsegno
from dalsegno.definitions import (
    InvalidDefinitionError,
    Workflow,
    dump,
    dumps,
    input,
    load,
    load_all,
    switch,
    task,
)
from dalsegno.definitions.yaml_text import parse_yaml, yaml_text
from dalsegno.models import TaskDef

EXAMPLES = Path(__file__).parents[4] / "examples" / "violin_shop"

FLOW = Workflow(
    "flow",
    switch(input.ok, {"yes": task("go"), "no": [], "7": task("seven")}),
    description="one\ntwo",
)
YAML = """\
name: flow
tasks:
  - name: decide
    taskReferenceName: decide
    type: SWITCH
    evaluatorType: value-param
    expression: ok
    inputParameters: {ok: "${workflow.input.ok}", on: 2030-01-01}
    decisionCases:
      yes: [{name: go, taskReferenceName: go}]
      7: []
"""


def written(folder: Path, name: str, text: str) -> Path:
    path = folder / name
    path.write_text(text)
    return path


def refused(path: Path) -> str:
    with pytest.raises(InvalidDefinitionError) as refusal:
        load_all(path)
    return str(refusal.value)


@pytest.mark.parametrize("name", ["flow.json", "flow.yaml", "flow.yml"])
def test_what_is_written_is_read_again(tmp_path: Path, name: str) -> None:
    dump(FLOW, tmp_path / name)

    assert load(tmp_path / name) == FLOW.definition()


def test_task_definition_is_written_without_defaults() -> None:
    assert json.loads(dumps(TaskDef(name="t", retry_count=0))) == {"name": "t", "retryCount": 0}


def test_yaml_says_no_more_than_json(tmp_path: Path) -> None:
    (task_,) = load(written(tmp_path, "flow.yaml", YAML)).tasks

    assert list(task_.decision_cases) == ["yes", "7"]
    assert task_.input_parameters["on"] == "2030-01-01"


def test_loading_is_a_public_name() -> None:
    assert dalsegno.load is load


def test_files_of_the_example_are_read() -> None:
    found = load_all(EXAMPLES / "task_definitions.json")

    assert load(EXAMPLES / "order_processing.json").name == "order_processing"
    assert [each.name for each in found.task_defs][:2] == ["validate_order", "charge_card"]


def test_file_may_hold_many_definitions(tmp_path: Path) -> None:
    both = {"workflows": [json.loads(dumps(FLOW))], "taskDefs": [{"name": "go"}]}
    written(tmp_path, "a.json", json.dumps(both))
    written(tmp_path, "b.yaml", "name: b1\n---\n- name: b2\n- name: b3\n")
    written(tmp_path, "c.txt", "not looked at")

    found = load_all(tmp_path)

    assert [each.name for each in found.workflows] == ["flow"]
    assert [each.name for each in found.task_defs] == ["go", "b1", "b2", "b3"]


def test_one_definition_is_wanted(tmp_path: Path) -> None:
    path = written(tmp_path, "two.yaml", "name: a\n---\nname: b\n")

    with pytest.raises(
        InvalidDefinitionError, match=r"0 workflows and 2 task definitions.*load_all"
    ):
        load(path)


@pytest.mark.parametrize(
    ("name", "text", "told"),
    [
        ("a.json", '{\n"name": \n}', "line 3: it is no JSON"),
        ("a.json", '{"name": "a", "name": "b"}', "an object has a key twice: name"),
        ("a.yaml", "name: a\nname: b\n", "line 2: it is no YAML of this kind"),
        ("a.yaml", "a: [\n", "line 2: it is no YAML of this kind"),
        ("a.toml", "", "does not end with one of .json, .yaml, .yml"),
        ("a.json", "7", "a.json"),
        ("a.json", '{"workflows": 7}', "workflows: it is no list"),
        ("a.json", '{"workflows": [], "x": 1}', "beside workflows and taskDefs: x"),
        ("a.json", '{\n"name": "w",\n"version": "one",\n"tasks": []}', "line 3: version: Input"),
        (
            "a.yaml",
            YAML.replace("evaluatorType: value-param", "x: y"),
            "line 3: step decide (tasks",
        ),
        (
            "a.yaml",
            "- name: t\n- name: u\n  retryCount: -1\n",
            "line 3: [1].retryCount: TaskDef retryCount",
        ),
        (
            "a.yaml",
            YAML.replace("name: go,", "name: '',"),
            "line 10: step go (tasks[0].decisionCases.yes[0].name): WorkflowTask name cannot",
        ),
    ],
)
def test_faults_are_told_by_file_line_and_field(
    tmp_path: Path, name: str, text: str, told: str
) -> None:
    message = refused(written(tmp_path, name, text))

    assert message.startswith(str(tmp_path / name))
    assert told in message


JSON = st.recursive(
    st.none()
    | st.booleans()
    | st.integers()
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
    max_leaves=8,
)


@given(st.dictionaries(st.text(min_size=1), JSON, min_size=1, max_size=3))
def test_any_json_is_the_same_in_yaml(value: dict[str, object]) -> None:
    text = yaml_text(value)

    assert parse_yaml(text) == [value]


def test_building_needs_no_extra() -> None:
    program = (
        "import sys\n"
        "for name in ('yaml', 'quickjs', 'jq', 'jsonschema_rs', 'httpcore', 'boto3'):\n"
        "    sys.modules[name] = None\n"
        "from dalsegno.definitions import Workflow, dumps, input, source_of, task\n"
        "flow = Workflow('w', task('a', x=input.x))\n"
        "dumps(flow), source_of(flow)\n"
        "try:\n"
        "    dumps(flow, 'yaml')\n"
        "except ImportError as error:\n"
        "    print(error)\n"
    )

    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True)

    assert done.stdout == "YAML needs an extra: pip install 'dalsegno[cli]'\n", done.stderr
