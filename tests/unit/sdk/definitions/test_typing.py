"""The builder's types help those who use it."""

from pathlib import Path

from tests.unit.sdk.type_checker import checked

FOLDER = Path(__file__).parent


def lines_with_errors(path: Path) -> dict[int, str]:
    """Return what mypy finds in a file, by line."""
    told = checked(path)
    errors = [line for line in told if ": error:" in line]
    assert all(line.split(":")[0].endswith(path.name) for line in errors), told
    return {int(line.split(":")[1]): line for line in errors}


def test_what_is_right_is_accepted() -> None:
    assert lines_with_errors(FOLDER / "typed_right.py") == {}


def test_what_is_wrong_is_found() -> None:
    path = FOLDER / "typed_wrong.py"
    marked = {
        number
        for number, line in enumerate(path.read_text().splitlines(), 1)
        if line.endswith("# error")
    }

    assert set(lines_with_errors(path)) == marked
