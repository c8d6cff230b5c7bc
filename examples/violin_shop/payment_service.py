"""A card service such as one meets outside: slow, flaky, rate-limited, and idempotent by key.

    python -m examples.violin_shop.payment_service --port 9000

    POST /charges   {"order", "purpose", "card", "amount"}   with an Idempotency-Key header
    POST /refunds   {"order", "charge"}                      with an Idempotency-Key header
    GET  /ledger    every movement of money, and how often the service was asked

About one request in three is answered with 503, and every second of those only after the money
has moved: what is lost then is the answer. More than ``--per-second`` requests a second are
answered with 429. A card called ``tok_limit_1000`` pays no single amount above 1000.
"""

import argparse
import hashlib
import json
import threading
import time
from collections import Counter, deque
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass, field
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import Final

Document = dict[str, object]

_LATENCY_SECONDS: Final = 0.4
_NO_LIMIT: Final = 10**9


@dataclass(frozen=True, slots=True)
class Answer:
    """What the service says to one request."""

    status: HTTPStatus
    body: Document


@dataclass(frozen=True, slots=True)
class Weather:
    """Decides which requests go wrong: chance, but the same with every run of one seed."""

    seed: int

    def strikes(self, subject: str, turn: int) -> bool:
        """Return whether the ``turn``-th request about a subject is answered with 503."""
        return self._roll(subject, turn) % 3 == 0

    def strikes_late(self, subject: str, turn: int) -> bool:
        """Return whether such a request has its effect before the answer gets lost."""
        return self._roll(subject, turn) // 3 % 2 == 0

    def _roll(self, subject: str, turn: int) -> int:
        text = f"{self.seed}/{subject}/{turn}"
        return int.from_bytes(hashlib.blake2b(text.encode(), digest_size=8).digest(), "big")


class RateLimit:
    """At most so many requests within any second."""

    def __init__(self, per_second: int) -> None:
        self._per_second = per_second
        self._admitted: deque[float] = deque()

    def admits(self, now_seconds: float) -> bool:
        """Count a request in, or refuse it."""
        while self._admitted and self._admitted[0] <= now_seconds - 1:
            self._admitted.popleft()
        if len(self._admitted) >= self._per_second:
            return False
        self._admitted.append(now_seconds)
        return True


@dataclass(slots=True)
class Bank:
    """Where the money is: each idempotency key moves it at most once."""

    weather: Weather
    rate_limit: RateLimit
    answers: dict[str, Document] = field(default_factory=dict)
    movements: list[Document] = field(default_factory=list)
    turns: Counter[str] = field(default_factory=Counter)
    statistics: Counter[str] = field(default_factory=Counter)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def handle(self, kind: str, key: str, request: Mapping[str, object]) -> Answer:
        """Carry out a charge or a refund, unless the limit or the weather is against it."""
        time.sleep(_LATENCY_SECONDS)
        with self.lock:
            self.statistics["requests"] += 1
            if not self.rate_limit.admits(time.monotonic()):
                self.statistics["refused"] += 1
                return Answer(HTTPStatus.TOO_MANY_REQUESTS, {"error": "slow down"})
            subject = f"{kind}/{request.get('order')}/{request.get('purpose')}"
            self.turns[subject] += 1
            turn = self.turns[subject]
            if not self.weather.strikes(subject, turn):
                return Answer(HTTPStatus.OK, self._move(kind, key, request))
            self.statistics["broken"] += 1
            if self.weather.strikes_late(subject, turn):
                self.statistics["answers lost"] += 1
                self._move(kind, key, request)
            return Answer(HTTPStatus.SERVICE_UNAVAILABLE, {"error": "try again"})

    def ledger(self) -> Document:
        """Return every movement of money, and counts of what was asked."""
        with self.lock:
            return {"movements": list(self.movements), "statistics": dict(self.statistics)}

    def _move(self, kind: str, key: str, request: Mapping[str, object]) -> Document:
        """Return what was answered under this key before, else move the money now."""
        if key in self.answers:
            self.statistics["repeats absorbed"] += 1
            return self.answers[key]
        answer = self._charge(key, request) if kind == "charge" else self._refund(key, request)
        self.answers[key] = answer
        return answer

    def _charge(self, key: str, request: Mapping[str, object]) -> Document:
        amount = int(str(request.get("amount")))
        limit = _limit_of(str(request.get("card")))
        if amount > limit:
            return {"status": "declined", "reason": f"the card pays no more than {limit}"}
        self._record("charge", key, request, amount)
        return {"status": "paid", "payment": f"pay_{len(self.movements)}", "amount": amount}

    def _refund(self, key: str, request: Mapping[str, object]) -> Document:
        charged = next((m for m in self.movements if m["key"] == request.get("charge")), None)
        if charged is None:
            return {"status": "nothing to refund"}
        amount = int(str(charged["amount"]))
        self._record("refund", key, request, -amount)
        return {"status": "refunded", "amount": amount}

    def _record(self, kind: str, key: str, request: Mapping[str, object], amount: int) -> None:
        order, purpose = request.get("order"), request.get("purpose")
        self.movements.append(
            {"kind": kind, "key": key, "order": order, "purpose": purpose, "amount": amount}
        )


class Handler(BaseHTTPRequestHandler):
    """One connection to the bank."""

    protocol_version = "HTTP/1.1"
    server: "PaymentServer"

    def do_GET(self) -> None:
        """Show the ledger."""
        if self.path == "/ledger":
            self._answer(Answer(HTTPStatus.OK, self.server.bank.ledger()))
        else:
            self._answer(Answer(HTTPStatus.NOT_FOUND, {"error": f"no {self.path} here"}))

    def do_POST(self) -> None:
        """Charge or refund."""
        text = self.rfile.read(int(self.headers.get("Content-Length", 0)))
        kind = {"/charges": "charge", "/refunds": "refund"}.get(self.path)
        key = self.headers.get("Idempotency-Key")
        if kind is None:
            self._answer(Answer(HTTPStatus.NOT_FOUND, {"error": f"no {self.path} here"}))
        elif not key:
            self._answer(Answer(HTTPStatus.BAD_REQUEST, {"error": "no Idempotency-Key"}))
        else:
            self._answer(self.server.bank.handle(kind, key, json.loads(text)))

    def log_message(self, format: str, *args: object) -> None:
        """Keep quiet; the ledger tells all."""

    def _answer(self, answer: Answer) -> None:
        body = json.dumps(answer.body).encode()
        with suppress(ConnectionError):  # whoever asked may have been killed meanwhile
            self.send_response(answer.status)
            self.send_header("Content-Type", "application/json")
            self.send_header("Content-Length", str(len(body)))
            self.end_headers()
            self.wfile.write(body)


class PaymentServer(ThreadingHTTPServer):
    """The bank's counter; every request has a thread of its own."""

    daemon_threads = True

    def __init__(self, port: int, bank: Bank) -> None:
        super().__init__(("127.0.0.1", port), Handler)
        self.bank = bank


def main() -> None:
    """Serve until killed."""
    parser = argparse.ArgumentParser(description="A flaky, rate-limited card service.")
    parser.add_argument("--port", type=int, default=9000)
    parser.add_argument("--seed", type=int, default=0, help="chooses which requests go wrong")
    parser.add_argument("--per-second", type=int, default=5, help="how many requests it takes")
    arguments = parser.parse_args()
    bank = Bank(Weather(arguments.seed), RateLimit(arguments.per_second))
    PaymentServer(arguments.port, bank).serve_forever()


def _limit_of(card: str) -> int:
    _, found, limit = card.rpartition("_limit_")
    return int(limit) if found else _NO_LIMIT


if __name__ == "__main__":
    main()
