"""DynamoDB adds one index per update: a release that adds two cannot be deployed over the last."""

from itertools import pairwise

from dalsegno_state.aws.layout import EXECUTION_INDEXES

Indexes = dict[str, tuple[str, str]]

# Indexes of the executions table with their keys, one entry for each version, the latest last. A
# release that changes them adds an entry; those before it are never edited, for they are deployed.
RECORDED: dict[str, Indexes] = {
    "0.1.0": {
        "due": ("ds", "dw"),
        "by-name": ("nk", "c"),
        "by-failure": ("fk", "c"),
        "by-correlation": ("ck", "c"),
        "by-parent": ("hk", "c"),
    },
}


def steps(before: Indexes, after: Indexes) -> list[str]:
    """Return the changes between two versions, each of which is an update of its table.

    An index cannot be changed: one whose keys differ is removed and added.
    """
    removed = [f"-{name}" for name, keys in before.items() if after.get(name) != keys]
    added = [f"+{name}" for name, keys in after.items() if before.get(name) != keys]
    return removed + added


def test_the_indexes_of_the_code_are_recorded() -> None:
    of_code = {index.name: (index.partition, index.sort) for index in EXECUTION_INDEXES}

    assert list(RECORDED.values())[-1] == of_code


def test_a_release_adds_or_removes_one_index_at_most() -> None:
    for (before, indexes), (after, later) in pairwise(RECORDED.items()):
        assert len(steps(indexes, later)) <= 1, f"{before} to {after}: {steps(indexes, later)}"


def test_what_an_update_cannot_do_is_found() -> None:
    one, two = {"a": ("p", "s")}, {"a": ("p", "s"), "b": ("p", "s")}

    assert steps(one, two) == ["+b"]
    assert steps(one, {**two, "c": ("p", "s")}) == ["+b", "+c"]
    assert steps(one, {"a": ("p", "t")}) == ["-a", "+a"]
