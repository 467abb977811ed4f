"""Making, migrating and opening the database; what its constraints refuse; how it is searched."""

from __future__ import annotations

import os
import sqlite3
import stat
import threading
from pathlib import Path

import pytest
from builders import DAY

from continuation_cli.store import db, schema

# --- Making it ---------------------------------------------------------------------------------


@pytest.fixture
def path(tmp_path):
    return str(tmp_path / "chat.db")


@pytest.fixture
def made(path):
    schema.create(path, DAY)
    return path


def test_only_its_owner_can_read_it_whatever_the_umask(path):
    before = os.umask(0)
    try:
        schema.create(path, DAY)
        connection = db.connect(path)
        with db.writing(connection):
            connection.execute("INSERT INTO channels (id) VALUES ('acme')")
        # The write-ahead log holds the same secrets.
        modes = {
            name: stat.S_IMODE(Path(path + name).stat().st_mode) for name in ("", "-wal", "-shm")
        }
        connection.close()
    finally:
        os.umask(before)
    assert modes == dict.fromkeys(("", "-wal", "-shm"), 0o600)


def test_a_file_that_is_there_is_left_alone(path):
    Path(path).write_text("precious")
    with pytest.raises(FileExistsError):
        schema.create(path, DAY)
    assert Path(path).read_text() == "precious"


def test_what_could_not_be_made_whole_is_not_left_behind(path, monkeypatch):
    monkeypatch.setattr(schema.secrets, "token_bytes", lambda length: b"short")
    with pytest.raises(sqlite3.IntegrityError, match="at least 32 bytes"):
        schema.create(path, DAY)
    assert not Path(path).exists()


def test_a_new_database_has_a_key_and_the_durability_that_the_outbox_needs(made):
    connection = db.connect(made)
    (secret,) = connection.execute("SELECT secret FROM keys").fetchone()
    assert len(secret) == 32
    settings = [connection.execute(f"PRAGMA {name}").fetchone()[0]
                for name in ("journal_mode", "synchronous", "foreign_keys")]  # fmt: skip
    assert settings == ["wal", 2, 1]
    connection.close()


def test_two_databases_have_different_keys(tmp_path):
    secrets = set()
    for name in ("one", "two"):
        schema.create(str(tmp_path / name), DAY)
        connection = db.connect(str(tmp_path / name))
        secrets |= {tuple(row) for row in connection.execute("SELECT kid, secret FROM keys")}
        connection.close()
    assert len(secrets) == 2


# --- Migrating ---------------------------------------------------------------------------------


def dump(path):
    connection = sqlite3.connect(path)
    found = connection.execute("SELECT type, name, sql FROM sqlite_schema ORDER BY name").fetchall()
    version = connection.execute("PRAGMA user_version").fetchone()
    connection.close()
    return found, version


def test_migrating_again_does_nothing(made):
    before = dump(made)
    assert schema.migrate(made) == []
    assert dump(made) == before


def empty(path, application=db.APPLICATION_ID):
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE something (x)")
    connection.execute("DROP TABLE something")
    connection.execute(f"PRAGMA application_id = {application}")
    connection.commit()
    connection.close()


def test_from_nothing_step_by_step_to_the_same_schema(path, made, tmp_path):
    old = str(tmp_path / "old.db")
    empty(old)
    names = schema.migrate(old)
    assert names == sorted(names)
    assert len(names) == db.SCHEMA_VERSION
    assert dump(old) == dump(made)


def test_a_migration_that_fails_leaves_the_step_before(path, tmp_path, monkeypatch):
    empty(path)
    steps = schema.migrations._migrations

    def broken(database):
        database.conn.execute("CREATE TABLE half_done (x)")
        database.conn.execute("CREATE TABLE half_done (x)")

    monkeypatch.setattr(steps[2], "fn", broken)
    with pytest.raises(sqlite3.OperationalError, match="half_done"):
        schema.migrate(path)
    assert dump(path)[1] == (2,)
    assert not any(name == "half_done" for _, name, _ in dump(path)[0])
    monkeypatch.undo()
    assert len(schema.migrate(path)) == db.SCHEMA_VERSION - 2


# --- Opening it --------------------------------------------------------------------------------


def set_version(path, version):
    connection = sqlite3.connect(path)
    connection.execute(f"PRAGMA user_version = {version}")
    connection.close()


@pytest.mark.parametrize("write", [True, False])
def test_a_missing_file_is_not_made(path, write):
    with pytest.raises(db.MissingError, match=r"there is no database at .*chat\.db; make one with"):
        db.connect(path, write=write)
    assert not Path(path).exists()


@pytest.mark.parametrize("write", [True, False])
def test_a_newer_schema_is_left_alone(made, write):
    set_version(made, db.SCHEMA_VERSION + 1)
    with pytest.raises(db.SchemaError, match=r"newer than this program's .*install the newer"):
        db.connect(made, write=write)
    with pytest.raises(db.SchemaError, match="newer"):
        schema.migrate(made)


def test_an_older_schema_says_how_to_migrate(made):
    set_version(made, db.SCHEMA_VERSION - 1)
    with pytest.raises(db.SchemaError, match=r"older than .* run: .* db migrate"):
        db.connect(made)


@pytest.mark.parametrize("content", [b"", b"this is text, and not a database at all" * 20])
def test_something_else_is_no_database(path, content):
    Path(path).write_bytes(content)
    for use in (db.connect, schema.migrate):
        with pytest.raises(db.NotADatabaseError, match=r"chat\.db is"):
            use(path)


def test_somebody_elses_database_is_left_alone(path):
    empty(path, application=0)
    for use in (db.connect, schema.migrate):
        with pytest.raises(db.NotADatabaseError, match="not one of continuation's"):
            use(path)
    assert dump(path) == ([], (0,))


def test_a_directory_is_no_database(tmp_path):
    with pytest.raises(db.StoreError):
        db.connect(str(tmp_path))


def test_a_damaged_database(made):
    content = Path(made).read_bytes()
    Path(made).write_bytes(content[:100] + b"\xff" * 4000 + content[4100:])
    with pytest.raises(db.NotADatabaseError, match="not a usable SQLite database"):
        db.connect(made).close()


def test_a_write_to_what_was_opened_for_reading(made):
    connection = db.connect(made, write=False)
    with pytest.raises(db.ReadOnlyError, match="read-only"), db.translated(made):
        connection.execute("INSERT INTO channels (id) VALUES ('x')")
    connection.close()


@pytest.mark.skipif(os.geteuid() == 0, reason="root may write anywhere")
def test_a_read_only_file(made):
    Path(made).chmod(0o400)
    with pytest.raises(db.ReadOnlyError, match="read-only"):
        db.connect(made)


def test_a_locked_database_is_busy(made, monkeypatch):
    monkeypatch.setattr(db, "BUSY_TIMEOUT", 0.05)
    other = db.connect(made)
    other.execute("BEGIN IMMEDIATE")
    connection = db.connect(made)
    with pytest.raises(db.BusyError, match="locked"), db.translated(made), db.writing(connection):
        pytest.fail("two writers at once")
    # Readers go on (WAL).
    reader = db.connect(made, write=False)
    assert reader.execute("SELECT count(*) FROM channels").fetchone()[0] == 0
    for one in (other, connection, reader):
        one.close()


def test_an_exclusively_locked_database_is_busy(made, monkeypatch):
    monkeypatch.setattr(db, "BUSY_TIMEOUT", 0.05)
    other = sqlite3.connect(made, isolation_level=None)
    other.execute("PRAGMA journal_mode = DELETE")
    other.execute("BEGIN EXCLUSIVE")
    with pytest.raises(db.BusyError):
        db.connect(made)
    other.close()


@pytest.mark.parametrize("name", ["a b?c#d%20e.db", "naïve—名.db"])
def test_odd_paths(tmp_path, name):
    odd = str(tmp_path / name)
    schema.create(odd, DAY)
    db.connect(odd).close()
    assert [file.name for file in tmp_path.iterdir()] == [name]


# --- Transactions ------------------------------------------------------------------------------


def test_a_transaction_that_raises_writes_nothing(made):
    connection = db.connect(made)

    def write_half():
        with db.writing(connection):
            connection.execute("INSERT INTO channels (id) VALUES ('x')")
            raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        write_half()
    assert connection.execute("SELECT count(*) FROM channels").fetchone()[0] == 0
    assert not connection.in_transaction
    connection.close()


def test_a_read_sees_one_state(made):
    reader, writer = db.connect(made, write=False), db.connect(made)
    with db.reading(reader):
        assert reader.execute("SELECT count(*) FROM channels").fetchone()[0] == 0
        writer.execute("INSERT INTO channels (id) VALUES ('x')")
        assert reader.execute("SELECT count(*) FROM channels").fetchone()[0] == 0
    assert reader.execute("SELECT count(*) FROM channels").fetchone()[0] == 1
    reader.close()
    writer.close()


def test_a_writer_waits_for_the_other(made):
    first, second = db.connect(made), db.connect(made)
    entered = threading.Event()

    def write():
        entered.set()
        with db.writing(second):
            second.execute("INSERT INTO channels (id) VALUES ('second')")

    with db.writing(first):
        thread = threading.Thread(target=write)
        thread.start()
        entered.wait()
        first.execute("INSERT INTO channels (id) VALUES ('first')")
    thread.join()
    assert first.execute("SELECT count(*) FROM channels").fetchone()[0] == 2
    first.close()
    second.close()


def test_the_data_version_tells_of_others_only(made):
    ours, other = db.connect(made), db.connect(made)
    before = db.data_version(ours)
    ours.execute("INSERT INTO channels (id) VALUES ('x')")
    assert db.data_version(ours) == before
    other.execute("INSERT INTO channels (id) VALUES ('y')")
    assert db.data_version(ours) != before
    ours.close()
    other.close()
