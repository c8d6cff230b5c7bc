"""Transactions of many threads, committed together so that they share one disk flush."""

import sqlite3
from collections.abc import Callable, Sequence
from sqlite3 import Connection
from threading import Lock
from typing import Any, Generic, TypeVar

from dalsegno_state.sqlite.busy import retry_while_busy

T = TypeVar("T")


class _Transaction(Generic[T]):
    """One thread's work, and what came of it."""

    __slots__ = ("durable", "error", "gate", "result", "settled", "work")

    def __init__(self, work: Callable[[Connection], T], durable: bool) -> None:
        self.work = work
        self.durable = durable
        self.result: T | None = None
        self.error: Exception | None = None
        self.settled = False
        self.gate = Lock()  # opened when the work is settled, or its thread is to lead
        self.gate.acquire()

    def outcome(self) -> T:
        """Return the result of the settled work, or raise its error."""
        if self.error is not None:
            raise self.error
        return self.result  # type: ignore[return-value]  # set by attempt if there is no error


class GroupCommit:
    """The only writer of a database in this process.

    A thread that finds nobody writing leads: it carries out what all waiting threads have
    queued as one transaction, wakes them, and hands the lead to the first of those that came
    meanwhile. A lone thread commits at once; many threads share a flush instead of queueing for
    one each. There is no writer thread, which would cost two thread switches a commit.
    """

    def __init__(self, connection: Connection) -> None:
        self._connection = connection
        self._flushes: bool | None = None  # as the connection was last told
        self._mutex = Lock()  # guards the two below; never held while the database works
        self._waiting: list[_Transaction[Any]] = []
        self._leader: _Transaction[Any] | None = None

    def run(self, work: Callable[[Connection], T], *, durable: bool) -> T:
        """Return what ``work`` returns, once its changes are committed.

        ``work`` may be run twice, so it must have no effect outside the database. If it raises,
        nothing of it is stored.

        Args:
            work: Reads and writes through the connection; neither begins nor commits.
            durable: Survive a power loss too, not only the death of the process. A later
                durable commit makes all earlier ones durable: the log is flushed as a whole,
                and a torn one is cut after its last complete commit.
        """
        transaction = _Transaction(work, durable)
        with self._mutex:
            self._waiting.append(transaction)
            leads = self._leader is None
            if leads:
                self._leader = transaction
        if not leads:
            self._wait(transaction)
        if not transaction.settled:
            self._lead()
        return transaction.outcome()

    def _wait(self, transaction: _Transaction[Any]) -> None:
        try:
            transaction.gate.acquire()
        except BaseException:  # an interrupt: the others must not wait for this thread
            with self._mutex:
                if transaction in self._waiting:
                    self._waiting.remove(transaction)
                if self._leader is transaction:
                    self._hand_over()
            raise

    def _lead(self) -> None:
        with self._mutex:
            group, self._waiting = self._waiting, []
        try:
            self._carry_out(group)
        except sqlite3.Error as error:
            _settle(group, error)
        except BaseException:
            _settle(group, sqlite3.OperationalError("the thread that led the commit stopped"))
            raise
        finally:
            for transaction in group:
                transaction.gate.release()
            with self._mutex:
                self._hand_over()

    def _hand_over(self) -> None:
        self._leader = self._waiting[0] if self._waiting else None
        if self._leader is not None:
            self._leader.gate.release()

    def _carry_out(self, group: Sequence[_Transaction[Any]]) -> None:
        """Commit a group as one transaction; one by one if the work of any raises."""
        failure = self._commit(group)
        if failure is None or len(group) == 1:
            _settle(group, failure)
        else:
            for transaction in group:
                self._carry_out([transaction])

    def _commit(self, group: Sequence[_Transaction[Any]]) -> Exception | None:
        """Return what a work raised, nothing is stored then; raise what the database raises."""
        flush = any(transaction.durable for transaction in group)
        retry_while_busy(lambda: self._begin(flush))
        try:
            failure = self._attempt(group)
            if failure is None:
                self._connection.execute("COMMIT")
        finally:
            if self._connection.in_transaction:
                self._connection.execute("ROLLBACK")
        return failure

    def _attempt(self, group: Sequence[_Transaction[Any]]) -> Exception | None:
        try:
            for transaction in group:
                transaction.result = transaction.work(self._connection)
        except Exception as failure:  # noqa: BLE001  (whatever it is, its own thread raises it)
            return failure
        return None

    def _begin(self, flush: bool) -> None:
        if flush is not self._flushes:
            self._connection.execute(f"PRAGMA synchronous = {'FULL' if flush else 'NORMAL'}")
            self._flushes = flush
        self._connection.execute("BEGIN IMMEDIATE")


def _settle(group: Sequence[_Transaction[Any]], error: Exception | None) -> None:
    for transaction in group:
        if not transaction.settled:
            transaction.error = error
            transaction.settled = True
