"""``dalsegno def``."""

import json
from collections.abc import Callable
from pathlib import Path
from textwrap import dedent
from typing import Any

import pytest

from tests.terminal import Cli, plain, run_at_terminal


@pytest.fixture
def name(a_name: Callable[[str], str]) -> str:
    return a_name("order")


@pytest.fixture
def file(tmp_path: Path, name: str) -> Path:
    """Return a file with a workflow and the task that it uses."""
    path = tmp_path / "order.yaml"
    path.write_text(
        f"taskDefs: [{{name: {name}_charge, retryCount: 1}}]\n"
        f"workflows:\n"
        f"- name: {name}\n"
        f"  description: from order to parcel\n"
        f"  tasks: [{{name: {name}_charge, taskReferenceName: charge, type: SIMPLE}}]\n"
    )
    return path


def test_push_adds_then_does_nothing_then_changes(cli: Cli, file: Path, name: str) -> None:
    added = cli.ok("def", "push", file).out
    version = cli.ok("def", "show", name, "--json").json["createTime"]
    unchanged = cli.ok("def", "push", file).out
    file.write_text(file.read_text().replace("parcel", "doorstep"))
    changed = cli.ok("def", "push", file).out

    assert f"+ workflow {name} v1" in added
    assert f"+ task {name}_charge" in added
    assert [line[0] for line in unchanged.splitlines()] == ["=", "="]
    assert version == cli.ok("def", "show", name, "--json").json["createTime"]
    assert f"~ workflow {name} v1" in changed
    assert '-  "description": "from order to parcel"' in changed
    assert cli.ok("def", "show", name, "--json").json["description"] == "from order to doorstep"


def test_a_dry_run_changes_nothing(cli: Cli, file: Path, name: str) -> None:
    told = cli.ok("def", "push", file.parent, "--dry-run", "--json").json

    assert [(each["kind"], each["change"]) for each in told] == [
        ("task", "added"),
        ("workflow", "added"),
    ]
    assert cli("def", "show", name).status == 4


def test_nothing_is_pushed_if_one_file_is_wrong(
    cli: Cli, file: Path, name: str, tmp_path: Path
) -> None:
    (tmp_path / "wrong.json").write_text('{"name": "wrong", "tasks": [{"type": "SIMPLE"}]}')

    refused = cli("def", "push", tmp_path)

    assert (refused.status, refused.out) == (1, "")
    assert "wrong.json" in refused.err
    assert cli("def", "show", name).status == 4


def test_diff_tells_whether_they_differ(cli: Cli, file: Path, name: str) -> None:
    before = cli("def", "diff", file)
    cli.ok("def", "push", file)
    after = cli("def", "diff", file)

    assert (before.status, after.status) == (1, 0)
    assert f"+++ {file}: workflow {name} v1" in before.out
    assert after.out == ""


def test_a_diff_has_colours_at_a_terminal(server_url: str, file: Path) -> None:
    assert "\x1b[32m+" in run_at_terminal(server_url, "def", "diff", str(file)).out


def test_validate_names_the_line_and_the_fault(cli: Cli, file: Path, tmp_path: Path) -> None:
    wrong = tmp_path / "wrong.yaml"
    wrong.write_text("name: wrong\ntasks:\n- name: charge\n  type: SIMPLE\n")

    assert "in order" in cli.ok("def", "validate", file, "--server").out
    refused = cli("def", "validate", file, wrong)

    assert (refused.status, refused.out) == (1, "")
    assert "line 3" in refused.err
    told = cli("def", "validate", file, wrong, "--json").json
    assert told["checked"] == [str(file), str(wrong)]
    assert list(told["faults"]) == [str(wrong)]


def test_definitions_in_python_are_taken_from_a_module_of_a_package(
    cli: Cli, name: str, tmp_path: Path
) -> None:
    module = _module(
        tmp_path / f"package_{name}",
        f"""
        from dalsegno.definitions import Workflow, task
        from dalsegno.models import TaskDef
        from package_{name} import STEP

        order = Workflow("{name}", task(STEP))
        task_defs = [TaskDef(name=STEP, retry_count=7)]
        """,
    )
    (module.parent / "__init__.py").write_text(f'STEP = "{name}_step"')

    assert f"+ workflow {name} v1" in cli.ok("def", "push", module).out
    assert cli.ok("def", "show", f"{name}_step", "--task", "--json").json["retryCount"] == 7
    assert cli("def", "diff", module).status == 0
    assert cli.ok("cost", module, "--per-month", "1", "--json").json["name"] == name
    assert f"{name}_step" in cli.ok("workflow", "diagram", module).out


@pytest.mark.parametrize(
    ("text", "fault"),
    [
        ("limit = 1\n\nhalf = limit / 0", "line 3: ZeroDivisionError: division by zero"),
        ("import no_such_module", "line 1: ModuleNotFoundError: No module named"),
        ("def broken(:", "SyntaxError"),
        ("order = None", "neither a Workflow nor"),
        (
            "from dalsegno.definitions import Workflow, task\n"
            "order = Workflow('order', task('charge'), task('charge'))",
            "charge",
        ),
    ],
)
def test_what_is_wrong_in_a_module_is_told(
    cli: Cli, name: str, tmp_path: Path, text: str, fault: str
) -> None:
    refused = cli("def", "validate", _module(tmp_path / f"faulty_{name}", text))

    assert refused.status == 1
    assert fault in refused.err
    assert "Traceback" not in refused.err


def test_what_is_no_file_is_wrong_usage(cli: Cli, tmp_path: Path) -> None:
    assert cli("def", "validate", tmp_path / "gone.json").status == 2
    assert cli("def", "push", tmp_path).status == 2


def test_pull_writes_what_push_takes(cli: Cli, file: Path, name: str, tmp_path: Path) -> None:
    cli.ok("def", "push", file)
    folder = tmp_path / "pulled"

    for form in ("json", "yaml"):
        cli.ok("def", "pull", name, "--to", folder / form, "--format", form)

        assert (folder / form / f"{name}.{form}").exists()
        assert (folder / form / "tasks" / f"{name}_charge.{form}").exists()
        assert cli("def", "diff", folder / form).status == 0
    again = cli.ok("def", "pull", name, "--to", folder / "json", "--no-tasks").line
    assert again.startswith("unchanged")


def test_pull_takes_all_versions(cli: Cli, name: str, tmp_path: Path, api: Any) -> None:
    tasks = [{"name": "noop", "taskReferenceName": "noop", "type": "NOOP"}]
    for version in (1, 2):
        api.post("/metadata/workflow", json={"name": name, "version": version, "tasks": tasks})

    cli.ok("def", "pull", name, "--to", tmp_path, "--all-versions")

    files = sorted(path.name for path in tmp_path.glob("*.json"))
    assert files == [f"{name}.v1.json", f"{name}.v2.json"]


def test_definitions_are_listed_and_shown(cli: Cli, file: Path, name: str) -> None:
    cli.ok("def", "push", file)

    assert name in cli.ok("def", "list").out
    assert f"{name}_charge" in cli.ok("def", "list", "--tasks").out
    assert name in {each["name"] for each in cli.ok("def", "list", "--json").json}
    assert cli.ok("def", "show", name).out.startswith(f"name: {name}\n")
    assert json.loads(cli.ok("def", "show", f"{name}_charge", "--task", "--as", "json").out) == {
        "name": f"{name}_charge",
        "retryCount": 1,
    }


def test_a_version_is_named_before_it_is_deleted(cli: Cli, name: str, api: Any) -> None:
    tasks = [{"name": "noop", "taskReferenceName": "noop", "type": "NOOP"}]
    for version in (1, 2):
        api.post("/metadata/workflow", json={"name": name, "version": version, "tasks": tasks})

    unsure = cli("def", "delete", name)
    assert unsure.status == 1
    assert "There are: 1, 2" in unsure.err
    cli.ok("def", "delete", name, "--version", "1")
    cli.ok("def", "delete", name)

    assert cli("def", "show", name).status == 4


def test_a_person_is_asked_before_a_definition_is_deleted(
    server_url: str, cli: Cli, file: Path, name: str
) -> None:
    cli.ok("def", "push", file)

    asked = run_at_terminal(server_url, "def", "delete", name, typed="n\n")

    assert f"delete {name} v1?" in plain(asked.out)
    cli.ok("def", "show", name)
    cli.ok("def", "delete", f"{name}_charge", "--task")
    assert cli("def", "show", f"{name}_charge", "--task").status == 4


def _module(folder: Path, text: str) -> Path:
    folder.mkdir()
    path = folder / f"in_{folder.name}.py"
    path.write_text(dedent(text))
    return path
