"""One file, many threads, several processes."""

import os
import resource
import sqlite3
import stat
from collections.abc import Iterator
from contextlib import closing, suppress
from pathlib import Path
from sqlite3 import Connection
from threading import Event

import pytest

from dalsegno.errors import UnavailableError
from dalsegno.models import PollData
from dalsegno_state.sqlite import SchemaVersionError, open_ports
from dalsegno_state.sqlite.database import Database
from dalsegno_state.sqlite.polls import SqlitePollRecords
from tests.clock import ManualClock
from tests.race import race


@pytest.fixture(params=["file", "memory"])
def database(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Database]:
    with closing(Database(tmp_path / "test.db" if request.param == "file" else None)) as opened:
        yield opened


def name_queue(connection: Connection, name: str) -> str:
    connection.execute("INSERT INTO queues(name) VALUES (?)", (name,))
    return name


def named_queues(database: Database) -> list[str]:
    return [name for (name,) in database.read("SELECT name FROM queues ORDER BY name")]


def test_work_that_raises_stores_nothing(database: Database) -> None:
    def fail(connection: Connection) -> None:
        name_queue(connection, "a")
        raise LookupError("no")

    with pytest.raises(LookupError):
        database.write(fail)

    assert named_queues(database) == []
    assert database.write(lambda connection: name_queue(connection, "b")) == "b"


def test_work_that_raises_spoils_nothing_for_those_committed_with_it(database: Database) -> None:
    def work(connection: Connection, number: int) -> str:
        name = name_queue(connection, f"{number:03d}")
        if number % 3 == 0:
            raise LookupError(name)
        return name

    def run(thread: int) -> list[str]:
        answers = []
        for number in range(thread, 160, 8):
            try:
                answers.append(database.write(lambda connection, n=number: work(connection, n)))  # type: ignore[misc]
            except LookupError as error:
                answers.append(f"failed {error}")
        return answers

    answers = sorted(answer for part in race(8, run) for answer in part)

    stored = [f"{number:03d}" for number in range(160) if number % 3]
    assert named_queues(database) == stored
    assert answers == [*stored, *(f"failed {number:03d}" for number in range(0, 160, 3))]


def test_interrupted_thread_does_not_hold_up_the_others(database: Database) -> None:
    def interrupt(connection: Connection) -> None:
        name_queue(connection, "a")
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        database.write(interrupt)

    assert race(4, lambda number: database.write(lambda c: name_queue(c, str(number)))) == [*"0123"]
    assert named_queues(database) == [*"0123"]


def test_every_thread_sees_its_own_commit(database: Database) -> None:
    def run(thread: int) -> bool:
        return all(
            database.write(lambda connection, name=f"{thread}-{turn}": name_queue(connection, name))  # type: ignore[misc]
            in named_queues(database)
            for turn in range(30)
        )

    assert all(race(8, run))


def test_nobody_sees_what_is_not_committed(database: Database) -> None:
    inserted, looked = Event(), Event()

    def insert_then_fail(connection: Connection) -> None:
        name_queue(connection, "a")
        inserted.set()
        looked.wait(0.2)  # in memory readers wait for their turn, so they cannot look
        raise LookupError

    def run(thread: int) -> list[str]:
        if thread == 0:
            with pytest.raises(LookupError):
                database.write(insert_then_fail)
            return []
        inserted.wait()
        seen = named_queues(database)
        looked.set()
        return seen

    assert race(2, run) == [[], []]


def test_closed_database_refuses(database: Database) -> None:
    named_queues(database)
    database.close()

    with pytest.raises(sqlite3.ProgrammingError):
        named_queues(database)
    with pytest.raises(sqlite3.ProgrammingError):
        database.write(lambda connection: name_queue(connection, "a"))
    database.close()


def test_many_may_open_a_new_file_at_once(tmp_path: Path) -> None:
    def run(number: int) -> str:
        with closing(Database(tmp_path / "test.db")) as database:
            return database.write(lambda connection: name_queue(connection, str(number)))

    for _ in range(5):
        names = race(8, run)
        with closing(Database(tmp_path / "test.db")) as database:
            assert named_queues(database) == names
        for path in tmp_path.iterdir():
            path.unlink()


def test_commits_wait_for_those_of_another_process(tmp_path: Path) -> None:
    with (
        closing(Database(tmp_path / "test.db")) as one,
        closing(Database(tmp_path / "test.db")) as other,
    ):

        def run(number: int) -> None:
            for turn in range(50):
                database = one if number % 2 else other
                name = f"{number}-{turn}"
                database.write(lambda connection, name=name: name_queue(connection, name))  # type: ignore[misc]

        race(4, run)

        assert len(named_queues(one)) == 200


def test_newer_schema_is_refused_and_left_alone(tmp_path: Path) -> None:
    open_ports(tmp_path, ManualClock()).close()
    (path,) = tmp_path.glob("*.db")
    with closing(sqlite3.connect(path)) as connection:
        connection.execute("PRAGMA user_version = 999")

    with pytest.raises(SchemaVersionError, match="999"):
        open_ports(tmp_path, ManualClock())

    with closing(sqlite3.connect(path)) as connection:
        assert connection.execute("PRAGMA user_version").fetchone() == (999,)


def test_file_is_for_its_owner_only(tmp_path: Path) -> None:
    directory = tmp_path / "data"
    with closing(open_ports(directory, ManualClock())) as ports:
        ports.secrets.put_secret("key", "value")

        modes = {stat.S_IMODE(path.stat().st_mode) for path in directory.iterdir()}

    assert modes == {0o600}
    assert stat.S_IMODE(directory.stat().st_mode) == 0o700


def test_pollers_that_polled_longest_ago_make_room(database: Database) -> None:
    polls = SqlitePollRecords(database, max_pollers=50)
    for number in range(1000):
        polls.record(PollData(queue_name="a", worker_id=f"w{number}", last_poll_time=number))

    kept = {poll.worker_id for poll in polls.polls("a")}

    assert {f"w{number}" for number in range(950, 1000)} <= kept
    assert len(kept) <= 150


def test_too_few_descriptors_are_no_fault_of_the_request(tmp_path: Path) -> None:
    before = resource.getrlimit(resource.RLIMIT_NOFILE)
    with closing(Database(tmp_path / "test.db")) as database:
        highest = max(int(name) for name in os.listdir("/proc/self/fd"))
        resource.setrlimit(resource.RLIMIT_NOFILE, (highest + 1, before[1]))
        taken = []
        try:
            with suppress(OSError):
                while True:
                    taken.append(os.open(tmp_path, os.O_RDONLY))
            with pytest.raises(UnavailableError, match="cannot be opened"):
                database.read("SELECT 1")
        finally:
            for descriptor in taken:
                os.close(descriptor)
            resource.setrlimit(resource.RLIMIT_NOFILE, before)

        assert database.read("SELECT 1") == [(1,)]
