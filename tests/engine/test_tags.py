"""Tags of things that have a kind and a name."""

import pytest

from dalsegno.errors import InvalidRequestError
from dalsegno.models import Tag, TagType
from dalsegno_state.engine.tags import Tags
from tests.engine.world import World
from tests.race import race


@pytest.fixture
def tags(world: World) -> Tags:
    return world.engine.tags


def a_tag(key: str, value: object = "x", type_: TagType = TagType.METADATA) -> Tag:
    return Tag.model_validate({"key": key, "value": value, "type": type_})


def test_put_replaces_all_tags(tags: Tags) -> None:
    tags.put("secret", "a", [a_tag("team", "red"), a_tag("cost", 7)])

    tags.put("secret", "a", [a_tag("team", "blue")])

    assert tags.of("secret", "a") == [a_tag("team", "blue")]


def test_add_keeps_the_others_and_replaces_the_same(tags: Tags) -> None:
    tags.add("secret", "a", [a_tag("team", "red"), a_tag("cost", 7)])

    tags.add("secret", "a", [a_tag("team", "blue"), a_tag("team", 3, TagType.RATE_LIMIT)])

    assert tags.of("secret", "a") == [
        a_tag("cost", 7),
        a_tag("team", "blue"),
        a_tag("team", 3, TagType.RATE_LIMIT),
    ]


def test_delete_takes_those_of_the_key_and_type(tags: Tags) -> None:
    tags.put("secret", "a", [a_tag("team"), a_tag("team", 3, TagType.RATE_LIMIT), a_tag("b")])

    tags.delete("secret", "a", [a_tag("team", "another value"), a_tag("absent")])

    assert tags.of("secret", "a") == [a_tag("b"), a_tag("team", 3, TagType.RATE_LIMIT)]


def test_tags_of_kinds_and_names_are_apart(tags: Tags) -> None:
    tags.put("secret", "a", [a_tag("one")])
    tags.put("workflow", "a", [a_tag("two")])
    tags.put("secret", "b/c", [a_tag("three")])

    assert tags.of_all("secret") == {"a": [a_tag("one")], "b/c": [a_tag("three")]}
    assert tags.of("workflow", "b/c") == []


def test_forgotten_tags_are_gone(tags: Tags) -> None:
    tags.put("secret", "a", [a_tag("one")])

    tags.forget("secret", "a")
    tags.forget("secret", "a")

    assert tags.of("secret", "a") == []


@pytest.mark.parametrize(
    "given", [[a_tag(str(number)) for number in range(101)], [a_tag("long", "x" * 1001)]]
)
def test_what_is_too_much_changes_nothing(tags: Tags, given: list[Tag]) -> None:
    tags.put("secret", "a", [a_tag("one")])

    for change in (tags.put, tags.add):
        with pytest.raises(InvalidRequestError, match="tags"):
            change("secret", "a", given)

    assert tags.of("secret", "a") == [a_tag("one")]


def test_no_tag_is_lost_to_another_writer(tags: Tags) -> None:
    race(8, lambda number: tags.add("secret", "a", [a_tag(str(number))]))

    assert [tag.key for tag in tags.of("secret", "a")] == [str(number) for number in range(8)]
