"""The page on the client does what it says, block after block."""

import re
from pathlib import Path
from typing import Any, Final

import pytest

PAGE: Final = Path(__file__).parents[2] / "docs" / "client.md"


def test_examples_run(server_url: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("DALSEGNO_URL", server_url)
    page = PAGE.read_text().replace("http://127.0.0.1:8080", server_url)
    names: dict[str, Any] = {"__name__": "page"}
    examples = list(re.finditer(r"^```python\n(.*?)^```", page, re.M | re.S))

    for example in examples:
        line = page[: example.start(1)].count("\n")
        exec(compile("\n" * line + example[1], str(PAGE), "exec"), names)  # noqa: S102  # our page

    assert len(examples) >= 9
    names["client"].close()
