"""Webhooks: requests from outside, and the tasks that wait for them.

A task waits for values at JSON paths. For each webhook there is a document for each set of paths
that is in use, and under the hash of paths and values one for each task. So a request costs as
many look-ups as there are sets of paths, however many tasks wait.
"""

import hashlib
import hmac
from collections.abc import Callable, Mapping, Sequence
from typing import Final

from pydantic_core import to_json

from dalsegno.errors import UnauthorizedError
from dalsegno.models import JsonObject, JsonValue, TaskStatus
from dalsegno_state.engine.named_values import is_name
from dalsegno_state.events import Event, Reported
from dalsegno_state.expressions import Budget, ExpressionError, parse_path_in_document
from dalsegno_state.ids import parse_task_id
from dalsegno_state.ports import Document, Ports
from dalsegno_state.tasks.wait_for_webhook import whole_path

# Longer than the week after which a task that waits is announced, and so entered, again.
_WAITING_MS: Final = 30 * 86_400_000
_SECRET_PREFIX: Final = "webhook_"  # noqa: S105  (a name, not a value)


class Webhooks:
    """Completes tasks with the requests they wait for.

    Args:
        run: Takes an event of a workflow in.
    """

    def __init__(self, ports: Ports, run: Callable[[str, Event], object]) -> None:
        self._ports = ports
        self._run = run

    def enter(self, webhook_id: str, matches: Mapping[str, JsonValue], task_id: str) -> None:
        """Have a task completed by the next request with these values at these paths."""
        until = self._ports.clock.now() + _WAITING_MS
        paths = sorted(matches)
        documents = self._ports.documents
        body: JsonObject = {"paths": [*paths]}
        documents.put(_paths_kind(webhook_id), _hash(paths), body, expires_at=until)
        kind = waiting_kind(webhook_id, paths, [matches[path] for path in paths])
        documents.put(kind, task_id, {}, expires_at=until)

    def deliver(self, webhook_id: str, payload: JsonValue) -> int:
        """Complete every task that a request fits, with its body; return how many there were.

        A request that fits none is not kept.
        """
        output: JsonObject = payload if isinstance(payload, dict) else {"payload": payload}
        count = 0
        for waiting in self._fitting(webhook_id, payload):
            address = parse_task_id(waiting.name)
            if address is not None:
                self._run(
                    address.workflow_id,
                    Reported(
                        ref=address.ref,
                        task_id=waiting.name,
                        status=TaskStatus.COMPLETED,
                        output=output,
                        worker_id=f"webhook {webhook_id}",
                    ),
                )
                count += 1
            self._ports.documents.delete(waiting.kind, waiting.name)
        return count

    def is_protected(self, webhook_id: str) -> bool:
        """Return whether a webhook has a secret, which its requests must tell."""
        return self._secret(webhook_id) is not None

    def check(self, webhook_id: str, told: str | None) -> None:
        """Raise ``UnauthorizedError`` unless the webhook's secret was told, or it has none."""
        secret = self._secret(webhook_id)
        if secret is not None and not hmac.compare_digest(secret.encode(), (told or "").encode()):
            raise UnauthorizedError("X-Webhook-Secret is not the webhook's secret")

    def _secret(self, webhook_id: str) -> str | None:
        name = _SECRET_PREFIX + webhook_id
        if not is_name(name):  # nobody can have put one, so none is looked for
            return None
        value = self._ports.secrets.secret(name)
        return None if value is None else str(value)

    def _fitting(self, webhook_id: str, payload: JsonValue) -> list[Document]:
        found: list[Document] = []
        for entry in self._ports.documents.documents(_paths_kind(webhook_id)):
            listed = entry.body["paths"]
            paths = [str(path) for path in listed] if isinstance(listed, list) else []
            try:
                budget = Budget()
                parsed = [parse_path_in_document(whole_path(path)) for path in paths]
                values = [path.find(payload, budget) for path in parsed]
            except ExpressionError:
                continue
            found += self._ports.documents.documents(waiting_kind(webhook_id, paths, values))
        return found


def _paths_kind(webhook_id: str) -> str:
    return f"webhook-paths/{webhook_id}"


def waiting_kind(webhook_id: str, paths: Sequence[str], values: Sequence[JsonValue]) -> str:
    """Return the kind of the documents of tasks that wait for these values at these paths."""
    return f"webhook/{webhook_id}/{_hash([*paths, *map(_text, values)])}"


def _hash(texts: Sequence[str]) -> str:
    return hashlib.sha256(to_json(list(texts))).hexdigest()


def _text(value: JsonValue) -> str:
    """Return what values are compared by: ``5`` is as good as ``"5"``."""
    if isinstance(value, str):
        return value
    if isinstance(value, dict):
        value = dict(sorted(value.items()))
    return to_json(value).decode()
