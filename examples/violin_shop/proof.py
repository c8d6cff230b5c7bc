"""What the demo claims at its end, each claim checked against the books."""

import json
import signal
import urllib.request
from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from examples.violin_shop.ledger import Entry
from examples.violin_shop.orders import Attempt, Progress


@dataclass(frozen=True, slots=True)
class Claim:
    """A sentence about the run, and whether it is true."""

    holds: bool
    text: str


@dataclass(frozen=True, slots=True)
class Bank:
    """The books of the payment service.

    Attributes:
        movements: Every movement of money: kind, order, purpose, amount.
        statistics: How often it was asked, and how often that went wrong.
    """

    movements: list[Mapping[str, object]]
    statistics: Mapping[str, int]


@dataclass(frozen=True, slots=True)
class Evidence:
    """All there is to judge a run by.

    Attributes:
        refunds: The workflows that cleaned up after failed orders.
        finished_before: Every attempt that had ended when the server was killed, by a unique name.
    """

    orders: Sequence[Progress]
    refunds: Sequence[Progress]
    finished_before: Mapping[str, Attempt]
    bank: Bank
    entries: Sequence[Entry]
    exit_status: int


def read_bank(payment_url: str) -> Bank:
    """Return the books of the payment service as they are now."""
    with urllib.request.urlopen(f"{payment_url}/ledger", timeout=5) as answer:  # noqa: S310  # our own http URL
        books = json.load(answer)
    return Bank(books["movements"], books["statistics"])


def claims(evidence: Evidence) -> Iterator[Claim]:
    """Yield everything the demo claims."""
    yield _orders_completed(evidence)
    yield _declined_order_refunded(evidence)
    yield _server_was_killed(evidence)
    yield _nothing_was_lost(evidence)
    yield _steps_completed_once(evidence)
    yield _money_moved_once(evidence)
    yield _bank_was_difficult(evidence)
    yield _effects_happened_once(evidence)


def _orders_completed(evidence: Evidence) -> Claim:
    due = [p for p in evidence.orders if not p.order.is_beyond_card]
    done = [p for p in due if p.status == "COMPLETED"]
    return Claim(len(done) == len(due) > 0, f"{len(done)} of {len(due)} orders completed")


def _declined_order_refunded(evidence: Evidence) -> Claim:
    failed = [p for p in evidence.orders if p.order.is_beyond_card]
    names = ", ".join(p.order.customer for p in failed)
    refunded = {m["order"] for m in evidence.bank.movements if m["kind"] == "refund"}
    holds = (
        all(p.status == "FAILED" for p in failed)
        and refunded == {p.order.id for p in failed}
        and [p.status for p in evidence.refunds] == ["COMPLETED"] * len(failed)
    )
    return Claim(holds, f"{names}'s card was declined: the failure workflow refunded the deposit")


def _server_was_killed(evidence: Evidence) -> Claim:
    signal_number = -evidence.exit_status
    text = f"the server was killed half-way (signal {signal_number}) and started again"
    return Claim(signal_number == signal.SIGKILL, text)


def _nothing_was_lost(evidence: Evidence) -> Claim:
    now = dict(pair for progress in evidence.orders for pair in progress.finished_attempts())
    kept = [name for name, then in evidence.finished_before.items() if _same(now.get(name), then)]
    known = len(evidence.finished_before)
    text = f"{len(kept)} of the {known} attempts that had ended before the crash are untouched"
    return Claim(len(kept) == known > 0, text)


def _steps_completed_once(evidence: Evidence) -> Claim:
    workflows = (*evidence.orders, *evidence.refunds)
    completed = Counter(
        (progress.workflow_id, attempt.ref)
        for progress in workflows
        for attempt in progress.attempts
        if attempt.status == "COMPLETED"
    )
    attempts = sum(len(progress.attempts) for progress in workflows)
    text = f"{len(completed)} steps completed, each once, in {attempts} attempts"
    return Claim(set(completed.values()) == {1}, text)


def _money_moved_once(evidence: Evidence) -> Claim:
    moved = Counter((m["order"], m["purpose"]) for m in evidence.bank.movements)
    expected = {
        (p.order.id, purpose)
        for p in evidence.orders
        for purpose in ("deposit", "refund" if p.order.is_beyond_card else "balance")
    }
    text = f"{len(moved)} charges and refunds moved money, each exactly once"
    return Claim(set(moved) == expected and set(moved.values()) == {1}, text)


def _bank_was_difficult(evidence: Evidence) -> Claim:
    count = evidence.bank.statistics
    broken, lost = count.get("broken", 0), count.get("answers lost", 0)
    text = (
        f"although {broken} of {count['requests']} payment requests were answered 503, "
        f"{lost} of them after the money had moved"
    )
    return Claim(broken > 0 and lost > 0, text)


def _effects_happened_once(evidence: Evidence) -> Claim:
    happened = Counter(entry.key for entry in evidence.entries)
    meant = Counter(entry.what for entry in evidence.entries)
    expected = {
        f"{progress.workflow_id}/{attempt.ref}"
        for progress in (*evidence.orders, *evidence.refunds)
        for attempt in progress.attempts
        if attempt.status == "COMPLETED"
        and attempt.type in {"source_part", "write_invoice", "notify_customer"}
    }
    once = set(happened.values()) == {1} and set(meant.values()) == {1}
    text = f"{len(happened)} parts, invoices and mails in the shop's ledger, each exactly once"
    return Claim(once and set(happened) == expected, text)


def _same(now: Attempt | None, then: Attempt) -> bool:
    return now is not None and (now.task_id, now.status, now.output) == (
        then.task_id,
        then.status,
        then.output,
    )
