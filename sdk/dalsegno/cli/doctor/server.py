"""Whether a server answers, which version it has, and what time."""

from collections.abc import Iterator
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from typing import Final

import httpx

from dalsegno import __version__
from dalsegno.cli.doctor.finding import Finding, failure, ok, warning

_ANSWER_SECONDS: Final = 10.0
_SKEW_SECONDS: Final = 5.0  # a Date has whole seconds, and was made somewhat before it is read
_MOST_SKEW_SECONDS: Final = 300.0  # AWS takes no signature that is older


def findings(url: str) -> Iterator[Finding]:
    """Yield what is known without being let in."""
    try:
        response = httpx.get(f"{url}/version", timeout=_ANSWER_SECONDS)
    except httpx.HTTPError as error:
        fix = "start one with dalsegno dev, or name another by --url or DALSEGNO_URL"
        yield failure("server", f"no server answers at {url}: {error}", fix)
        return
    if response.status_code >= 500:
        yield failure("server", f"{url} answers {response.status_code}", "look into its log")
        return
    if response.status_code == 404:
        yield failure("server", f"{url} is no Conductor API", "name another by --url")
        return
    yield ok("server", f"a server answers at {url}")
    if response.is_success:
        yield _version(response.text.strip().strip('"'))
    if "date" in response.headers:
        yield _clock(response.headers["date"])


def _version(version: str) -> Finding:
    if version == __version__:
        return ok("version", f"it is of version {version}, as this command")
    fix = f"pip install 'dalsegno=={version}', or bring the server up to date"
    return warning("version", f"it is of version {version}, this command of {__version__}", fix)


def _clock(date: str) -> Finding:
    try:
        skew = (datetime.now(UTC) - parsedate_to_datetime(date)).total_seconds()
    except ValueError:
        return warning("clock", f"its Date makes no sense: {date}", "look at what is between")
    if abs(skew) <= _SKEW_SECONDS:
        return ok("clock", "clocks agree")
    what = f"this machine's clock is {abs(skew):.0f} s {'ahead' if skew > 0 else 'behind'}"
    found = failure if abs(skew) > _MOST_SKEW_SECONDS else warning
    return found("clock", what, "set it by NTP: tokens and signatures depend on it")
