"""Bodies of HTTP messages: their content coding and their charset."""

import json
import zlib
from typing import Final

from pydantic_core import from_json

from dalsegno.json_text import unicode_json
from dalsegno.models import JsonValue

_WINDOW_BITS: Final = {
    "gzip": zlib.MAX_WBITS | 16,
    "x-gzip": zlib.MAX_WBITS | 16,
    "deflate": zlib.MAX_WBITS,
}
ACCEPTED_CODINGS: Final = "gzip, deflate"
_MAX_CODINGS: Final = 4
_MAX_MEMBERS: Final = 256  # of gzip, one after the other; each copies what is behind it
_GZIP_MAGIC: Final = b"\x1f\x8b"
# Python knows more, some of which take a time that grows with the square of the length.
_CHARSETS: Final = frozenset(
    (  # noqa: SIM905  (a list would be eighty lines long)
        "ascii us-ascii utf8 utf-8 utf-16 utf-16be utf-16le utf-32 utf-32be utf-32le latin1 "
        "iso-8859-1 iso-8859-2 iso-8859-3 iso-8859-4 iso-8859-5 iso-8859-6 iso-8859-7 "
        "iso-8859-8 iso-8859-9 iso-8859-10 iso-8859-11 iso-8859-13 iso-8859-14 iso-8859-15 "
        "iso-8859-16 windows-1250 windows-1251 windows-1252 windows-1253 windows-1254 "
        "windows-1255 windows-1256 windows-1257 windows-1258 cp437 cp850 cp1250 cp1251 cp1252 "
        "koi8-r koi8-u macintosh shift_jis euc-jp iso-2022-jp gb2312 gbk gb18030 big5 big5-hkscs "
        "euc-kr ks_c_5601-1987 tis-620"
    ).split()
)


class ContentError(Exception):
    """A body cannot be read or written as its headers say."""


def decoded(body: bytes, codings: list[str], *, max_bytes: int) -> bytes:
    """Return a body without its content codings, the last of which was applied last.

    Raises:
        ContentError: A coding is not known, the body is damaged, or longer than ``max_bytes``.
    """
    names = [name.strip().lower() for name in ",".join(codings).split(",")]
    applied = [name for name in names if name not in ("", "identity")]
    if len(applied) > _MAX_CODINGS:
        raise ContentError("the answer has too many content codings")
    for name in reversed(applied if body else []):
        body = _inflated(body, name, max_bytes)
    return body


def charset_of(content_type: str) -> str | None:
    """Return the charset that a content type names, in Python's spelling; None if not known."""
    for parameter in content_type.split(";")[1:]:
        name, _, value = parameter.partition("=")
        charset = value.strip().strip('"').lower()
        if name.strip().lower() == "charset" and charset in _CHARSETS:
            return charset
    return None


def text_of(body: bytes, content_type: str = "") -> str:
    """Return a body as text: in the charset it names, else in UTF-8.

    Text of no charset that is not UTF-8 is in ISO-8859-1, as HTTP once had it. What cannot be
    read becomes U+FFFD.
    """
    charset = charset_of(content_type)
    if charset is None and content_type.lower().startswith("text/"):
        try:
            return body.decode("utf-8-sig")
        except UnicodeDecodeError:
            return body.decode("iso-8859-1")
    return body.decode("utf-8-sig" if charset in (None, "utf-8", "utf8") else charset, "replace")


def json_or_text(body: bytes, content_type: str = "") -> JsonValue:
    """Return a body as JSON if it is JSON, as Conductor reads it, else as text; None if empty.

    A bare number becomes a double, unless that would be another number; a bare boolean its text.
    """
    if not body:
        return None
    text = text_of(body, content_type)
    try:
        value: JsonValue = from_json(
            unicode_json(_json_text(body, content_type)), allow_inf_nan=False
        )
        if isinstance(value, int) and not isinstance(value, bool):
            double = float(value)
            value = double if double == value else value
        json.dumps(value, allow_nan=False)
    except (ValueError, OverflowError):  # no JSON, or a number that is too large for a double
        return text
    return ("true" if value else "false") if isinstance(value, bool) else value


def written(text: str, content_type: str) -> bytes:
    """Return text in the charset that its content type names, else in UTF-8.

    Raises:
        ContentError: A letter of it does not exist in that charset.
    """
    charset = charset_of(content_type) or "utf-8"
    try:
        return text.encode(charset)
    except UnicodeEncodeError as error:
        raise ContentError(f"the body cannot be written in {charset}: {error.reason}") from error


def _json_text(body: bytes, content_type: str) -> bytes | str:
    """Return JSON as it is to be parsed: RFC 8259 wants UTF-8, older services write UTF-16 too."""
    if charset_of(content_type) not in (None, "utf-8", "utf8"):
        return text_of(body, content_type)
    encoding = json.detect_encoding(body)
    return body if encoding == "utf-8" else body.decode(encoding)


def _inflated(body: bytes, coding: str, max_bytes: int) -> bytes:
    bits = _WINDOW_BITS.get(coding)
    if bits is None:
        raise ContentError(f"the answer has a content coding that was not asked for: {coding!r}")
    if coding == "deflate" and not _has_zlib_header(body):
        bits = -zlib.MAX_WBITS  # many servers leave the header out that the standard demands
    parts: list[bytes] = []
    size = 0
    for _ in range(_MAX_MEMBERS):
        member = zlib.decompressobj(bits)
        try:
            part = member.decompress(body, max_bytes + 1 - size)
        except zlib.error as error:
            raise ContentError(f"the answer is damaged: {error}") from error
        size += len(part)
        if size > max_bytes:
            raise ContentError(f"the answer is longer than {max_bytes} bytes")
        if not member.eof:
            raise ContentError(f"the answer is damaged: its {coding} ends too soon")
        parts.append(part)
        body = member.unused_data
        if coding == "deflate" or not body.startswith(_GZIP_MAGIC):
            return b"".join(parts)
    raise ContentError(f"the answer consists of more than {_MAX_MEMBERS} members of gzip")


def _has_zlib_header(body: bytes) -> bool:
    return len(body) >= 2 and body[0] & 0x0F == 8 and int.from_bytes(body[:2], "big") % 31 == 0
