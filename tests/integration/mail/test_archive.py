"""The archive: what is kept survives a loss of power, is its owner's only, and no stranger names a
file in it.
"""

from __future__ import annotations

import hashlib
import io
import os
import stat
from pathlib import Path

import pytest

from continuation_cli.mail.archive import Archive

DAY = 86_400


@pytest.fixture
def database(tmp_path):
    path = tmp_path / "chat.db"
    path.write_bytes(b"")
    return str(path)


@pytest.fixture
def archive(database):
    return Archive(database)


def digest(octets: bytes) -> str:
    return hashlib.sha256(octets).hexdigest()


def names(root: Path) -> set[str]:
    return {str(path.relative_to(root)) for path in root.rglob("*") if path.is_file()}


@pytest.fixture
def root(database):
    return Path(database + ".mail")


# --- Keeping --------------------------------------------------------------------------------------


def test_a_file_is_named_by_what_it_holds(archive, root):
    assert archive.keep(b"one", "raw") == digest(b"one")
    assert archive.keep(b"one", "files") == digest(b"one")
    assert archive.keep(b"", "raw") == digest(b"")
    assert names(root) == {f"raw/{digest(b'one')}", f"files/{digest(b'one')}", f"raw/{digest(b'')}"}
    assert archive.read("raw", digest(b"one")) == b"one"
    assert archive.read("raw", digest(b"one"), 2) == b"on"
    with pytest.raises(FileNotFoundError):
        archive.read("files", digest(b""))


def test_twice_the_same_is_one_file(archive, root):
    archive.keep(b"one", "raw")
    before = archive.path("raw", digest(b"one")).stat().st_ino
    archive.keep(b"one", "raw")
    kept = archive.keep_stream(io.BytesIO(b"one"), "raw", 10)
    assert kept == (digest(b"one"), 3, b"one")
    assert archive.path("raw", digest(b"one")).stat().st_ino == before
    assert names(root) == {f"raw/{digest(b'one')}"}


@pytest.mark.parametrize("size", [0, 1, (1 << 20) - 1, 1 << 20, 3_000_000])
def test_a_stream_is_kept_whole_and_its_head_returned(archive, size):
    octets = os.urandom(size)
    kept = archive.keep_stream(io.BytesIO(octets), "raw", 1_500_000)
    assert kept == (digest(octets), size, octets[:1_500_000])
    assert archive.read("raw", kept.digest) == octets


class Broken(io.BytesIO):
    def read(self, size=-1):
        return super().read(5) or self.fail()

    def fail(self):
        raise OSError(5, "Input/output error")


def test_a_stream_that_breaks_leaves_nothing(archive, root):
    with pytest.raises(OSError, match="Input/output"):
        archive.keep_stream(Broken(b"half a message"), "raw", 10)
    assert names(root) == set()


@pytest.mark.parametrize("mask", [0, 0o022, 0o077])
def test_it_is_for_its_owner_only(archive, root, mask):
    before = os.umask(mask)
    try:
        archive.keep(b"one", "raw")
        archive.keep_stream(io.BytesIO(b"two"), "files", 1)
    finally:
        os.umask(before)
    for path in (root, *root.rglob("*")):
        assert stat.S_IMODE(path.stat().st_mode) == (0o700 if path.is_dir() else 0o600)


def test_a_group_that_may_write_the_database_may_read_it(archive, root, database):
    Path(database).chmod(0o660)
    archive.keep(b"one", "raw")
    for path in (root, *root.rglob("*")):
        assert stat.S_IMODE(path.stat().st_mode) == (0o770 if path.is_dir() else 0o660)
        assert path.stat().st_gid == Path(database).stat().st_gid


@pytest.mark.skipif(os.geteuid() != 0, reason="only root makes files for others")
def test_what_root_keeps_belongs_to_the_databases_owner(archive, root, database):
    os.chown(database, 1234, 5678)
    archive.keep(b"one", "raw")
    for path in (root, *root.rglob("*")):
        assert (path.stat().st_uid, path.stat().st_gid) == (1234, 5678)


def test_it_stands_beside_the_database_itself(tmp_path, database):
    link = tmp_path / "elsewhere" / "link.db"
    link.parent.mkdir()
    link.symlink_to(database)
    Archive(str(link)).keep(b"one", "raw")
    assert Path(database + ".mail").is_dir()
    assert [path.name for path in link.parent.iterdir()] == ["link.db"]


# --- Power ----------------------------------------------------------------------------------------


@pytest.fixture
def calls(monkeypatch):
    """What reaches the disk, in order, by the names of files and directories."""
    seen = []

    def path_of(descriptor):
        return Path(f"/proc/self/fd/{descriptor}").readlink().name

    usual = {name: getattr(os, name) for name in ("fsync", "replace", "mkdir")}

    def fsync(descriptor):
        seen.append(("sync", path_of(descriptor)))
        usual["fsync"](descriptor)

    def replace(source, target, **more):
        seen.append(("name", Path(target).name))
        usual["replace"](source, target, **more)

    def mkdir(path, *args, **more):
        usual["mkdir"](path, *args, **more)
        seen.append(("make", Path(path).name))

    monkeypatch.setattr(os, "fsync", fsync)
    monkeypatch.setattr(os, "replace", replace)
    monkeypatch.setattr(os, "mkdir", mkdir)
    return seen


def test_the_order_in_which_things_reach_the_disk(archive, calls, tmp_path):
    """The content before the name, the name before we say that it is kept; so for directories."""
    name = archive.keep(b"one", "raw")
    made = [entry for entry in calls if entry[0] == "make"]
    assert made == [("make", "chat.db.mail"), ("make", "tmp"), ("make", "raw")]
    above = {"chat.db.mail": tmp_path.name, "tmp": "chat.db.mail", "raw": "chat.db.mail"}
    for entry in made:
        assert ("sync", above[entry[1]]) in calls[calls.index(entry) :]
    named = calls.index(("name", name))
    assert calls[named - 1][0] == "sync" or calls[named - 2][0] == "sync"
    contents = [what for kind, what in calls[:named] if kind == "sync"]
    assert any(len(what) == 32 for what in contents)  # the file, by its name in tmp
    assert calls[-1] == ("sync", "raw")


def test_what_was_there_already_is_made_durable_again(database, calls):
    """Whoever wrote it may have been killed between the name and the directory's fsync."""
    Archive(database).keep(b"one", "raw")
    del calls[:]
    Archive(database).keep(b"one", "raw")
    assert calls[-1] == ("sync", "raw")
    Archive(database).keep_stream(io.BytesIO(b"one"), "raw", 1)
    assert calls[-1] == ("sync", "raw")


def test_many_may_be_made_durable_at_once(archive, calls):
    names = [archive.keep_stream(io.BytesIO(b"%d" % n), "raw", 1, durable=False).digest
             for n in range(3)]  # fmt: skip
    assert {what for kind, what in calls if kind == "sync"}.isdisjoint({*names, "raw"})
    del calls[:]
    archive.sync()
    assert calls[:3] == [("sync", name) for name in names]
    assert ("sync", "raw") in calls[3:]
    del calls[:]
    archive.sync()
    assert {what for _, what in calls} == {"chat.db.mail", "tmp", "raw"}


@pytest.mark.parametrize("left", [b"", b"on", b"\0\0\0", b"one more"])
def test_what_a_loss_of_power_has_spoilt_is_written_anew(archive, left):
    """A file can have its name, but not all of its content."""
    name = archive.keep(b"one", "raw")
    archive.path("raw", name).write_bytes(left)
    assert archive.keep_stream(io.BytesIO(b"one"), "raw", 1).digest == name
    assert archive.read("raw", name) == b"one"


def test_what_may_not_be_durable_yet_is_made_so(database, calls):
    Archive(database).keep_stream(io.BytesIO(b"one"), "raw", 1, durable=False)
    del calls[:]
    name = Archive(database).keep(b"one", "raw")
    assert calls[-2:] == [("sync", name), ("sync", "raw")]


# --- Removing -------------------------------------------------------------------------------------


def aged(path: Path, days: float = 2) -> Path:
    then = path.stat().st_mtime - days * DAY
    os.utime(path, (then, then))
    return path


def test_what_nothing_names_is_removed_after_a_day(archive, root):
    used, unused = archive.keep(b"used", "raw"), archive.keep(b"unused", "raw")
    files = [archive.keep(octets, "files") for octets in (b"used", b"unused")]
    new = archive.keep(b"new", "raw")
    (root / "tmp" / "left").write_bytes(b"half")
    (root / "tmp" / "being-written").write_bytes(b"half")
    for path in (
        archive.path("raw", used), archive.path("raw", unused), root / "tmp" / "left",
        *(archive.path("files", each) for each in files),
    ):  # fmt: skip
        aged(path)
    assert archive.remove_unused(lambda name: name == digest(b"used")) == 3
    assert names(root) == {
        f"raw/{used}", f"raw/{new}", f"files/{files[0]}", "tmp/being-written"
    }  # fmt: skip
    assert archive.remove_unused(lambda _: True) == 0


def test_what_is_kept_again_counts_as_new(archive):
    name = archive.keep(b"one", "raw")
    aged(archive.path("raw", name))
    archive.keep(b"one", "raw")
    assert archive.remove_unused(lambda _: False) == 0
    assert archive.read("raw", name) == b"one"


def test_what_is_kept_again_while_it_is_being_removed_stays(archive, database):
    """Between the question whether it is used and its removal."""
    name = archive.keep(b"one", "raw")
    aged(archive.path("raw", name))

    def meanwhile(_name):
        Archive(database).keep(b"one", "raw")
        return False

    assert archive.remove_unused(meanwhile) == 0
    assert archive.read("raw", name) == b"one"


def test_there_may_be_nothing_to_remove(archive, root):
    assert archive.remove_unused(lambda _: False) == 0
    assert not root.exists()


# --- Strangers ------------------------------------------------------------------------------------


def test_no_descriptor_is_left_open(database):
    before = len(list(Path("/proc/self/fd").iterdir()))
    for n in range(20):
        Archive(database).keep_stream(io.BytesIO(b"%d" % n), "raw", 1, durable=n % 2 == 0)
    assert len(list(Path("/proc/self/fd").iterdir())) == before


@pytest.mark.parametrize("error", [PermissionError, OSError])
def test_a_disk_that_refuses_is_an_error_and_no_file(archive, root, monkeypatch, error):
    def refuse(*_args, **_more):
        raise error(13, "refused")

    with monkeypatch.context() as patch:
        patch.setattr(os, "fsync", refuse)
        with pytest.raises(OSError, match="refused"):
            archive.keep(b"one", "raw")
    assert names(root) == set()
    assert archive.keep(b"one", "raw") == digest(b"one")
