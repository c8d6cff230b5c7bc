"""The code in the documentation of definitions does what it says."""

import doctest
import re
from pathlib import Path

import pytest

DOCUMENT = Path(__file__).parents[4] / "docs" / "definitions.md"


def test_documented_code_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    names: dict[str, object] = {}
    runner = doctest.DocTestRunner(optionflags=doctest.FAIL_FAST)
    blocks = re.findall(r"```(python|pycon)\n(.*?)```", DOCUMENT.read_text(), re.DOTALL)
    assert len(blocks) > 5

    for kind, code in blocks:
        if kind == "python":
            exec(compile(code, DOCUMENT.name, "exec"), names)  # noqa: S102  # it is our own
        else:
            example = doctest.DocTestParser().get_doctest(code, names, "pycon", None, 0)
            runner.run(example, clear_globs=False)

    assert runner.summarize(verbose=False).failed == 0
