"""Unified diffs, in colour where there is any."""

from collections.abc import Iterable
from typing import Final

_STYLES: Final = {"+": "green", "-": "red", "@": "cyan"}


def show_diff(lines: Iterable[str]) -> None:
    """Print the lines of a unified diff."""
    from rich.text import Text

    from dalsegno.cli.console import out

    console = out()
    for line in lines:
        is_heading = line.startswith(("---", "+++"))
        style = "bold" if is_heading else _STYLES.get(line[:1], "")
        console.print(Text(line, style=style), soft_wrap=True)
