"""The keys of the two tables and the indexes of the execution table.

====================  ========================  =====================================
item                  pk                        sk
====================  ========================  =====================================
workflow              ``W#<workflow id>``       ``#``
task                  same                      ``T#<place>``
earlier attempt       same                      ``A#<place>#<run>.<attempt>``
arrivals at a JOIN    same                      ``J#<place>#<shard>``
log lines             same                      ``L#<place>#<run>.<attempt>#<stamp>``
known workflow name   ``NAMES``                 name
slots                 ``C#<task name>``         number of the shard
starts in a window    ``R#<task name>``         ``#``
poll record           ``P#<bucket>``            ``<queue>#<domain>#<worker>``
workflow definition   ``W#<bucket>``            ``<name>#<version>``
task definition       ``T#<bucket>``            name
snapshot              ``S#<content hash>``      ``#``
document              ``D#<kind>``              name
revision              ``REVISION``              ``#``
====================  ========================  =====================================

A place is ``<base reference>#<iterations>``, the iterations padded with zeros, so that a task's
latest iteration is the last of its prefix. A name never contains ``#``: it is percent-encoded.

All items of a workflow share one partition key. A wide fork is therefore bound by the 1,000
writes a second of a partition until DynamoDB splits it, which it does by sort key where there is
no local index; that is seconds for 10,000 branches. Spreading them over several keys was tried on
paper and left: which key a task has must follow from its reference alone, or two writers could
create it twice, so every reader of all tasks would have to ask every key, in every workflow.
"""

import hashlib
import re
import zlib
from dataclasses import dataclass
from typing import Final, Literal
from urllib.parse import quote, unquote

from dalsegno.errors import InvalidRequestError
from dalsegno.models import EpochMillis, WorkflowStatus
from dalsegno_state import ids

WORKFLOW_SK: Final = "#"
REVISION_PK: Final = "REVISION"
NAMES_PK: Final = "NAMES"
# A shard of an index takes 1,000 writes a second, and its keys grow with time, so it never splits.
DUE_SHARDS: Final = 8
SEARCH_SHARDS: Final = 8
ENDED: Final = "e"
BUCKETS: Final = 8
# Open workflows that nobody needs to wake are in the index of due ones too: it lists what is open.
NEVER: Final[EpochMillis] = 2**53

# What ends well is found by name; to index it by status too would cost two more writes each.
FAILURES: Final = frozenset(
    {WorkflowStatus.FAILED, WorkflowStatus.TERMINATED, WorkflowStatus.TIMED_OUT}
)

_ITERATION: Final = re.compile(r"0|[1-9][0-9]{0,8}")
_TOKEN: Final = re.compile(r"([0-9]+)\.([0-9]+)")
_SAFE: Final = ":@/+=,$!()*[]"
_LONGEST_NAME: Final = 500
_LONGEST_ID: Final = 1000


@dataclass(frozen=True, slots=True)
class Index:
    """A sparse global index that projects keys only.

    Attributes:
        partition: Attribute of its partition key, a string.
        sort: Attribute of its sort key, a number.
    """

    name: str
    partition: str
    sort: str


DUE: Final = Index("due", "ds", "dw")
BY_NAME: Final = Index("by-name", "nk", "c")
BY_FAILURE: Final = Index("by-failure", "fk", "c")
BY_CORRELATION: Final = Index("by-correlation", "ck", "c")
BY_PARENT: Final = Index("by-parent", "hk", "c")
EXECUTION_INDEXES: Final = (DUE, BY_NAME, BY_FAILURE, BY_CORRELATION, BY_PARENT)

Kind = Literal["T", "A", "J", "L"]


def workflow_pk(workflow_id: str) -> str:
    """Return the partition key of everything of a workflow.

    Raises:
        InvalidRequestError: The id is too long to be a key.
    """
    key = _quoted(workflow_id)
    if len(key) > _LONGEST_ID:
        raise InvalidRequestError(f"a workflow id of {len(workflow_id)} characters is too long")
    return f"W#{key}"


def workflow_id(pk: str) -> str:
    """Return the workflow id of a partition key."""
    return unquote(pk[2:], errors="surrogatepass")


def place_sk(kind: Kind, ref: str) -> str:
    """Return the sort key of a task, or what those of its belongings begin with."""
    base_ref, numbers = _split_iterations(ref)
    iterations = ".".join(f"{int(number):010d}" for number in numbers)
    return f"{kind}#{name_key(base_ref)}#{iterations}"


def _split_iterations(ref: str) -> tuple[str, list[str]]:
    """Return a full reference name without its iteration suffixes, and their numbers in order."""
    numbers: list[str] = []
    end = len(ref)
    while (start := ref.rfind("__", 0, end)) > 0:
        number = ref[start + 2 : end]
        if not _ITERATION.fullmatch(number):
            break
        numbers.append(number)
        end = start
    return ref[:end], numbers[::-1]


def belongings(kind: Literal["A", "J", "L"], ref: str) -> str:
    """Return what the sort keys of a task's attempts, arrivals or log lines begin with."""
    return f"{place_sk(kind, ref)}#"


def attempt_sk(ref: str, task_id: str) -> str:
    """Return the sort key of an earlier attempt."""
    return belongings("A", ref) + attempt_key(task_id)


def arrivals_sk(join_ref: str, shard: str) -> str:
    """Return the sort key of one shard of a JOIN's arrivals."""
    return belongings("J", join_ref) + shard


def logs_sk(task_id: str) -> str:
    """Return what the sort keys of an attempt's log lines begin with."""
    address = ids.parse_task_id(task_id)
    place = "L#" if address is None else belongings("L", address.ref)
    return f"{place}{attempt_key(task_id)}#"


def attempt_key(task_id: str) -> str:
    """Return a text that tells the attempts of a task apart and sorts as they came."""
    address = ids.parse_task_id(task_id)
    if address is None:
        return f"={name_key(task_id)}"
    return f"{address.run:06d}.{address.retry_count:06d}"


def task_token(workflow_id: str, ref: str, task_id: str) -> str:
    """Return what of a task id its place does not tell already: ``0.2``, or ``=`` and all."""
    address = ids.parse_task_id(task_id)
    if address is not None:
        token = f"{address.run}.{address.retry_count}"
        if task_id_of(workflow_id, ref, token) == task_id:
            return token
    return f"={task_id}"


def task_id_of(workflow_id: str, ref: str, token: str) -> str:
    """Return the task id that ``task_token`` made a token of."""
    if match := _TOKEN.fullmatch(token):
        return ids.task_id(workflow_id, int(match[1]), int(match[2]), ref)
    return token[1:]


def name_key(name: str) -> str:
    """Return a name without ``#``, short enough for a key, and never empty."""
    key = _quoted(name)
    if 0 < len(key) <= _LONGEST_NAME:
        return key
    return f"~{hashlib.sha256(name.encode(errors='surrogatepass')).hexdigest()}"


def shard_of(text: str, shards: int) -> int:
    """Return the shard that a text belongs to, the same on every machine."""
    return zlib.crc32(text.encode(errors="surrogatepass")) % shards


def due_shards() -> list[str]:
    """Return the partition keys of the index of due workflows."""
    return [str(shard) for shard in range(DUE_SHARDS)]


def ended_shards() -> list[str]:
    """Return the partition keys of the same index under which ended workflows are listed.

    Theirs is the time of their end. They are apart, since the others tell what is open.
    """
    return [f"{ENDED}{shard}" for shard in range(DUE_SHARDS)]


def search_shards(value: str) -> list[str]:
    """Return the partition keys under which a name or a status is found."""
    return [f"{name_key(value)}#{shard}" for shard in range(SEARCH_SHARDS)]


def search_shard(value: str, workflow_id: str) -> str:
    """Return the partition key under which one workflow of a name or status is found."""
    return f"{name_key(value)}#{shard_of(workflow_id, SEARCH_SHARDS)}"


def buckets(kind: Literal["P", "W", "T"]) -> list[str]:
    """Return all partition keys of a kind whose items are sometimes listed as a whole."""
    return [f"{kind}#{bucket}" for bucket in range(BUCKETS)]


def bucket(kind: Literal["P", "W", "T"], name: str) -> str:
    """Return the partition key of one name's items."""
    return f"{kind}#{shard_of(name, BUCKETS)}"


def version_sk(name: str, version: int) -> str:
    """Return the sort key of a version of a workflow definition."""
    return f"{name_key(name)}#{version:010d}"


def document_pk(kind: str) -> str:
    """Return the partition key of all documents of a kind."""
    return f"D#{name_key(kind)}"


def _quoted(text: str) -> str:
    return quote(text, safe=_SAFE, errors="surrogatepass")
