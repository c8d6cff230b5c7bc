"""A redacted value tells nothing of a secret, in whatever notation it came back."""

import html
import json
import time
from base64 import b64encode, urlsafe_b64encode
from collections.abc import Iterator
from urllib.parse import quote, quote_plus

import httpx
import pytest

from dalsegno_state.redaction import Redactor

SECRETS = (
    "TOP-1",
    "S3CRET/VAL ue+1234&x",
    "pä55\"w\\or'd\nmore",
    "%25%41zz",
    "tok~en==",
    "-----BEGIN KEY-----\nab+/c=\n-----END KEY-----",
)


def forms(secret: str) -> Iterator[str]:
    """Yield the ways in which libraries write a secret."""
    yield secret
    yield from (quote(secret), quote(secret, safe=""), quote_plus(secret), quote(quote(secret)))
    yield from (json.dumps(secret), json.dumps(secret, ensure_ascii=False))
    yield json.dumps(json.dumps({"k": secret}))
    yield from (repr(secret), repr(secret.encode()), ascii(secret), html.escape(secret))
    yield str(httpx.URL("http://h/", params={"k": secret}))


@pytest.mark.parametrize("secret", SECRETS)
def test_every_notation_is_redacted(secret: str) -> None:
    redactor = Redactor([secret])

    left = [form for form in forms(secret) if "***" not in redactor.text(f"<{form}>")]

    assert left == []


@pytest.mark.parametrize("secret", SECRETS)
@pytest.mark.parametrize("before", ["", "u:", "us:", "user:"])
@pytest.mark.parametrize("after", ["", ":", ":x", ":xyz"])
def test_base64_is_redacted_whatever_stands_around_the_secret(
    secret: str, before: str, after: str
) -> None:
    redactor = Redactor([secret])
    pair = (before + secret + after).encode()

    for encoded in (b64encode(pair).decode(), urlsafe_b64encode(pair).decode()):
        for form in (encoded, quote(encoded, safe=""), json.dumps(encoded)):
            shown = redactor.text(f"Basic {form}")
            assert "***" in shown
            assert len(shown) < len("Basic ") + len(before) * 2 + len(after) * 2 + 12


@pytest.mark.parametrize("secret", SECRETS)
def test_letter_case_does_not_matter(secret: str) -> None:
    """Clients write hosts in lower case, some servers echo headers in upper case."""
    redactor = Redactor([secret])

    assert "***" in redactor.text(f"<{secret.lower()}>")
    assert "***" in redactor.text(f"<{secret.upper()}>")


def test_beginning_of_a_secret_at_the_end_of_a_text_is_redacted() -> None:
    redactor = Redactor(["S3CRET-VALUE-1234"])

    assert redactor.text("body: S3CRET-VA") == "body: ***"
    assert redactor.text("body: S3C") == "body: S3C"


def test_keys_lists_and_numbers_are_redacted() -> None:
    redactor = Redactor(["hunter22", 1234567, {"user": "ada-l", "pin": 4711}])

    assert redactor.value(
        {"a hunter22": [1, "x hunter22", {"n": 1234567}], "f": 1234567.0, "u": "ada-l", "p": 4711}
    ) == {"a ***": [1, "x ***", {"n": "***"}], "f": "***", "u": "***", "p": "***"}


def test_texts_too_short_to_be_secrets_are_left() -> None:
    assert Redactor(["no", "1", "abc"]).value({"no": [1, "abc", "know"]}) == {
        "no": [1, "abc", "know"]
    }
    assert Redactor([None, True, ""]).text("None True") == "None True"


@pytest.mark.parametrize("piece", ["\\", "%", "%25", "a", "+", "\\u00", "=", " "])
def test_time_grows_with_the_text_alone(piece: str) -> None:
    redactor = Redactor(['"S3CRET/VALUE ', "\\%+ü" * 20, "a" * 200 + "b"])
    begun = time.process_time()

    redactor.text(piece * (1_000_000 // len(piece)))

    assert time.process_time() - begun < 20  # linear: about one second


@pytest.mark.parametrize("piece", ["\\", "ü", " ", "aX%\n"])
def test_secrets_as_long_as_any_may_be_are_redacted_in_time(piece: str) -> None:
    secret = piece * (60_000 // len(piece.encode()))
    begun = time.process_time()

    redactor = Redactor([secret])
    encoded = b64encode(f"u:{secret}".encode()).decode()
    redactor.text((secret[:-1] + "y") * 5)
    shown = [redactor.text(form) for form in (secret, json.dumps(secret), quote(secret), encoded)]

    assert time.process_time() - begun < 5
    assert max(map(len, shown)) < 20
