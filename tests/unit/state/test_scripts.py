import os
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

import pytest
from pydantic import JsonValue

from dalsegno_state.sandbox import SandboxedScripts
from dalsegno_state.scripts import ScriptError, ScriptTimeoutError
from tests.eventually import eventually

TIMEOUT_SECONDS = 0.5
# Under load a killed child takes a moment to go.
LIMIT_SECONDS = TIMEOUT_SECONDS + 30.0


def sandbox(timeout_seconds: float) -> Iterator[SandboxedScripts]:
    made = SandboxedScripts(
        timeout_seconds=timeout_seconds,
        memory_bytes=64 << 20,
        max_output_bytes=1 << 20,
        wait_seconds=60,
        max_waiting=1_000,
    )
    yield made
    made.close()


@pytest.fixture(scope="module")
def scripts() -> Iterator[SandboxedScripts]:
    """Return a sandbox that stops no script because the machine is under load."""
    yield from sandbox(60)


@pytest.fixture(scope="module")
def hasty() -> Iterator[SandboxedScripts]:
    """Return a sandbox that soon stops a script."""
    yield from sandbox(TIMEOUT_SECONDS)


def works(sandbox: SandboxedScripts) -> bool:
    """Return whether a sandbox runs scripts, once the machine gives it the time."""

    def answers() -> list[JsonValue]:
        with suppress(ScriptTimeoutError):
            return [sandbox.javascript("1", {}), *sandbox.jq("1", None)]
        return []

    return eventually(answers, bool) == [1, 1]


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("$.loop['iteration'] < 3", True),
        ("(function () { return $.a; })()", [1, {"b": None}]),
        ("const { a: [first] } = $; `${first ?? 0}!`", "1!"),
        ("let x = 5; if (x > 1) { x * 2 }", 10),
        (
            "({ f() {}, u: undefined, n: NaN, d: new Date(0) })",
            {"n": None, "d": "1970-01-01T00:00:00.000Z"},
        ),
        ("undefined", None),
        ("NaN", None),
        ("(function () {})", None),
        ("1.5", 1.5),
        ("4 / 2", 2),
        ("2 ** 53", 2**53),
        ("10n", 10),
        ("'a\\u0000\\ud800é😀'", "a\0\ufffdé😀"),
        ("'\\\\ud800'", "\\ud800"),
        ("console.log('x')", None),
        ("new Date(2024, 0, 1).getTimezoneOffset()", 0),
    ],
)
def test_script_yields_the_value_of_its_last_expression(
    scripts: SandboxedScripts, source: str, expected: JsonValue
) -> None:
    value = scripts.javascript(source, {"loop": {"iteration": 2}, "a": [1, {"b": None}]})

    assert value == expected
    assert type(value) is type(expected)


@pytest.mark.parametrize(
    ("source", "expected"),
    [("return $.n + 1", 2), ("if ($.n) { return { ok: true } }", {"ok": True}), ("1", None)],
)
def test_function_body_yields_what_it_returns(
    scripts: SandboxedScripts, source: str, expected: JsonValue
) -> None:
    assert scripts.function_body(source, {"n": 1}) == expected


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        (".a", [[1, 2]]),
        (".a[]", [1, 2]),
        ("empty", []),
        ("", [{"a": [1, 2]}]),
        ("[.a[] | . * 1.5]", [[1.5, 3]]),
        ('"a\\nb\u2028", nan', ["a\nb\u2028", None]),
    ],
)
def test_jq_yields_all_results(
    scripts: SandboxedScripts, query: str, expected: list[JsonValue]
) -> None:
    assert scripts.jq(query, {"a": [1, 2]}) == expected


@pytest.mark.parametrize(
    ("source", "message"),
    [
        ("\n\nnope", r"ReferenceError: nope is not defined \(line 3\)"),
        ("throw new Error('no stock')", "no stock"),
        ("throw { code: 7 }", '{"code":7}'),
        ("throw null", "null"),
        ("return 1", "SyntaxError"),
        ("var a; a = {}; a.a = a; a", "circular"),
        ("Array.prototype.toJSON = () => 5; 1", "not JSON"),
    ],
)
def test_failing_script_says_what_went_wrong(
    scripts: SandboxedScripts, source: str, message: str
) -> None:
    with pytest.raises(ScriptError, match=message):
        scripts.javascript(source, {})


@pytest.mark.parametrize(
    ("query", "message"),
    [
        (".a[", "syntax error"),
        (".\n| foo", r"foo/0 .*\(line 2\)"),
        ('error("x")', "^x$"),
        (".a.b", "index"),
    ],
)
def test_failing_jq_says_what_went_wrong(
    scripts: SandboxedScripts, query: str, message: str
) -> None:
    with pytest.raises(ScriptError, match=message):
        scripts.jq(query, {"a": [1]})


def test_line_of_an_error_in_a_function_body_counts_from_its_start(
    scripts: SandboxedScripts,
) -> None:
    with pytest.raises(ScriptError, match="line 2"):
        scripts.function_body("\nnope()", {})


@pytest.mark.parametrize(
    "source", ["$.a > 1", "while (1) {}", "", "async () => { for await (const x of y) {} }"]
)
def test_valid_syntax_has_no_error_and_is_not_run(scripts: SandboxedScripts, source: str) -> None:
    assert scripts.syntax_error(source) is None


@pytest.mark.parametrize("source", ["1 +", "\nreturn 1", "function f( {", "let a; let a;", "`${"])
def test_syntax_error_is_explained(scripts: SandboxedScripts, source: str) -> None:
    assert "SyntaxError" in str(scripts.syntax_error(source))


ENDLESS_JAVASCRIPT = [
    "while (1) {}",
    "for (;;) { try { while (1) {} } catch (e) {} }",
    "/(a+)+$/.test('a'.repeat(50) + 'b')",
    "({ toJSON() { while (1) {} } })",
    "new Proxy({}, { ownKeys() { while (1) {} } })",
    "async function f() { while (1) {} }; f()",
]


@pytest.mark.parametrize("source", ENDLESS_JAVASCRIPT)
def test_endless_script_is_stopped_in_time(hasty: SandboxedScripts, source: str) -> None:
    started = time.monotonic()

    with pytest.raises(ScriptTimeoutError, match=r"longer than 0\.5 seconds"):
        hasty.javascript(source, {})

    assert time.monotonic() - started < LIMIT_SECONDS
    assert works(hasty)


@pytest.mark.parametrize(
    "query", ["[0] | until(false; .)", "def f: f; f", "range(infinite) | empty"]
)
def test_endless_jq_is_stopped_in_time(hasty: SandboxedScripts, query: str) -> None:
    started = time.monotonic()

    with pytest.raises(ScriptTimeoutError):
        hasty.jq(query, None)

    assert time.monotonic() - started < LIMIT_SECONDS
    assert works(hasty)


GREEDY_JAVASCRIPT = [
    "const a = []; while (1) a.push(a.slice())",
    "'a'.repeat(2 ** 29)",
    "'a'.repeat(2e6)",
    "new Array(1e9).fill(0)",
    "new ArrayBuffer(1e10)",
    "function f() { f() }; f()",
    "let z = 0; for (let i = 0; i < 1e5; i++) z = [z]; z",
    "const o = {}; let p = o; for (let i = 0; i < 1e6; i++) { p.a = {}; p = p.a }; o",
    "throw new Error('z'.repeat(1e7))",
]


@pytest.mark.parametrize("source", GREEDY_JAVASCRIPT)
def test_greedy_script_fails_and_the_next_one_works(hasty: SandboxedScripts, source: str) -> None:
    with pytest.raises(ScriptError) as caught:
        hasty.javascript(source, {})

    assert 0 < len(str(caught.value)) <= 2_000
    assert works(hasty)


@pytest.mark.parametrize(
    "query",
    [
        "def f: 1 + f; f",
        '"a" * 1e9 | length',
        '"a" * 2e6',
        "reduce range(1e9) as $i ([]; . + [$i])",
        "reduce range(1000000) as $i (null; [.])",
        '("a" * 40 + "b") | test("(a+)+$")',
    ],
)
def test_greedy_jq_fails_and_the_next_one_works(hasty: SandboxedScripts, query: str) -> None:
    with pytest.raises(ScriptError):
        hasty.jq(query, None)

    assert works(hasty)


def test_inputs_that_are_too_large_or_no_json_are_refused(scripts: SandboxedScripts) -> None:
    with pytest.raises(ScriptError, match="do not fit"):
        scripts.jq(".", "x" * (20 << 20))
    with pytest.raises(ScriptError, match="not JSON"):
        scripts.jq(".", float("nan"))


def test_large_payload_survives_the_round_trip(scripts: SandboxedScripts) -> None:
    payload: JsonValue = ["é" * 1_000] * 200

    assert scripts.javascript("$.x", {"x": payload}) == payload
    assert scripts.jq(".", payload) == [payload]


@pytest.mark.parametrize(
    "tampering",
    [
        "globalThis.leak = 1",
        "var leak = 1",
        "Object.prototype.leak = 1",
        "JSON.stringify = eval = Function = () => 1; leak = 1",
        "$ = { leak: 1 }; leak = $",
        "Array.prototype.map = () => 'leak'; 1",
    ],
)
def test_script_leaves_no_trace_for_the_next_one(tampering: str) -> None:
    sandbox = SandboxedScripts(timeout_seconds=5, processes=1)
    sandbox.javascript(tampering, {"secret": 1})

    seen = sandbox.javascript(
        "[typeof leak, typeof ({}).leak, Object.keys($), [1].map(x => x)]", {}
    )

    assert seen == ["undefined", "undefined", [], [1]]
    sandbox.close()


def test_jq_program_leaves_no_trace_for_its_next_document() -> None:
    sandbox = SandboxedScripts(timeout_seconds=5, processes=1)
    query = 'if .stop then halt elif .fail then error("x") else [.v, input?] end'

    assert sandbox.jq(query, {"v": 1}) == sandbox.jq(query, {"v": 1})
    assert sandbox.jq(query, {"stop": True}) == []
    with pytest.raises(ScriptError):
        sandbox.jq(query, {"fail": True})
    assert sandbox.jq("[.v]", {"v": 2}) == [[2]]
    sandbox.close()


def test_jq_sees_no_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PASSWORD", "hunter2")
    sandbox = SandboxedScripts()

    assert sandbox.jq("env, $ENV, input_filename", None) == [{}, {}, None]
    sandbox.close()


@pytest.mark.parametrize(
    "query",
    [
        'import "x" as $d {{search: "{folder}"}}; $d',
        'include "x" {{search: "{folder}"}}; leak',
        'import "x" as x {{search: "{folder}"}}; x::leak',
        '"{folder}/x" | modulemeta',
    ],
)
def test_jq_reads_no_files(scripts: SandboxedScripts, tmp_path: Path, query: str) -> None:
    (tmp_path / "x.json").write_text('"leak"')
    (tmp_path / "x.jq").write_text('module {}; def leak: "leak";')

    with pytest.raises(ScriptError) as caught:
        scripts.jq(query.format(folder=tmp_path), None)

    assert "Could not open" not in str(caught.value)


def test_many_threads_get_their_own_answers(scripts: SandboxedScripts) -> None:
    answers: dict[int, list[JsonValue]] = {}

    def ask(number: int) -> None:
        answers[number] = [scripts.javascript("$.n * 2", {"n": number}), *scripts.jq(".", number)]

    threads = [threading.Thread(target=ask, args=(number,)) for number in range(64)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()

    assert answers == {number: [number * 2, number] for number in range(64)}


def children() -> set[int]:
    tasks = Path("/proc/self/task").glob("*/children")
    return {int(pid) for task in tasks for pid in task.read_text().split()}


linux_only = pytest.mark.skipif(not Path("/proc/self/task").exists(), reason="looks into /proc")


@linux_only
def test_children_start_with_the_first_script_and_end_with_close() -> None:
    before = children()
    sandbox = SandboxedScripts(processes=3)
    assert children() <= before

    sandbox.javascript("1", {})
    eventually(lambda: len(children() - before), lambda started: started == 1)

    sandbox.close()
    sandbox.close()
    eventually(lambda: children() - before, lambda left: not left)
    assert sandbox.javascript("1", {}) == 1
    sandbox.close()


@linux_only
def test_child_gains_no_privileges() -> None:
    before = children()
    sandbox = SandboxedScripts(processes=1)
    sandbox.javascript("1", {})
    (child,) = children() - before

    status = Path(f"/proc/{child}/status").read_text()

    sandbox.close()
    assert "NoNewPrivs:\t1" in status


@linux_only
def test_killed_child_is_replaced() -> None:
    before = children()
    sandbox = SandboxedScripts(processes=1)
    sandbox.javascript("1", {})
    (child,) = children() - before

    os.kill(child, signal.SIGKILL)
    time.sleep(0.1)

    assert sandbox.javascript("2", {}) == 2
    sandbox.close()


PARENT = """
import sys, time
from pathlib import Path
from dalsegno_state.sandbox import SandboxedScripts
sandbox = SandboxedScripts()
sandbox.javascript("1", {})
print(Path("/proc/self/task").joinpath(str(__import__("os").getpid()), "children").read_text())
sys.stdout.flush()
time.sleep(60)
"""


@linux_only
def test_child_ends_when_its_parent_is_killed() -> None:
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join(path for path in sys.path if path)}
    parent = subprocess.Popen(
        [sys.executable, "-c", PARENT], stdout=subprocess.PIPE, text=True, env=environment
    )
    assert parent.stdout is not None
    child = int(parent.stdout.readline())

    parent.kill()
    parent.wait()
    parent.stdout.close()

    deadline = time.monotonic() + 60
    while is_running(child) and time.monotonic() < deadline:
        time.sleep(0.02)
    assert not is_running(child)


def is_running(pid: int) -> bool:
    try:
        return Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()[0] != "Z"
    except FileNotFoundError:
        return False


LARGE = 2**53 + 1
LARGER = -(2**80 + 1)


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("$.id", LARGE),
        ("$", {"id": LARGE, "deep": [{"other": LARGER, "small": 7, "text": str(LARGE)}]}),
        ("$.deep.map(each => each.other)", [LARGER]),
        ("$.id === $.deep[0].other", False),
        ("$.id > 100 && $.id == BigInt($.deep[0].text)", True),
        ("$.id % 10n", LARGE % 10),
        ("`order ${$.id}` + '/' + $.id", f"order {LARGE}/{LARGE}"),
        ("JSON.stringify({id: $.id})", f'{{"id":{LARGE}}}'),
        ("$.deep[0].small + 1", 8),
        ("2n ** 64n", 2**64),
    ],
)
def test_javascript_keeps_every_digit_of_an_integer(
    scripts: SandboxedScripts, source: str, expected: JsonValue
) -> None:
    inputs: dict[str, JsonValue] = {
        "id": LARGE,
        "deep": [{"other": LARGER, "small": 7, "text": str(LARGE)}],
    }

    assert scripts.javascript(source, inputs) == expected
    assert scripts.function_body(f"return {source}", inputs) == expected


@pytest.mark.parametrize("source", ["$.id + 1", "Math.max($.id, 1)", "$.id * 0.5"])
def test_javascript_that_would_round_an_integer_fails(
    scripts: SandboxedScripts, source: str
) -> None:
    with pytest.raises(ScriptError, match="BigInt"):
        scripts.javascript(source, {"id": LARGE})


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        (".id", [LARGE]),
        (".", [{"id": LARGE, "other": LARGER, "price": 1.1}]),
        ("[.id, .other] | sort", [[LARGER, LARGE]]),
        (".id == 9007199254740992", [False]),
        ("-.other", [-LARGER]),
        (".id | tostring", [str(LARGE)]),
        (".other, .id # both", [LARGER, LARGE]),
        ("nan", [None]),
    ],
)
def test_jq_keeps_every_digit_of_an_integer(
    scripts: SandboxedScripts, query: str, expected: list[JsonValue]
) -> None:
    assert scripts.jq(query, {"id": LARGE, "other": LARGER, "price": 1.1}) == expected


@pytest.mark.parametrize("query", [".id + 2", "[.id] | add + 2", ".id * 2"])
def test_jq_that_rounded_an_integer_fails(scripts: SandboxedScripts, query: str) -> None:
    with pytest.raises(ScriptError, match="doubles"):
        scripts.jq(query, {"id": LARGE})
