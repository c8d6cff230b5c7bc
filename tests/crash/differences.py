"""Where two values differ, in words."""

from collections.abc import Iterator


def differences(expected: object, found: object, path: str = "") -> Iterator[str]:
    """Yield where two values differ."""
    if isinstance(expected, dict) and isinstance(found, dict):
        for key in sorted({*expected, *found}):
            if key not in found:
                yield f"{path}/{key} is missing"
            elif key not in expected:
                yield f"{path}/{key} is new: {found[key]}"
            else:
                yield from differences(expected[key], found[key], f"{path}/{key}")
    elif isinstance(expected, list) and isinstance(found, list) and len(expected) == len(found):
        for index, pair in enumerate(zip(expected, found, strict=True)):
            yield from differences(*pair, f"{path}/{index}")
    elif expected != found:
        yield f"{path} is {found}, not {expected}"
