"""``dalsegno init``, ``worker run``, ``demo``, ``deploy``, ``doctor`` and ``cost``."""

import json
import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
from moto import mock_aws

from tests.eventually import eventually
from tests.terminal import COMMAND, Cli, plain, run_at_terminal, run_script

ROOT = Path(__file__).parents[2]
# Looked for, not imported: its import starts node.
needs_cdk = pytest.mark.skipif(find_spec("aws_cdk") is None, reason="needs the extra cdk")
# What mypy has read of libraries once; only a change of them, or of our own code, is read again.
_TYPES_READ = ROOT / ".cache" / "types-of-new-project"
WORKERS = """
from dalsegno import worker

@worker("{task_type}")
def greet(name: str) -> str:
    return f"{greeting}, {{name}}!"

@worker
def another() -> None: ...
"""


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Return a new project, which tests leave as it is."""
    folder = tmp_path_factory.mktemp("made") / "bow-shop"
    run_script("http://127.0.0.1:1", "init", str(folder))
    return folder


@pytest.fixture
def project(made: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a new project, in which commands are run."""
    monkeypatch.chdir(made)
    return made


def test_init_tells_what_it_made_and_what_is_next(cli: Cli, tmp_path: Path) -> None:
    told = cli.ok("init", tmp_path / "bow-shop").out

    assert "bow_shop/workflow.py" in told
    assert "dalsegno worker run bow_shop.workers" in told
    assert 'name = "bow-shop"' in (tmp_path / "bow-shop" / "pyproject.toml").read_text()


def test_new_project_passes_the_linter_and_the_type_checker(project: Path, tmp_path: Path) -> None:
    # Minutes of reading that say nothing of the project.
    not_read = 'module = ["aws_cdk.*", "constructs.*", "jsii.*"]\nfollow_imports = "skip"\n'
    settings = tmp_path / "pyproject.toml"
    its_own = (project / "pyproject.toml").read_text()
    settings.write_text(f"{its_own}\n[[tool.mypy.overrides]]\n{not_read}")

    for command in (
        ["ruff", "check", "--no-cache"],
        ["ruff", "format", "--check", "--no-cache"],
        [
            "mypy",
            f"--config-file={settings}",
            f"--cache-dir={_TYPES_READ}",
            "--follow-imports=silent",
        ],
    ):
        done = subprocess.run(
            [sys.executable, "-m", *command],
            capture_output=True,
            text=True,
            env={**os.environ, "MYPYPATH": _roots()},
        )
        assert done.returncode == 0, done.stdout + done.stderr


def test_tests_of_a_new_project_pass(project: Path) -> None:
    done = subprocess.run(
        [sys.executable, "-m", "pytest", "-p", "no:cacheprovider"],
        capture_output=True,
        text=True,
        env={**os.environ, "PYTHONPATH": os.pathsep.join([str(project), _roots()])},
    )

    assert done.returncode == 0, done.stdout


def test_init_leaves_a_folder_alone_that_is_not_empty(cli: Cli, tmp_path: Path) -> None:
    (tmp_path / "mine.txt").write_text("mine")

    refused = cli("init", tmp_path)

    assert refused.status == 1
    assert [each.name for each in tmp_path.iterdir()] == ["mine.txt"]


def test_init_goes_beside_git_and_a_virtual_environment(cli: Cli, tmp_path: Path) -> None:
    for name in (".git", ".venv"):
        (tmp_path / "shop" / name).mkdir(parents=True)

    cli.ok("init", tmp_path / "shop")


@pytest.mark.parametrize("name", ["tests", "class", "123", "---"])
def test_init_refuses_a_name_that_no_package_can_have(cli: Cli, tmp_path: Path, name: str) -> None:
    assert cli("init", "--", tmp_path / name).status == 2
    assert not (tmp_path / name).exists()


@pytest.fixture
def working(server_url: str, tmp_path: Path) -> Iterator[Callable[..., "subprocess.Popen[str]"]]:
    """Return what starts ``dalsegno worker run`` in a folder of its own."""
    started: list[subprocess.Popen[str]] = []

    def work(*arguments: str) -> "subprocess.Popen[str]":
        process = subprocess.Popen(
            [COMMAND, "worker", "run", *arguments],
            cwd=tmp_path,
            env={**os.environ, "DALSEGNO_URL": server_url},
            stderr=subprocess.PIPE,
            text=True,
        )
        started.append(process)
        return process

    yield work
    for process in started:
        if process.poll() is None:
            process.kill()
        process.wait()


@pytest.mark.parametrize("target", ["hello:greet", "hello.py:greet"])
def test_worker_run_does_the_tasks_of_a_module_until_it_is_told_to_stop(
    target: str,
    cli: Cli,
    working: Callable[..., "subprocess.Popen[str]"],
    tmp_path: Path,
    register: Callable[..., str],
    a_name: Callable[[str], str],
) -> None:
    greet = a_name("greet")
    (tmp_path / "hello.py").write_text(WORKERS.format(task_type=greet, greeting="Hello"))
    process = working(target)

    flow = register(_greeting(greet))
    output = cli.ok("workflow", "run", flow, "--timeout", "120").json

    assert output == {"result": "Hello, Ada!"}
    process.send_signal(signal.SIGTERM)
    assert process.wait(120) == 0
    assert process.stderr is not None
    said = process.stderr.read()
    assert f"{greet}  hello.greet" in said
    assert "another" not in said


def test_worker_that_reloads_runs_what_has_been_changed(
    cli: Cli,
    working: Callable[..., "subprocess.Popen[str]"],
    tmp_path: Path,
    register: Callable[..., str],
    a_name: Callable[[str], str],
) -> None:
    greet = a_name("greet")
    source = tmp_path / "hello.py"
    source.write_text(WORKERS.format(task_type=greet, greeting="Hello"))
    process = working("hello", "--reload")
    flow = register(_greeting(greet))
    cli.ok("workflow", "run", flow, "--timeout", "120")

    source.write_text(WORKERS.format(task_type=greet, greeting="Good evening"))

    eventually(
        lambda: cli.ok("workflow", "run", flow, "--timeout", "120").json,
        lambda output: output == {"result": "Good evening, Ada!"},
        within_seconds=120,
    )
    process.send_signal(signal.SIGTERM)
    assert process.wait(120) == 0


@pytest.mark.parametrize(
    ("target", "said"),
    [
        ("absent", "no module absent"),
        ("absent.py", "there is no file absent.py"),
        ("hello:absent", "hello has no absent"),
        ("hello:greeting", "is no worker"),
        ("empty", "no worker in empty"),
    ],
)
def test_worker_run_says_what_is_wrong_with_a_module(
    cli: Cli, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, target: str, said: str
) -> None:
    (tmp_path / "hello.py").write_text("greeting = 'Hello'")
    (tmp_path / "empty.py").write_text("")
    monkeypatch.chdir(tmp_path)

    refused = run_script(cli.url, "worker", "run", target)

    assert refused.status in {1, 2}
    assert said in " ".join(refused.err.replace("│", " ").split())


def test_demo_runs_an_order_to_its_end() -> None:
    shown = run_at_terminal("http://127.0.0.1:1", "demo", "--pace", "0")

    assert shown.status == 0
    assert "demo_order v1  ✓ COMPLETED" in plain(shown.out)
    assert "attempt 2" in plain(shown.out)


def test_doctor_finds_a_server_and_tasks_that_nobody_does(
    cli: Cli,
    register: Callable[..., str],
    start: Callable[..., str],
    a_name: Callable[[str], str],
) -> None:
    charge = a_name("a_lonely_task")
    start(register({"name": charge, "taskReferenceName": "charge"}))

    found = cli.ok("doctor", "--json").json

    levels = {each["check"]: each["level"] for each in found}
    assert levels["server"] == levels["version"] == levels["clock"] == levels["access"] == "ok"
    lonely = [each for each in found if charge in each["what"]]
    assert {each["level"] for each in lonely} == {"warning"}
    assert any("nobody has ever polled" in each["what"] for each in lonely)


def test_doctor_fails_without_a_server_and_says_what_to_do(cli: Cli) -> None:
    refused = cli("doctor", "--url", "http://127.0.0.1:1")

    assert refused.status == 1
    assert "✗ no server answers" in refused.out
    assert "dalsegno dev" in refused.out


def test_cost_shows_each_item_beside_step_functions(cli: Cli, tmp_path: Path) -> None:
    path = _definition(tmp_path)

    shown = cli.ok("cost", path, "--per-month", "2000000").out
    found = cli.ok("cost", path, "--per-month", "2000000", "--json").json

    assert "34.35" in shown
    assert all(len(line) <= 80 for line in shown.splitlines())
    assert found["usdPerMonth"] == pytest.approx(34.35, abs=0.01)
    assert found["stepFunctions"]["usdPerMonth"] == 150


def test_cost_of_a_definition_on_the_server_by_its_name(
    cli: Cli, register: Callable[..., str]
) -> None:
    name = register({"name": "charge", "taskReferenceName": "charge"})

    assert cli.ok("cost", name, "--per-month", "1", "--json").json["name"] == name


@pytest.mark.parametrize(
    ("option", "status"), [("--turns=x", 2), ("--turns=absent=3", 1), ("--days=pack=-1", 2)]
)
def test_cost_refuses_guesses_that_make_no_sense(
    cli: Cli, tmp_path: Path, option: str, status: int
) -> None:
    assert cli("cost", _definition(tmp_path), "--per-month", "1", option).status == status


@pytest.fixture
def npx(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Return a file that is told how ``npx`` was called; it stands for the CDK's command."""
    called = tmp_path / "called"
    outputs = json.dumps({"s": {"ApiUrl": "https://api.example/api", "DefinitionTable": "t"}})
    program = tmp_path / "bin" / "npx"
    program.parent.mkdir()
    program.write_text(
        f"""#!/bin/sh
printf '%s\\n' "$@" > '{called}'
for each in "$@"; do case $each in
  --outputs-file=*) echo '{outputs}' > "${{each#--outputs-file=}}";;
  --fail) exit 3;;
esac; done
"""
    )
    program.chmod(0o755)
    node = program.with_name("node")
    node.write_text("#!/bin/sh\necho ${NODE_VERSION:-v22.0.0}\n")
    node.chmod(0o755)
    monkeypatch.setenv("PATH", str(program.parent), prepend=os.pathsep)
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY"):
        monkeypatch.setenv(name, "test")
    monkeypatch.setenv("AWS_REGION", "eu-west-1")
    return called


@needs_cdk
def test_deploy_runs_the_cdk_and_says_where_it_is(cli: Cli, project: Path, npx: Path) -> None:
    with mock_aws():
        deployed = cli.ok("deploy", "--stage", "prod", "-c", "retentionDays=90")

    assert "account 123456789012, region eu-west-1" in deployed.err
    assert "https://api.example/api" in deployed.out
    assert "dalsegno keys create --table t" in deployed.out
    called = npx.read_text().splitlines()
    assert called[:3] == ["--yes", "aws-cdk@2.1148.1", "deploy"]
    assert f'"{sys.executable}" app.py' in called
    assert {"stage=prod", "retentionDays=90"} <= set(called)


@needs_cdk
def test_deploy_that_fails_says_how_to_bootstrap(cli: Cli, project: Path, npx: Path) -> None:
    with mock_aws():
        refused = cli("deploy", "--fail")

    assert refused.status == 1
    assert "bootstrap aws://123456789012/eu-west-1" in refused.err


@needs_cdk
def test_deploy_without_credentials_or_region_says_what_to_set(
    cli: Cli, project: Path, npx: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("AWS_ACCESS_KEY_ID", "AWS_SECRET_ACCESS_KEY", "AWS_PROFILE"):
        monkeypatch.delenv(name, raising=False)
    for name in ("AWS_CONFIG_FILE", "AWS_SHARED_CREDENTIALS_FILE"):
        monkeypatch.setenv(name, str(tmp_path / "absent"))
    monkeypatch.setenv("AWS_EC2_METADATA_DISABLED", "true")
    nobody = cli("deploy")
    monkeypatch.delenv("AWS_REGION")
    monkeypatch.delenv("AWS_DEFAULT_REGION", raising=False)
    nowhere = cli("deploy")

    assert (nobody.status, nowhere.status) == (1, 1)
    assert "AWS does not know you" in nobody.err
    assert "set AWS_PROFILE, or run aws sso login" in nobody.err
    assert "no region: set AWS_REGION" in nowhere.err
    assert not npx.exists()


def test_deploy_needs_a_project_and_a_node_that_is_not_too_old(
    cli: Cli, project: Path, npx: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert "no" in cli("deploy", "--project", tmp_path).err
    monkeypatch.setenv("NODE_VERSION", "v18.1.0")

    refused = cli("deploy")

    assert refused.status == 1
    assert "v18.1.0 is too old" in refused.err
    assert not npx.exists()


def test_the_cdk_of_deploy_is_the_one_that_is_tested() -> None:
    from dalsegno.cli.deploy import CDK

    assert f'"{CDK}"' in (ROOT / "localstack" / "tools.py").read_text()


def _greeting(task_type: str) -> dict[str, Any]:
    return {"name": task_type, "taskReferenceName": "greet", "inputParameters": {"name": "Ada"}}


def _definition(folder: Path) -> Path:
    names = ("charge", "pack", "ship")
    tasks = [{"name": name, "taskReferenceName": name, "type": "SIMPLE"} for name in names]
    path = folder / "order.json"
    path.write_text(json.dumps({"name": "order", "version": 1, "tasks": tasks}))
    return path


def _roots() -> str:
    return os.pathsep.join(str(ROOT / name) for name in ("sdk", "state", "functions", "cdk"))
