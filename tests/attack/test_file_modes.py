"""Who may read and write what the program makes, whatever the umask; and that nobody who may write
beside the database leads it, or root, elsewhere.
"""

from __future__ import annotations

import os
import stat
from pathlib import Path

import pytest

MAIL = """From: ada@example.com
To: {to}
Message-ID: <{number}@x.example>
MIME-Version: 1.0
Content-Type: multipart/mixed; boundary=b

--b

Yes, please {number}.
--b
Content-Type: text/plain
Content-Disposition: attachment; filename=a.txt

secret
--b--
"""
EVENTS = b'{"type":"nonsense"}\n'

by_root = pytest.mark.skipif(os.geteuid() != 0, reason="only root can act for others")


def modes(*places):
    """Each file and directory in these places that is open to more than its owner."""
    found = [path for place in places for path in (place, *place.rglob("*"))]
    assert found
    return {
        str(path): oct(stat.S_IMODE(path.lstat().st_mode))
        for path in found
        if not path.is_symlink() and stat.S_IMODE(path.lstat().st_mode) & 0o077
    }


@pytest.fixture
def answered(chat, run):
    """The address at which an email's customer answers; c2 is still due."""
    chat.set("inbound_domain", "reply.acme.example")
    chat.due()
    assert run("sweep").code == 0
    chat.due("c2", email="bob@example.com")
    return chat.one("SELECT reply_to FROM emails")


def everything(process, chat, answered, folder, **more):
    """Each command that writes a file."""
    for words, code in (
        (("sweep", "--preview", "--html", folder / "html"), 0),
        (("preview", "c2", "--output", folder / "preview.txt"), 0),
        (("sweep", "--transport", f"maildir:{folder / 'sent'}"), 0),
        (("demo", "--keep", folder / "demo"), 0),
    ):
        assert process(*words, **more).code == code, words
    for name, content in (("mail", MAIL.format(to=answered, number=1).encode()), ("ev", EVENTS)):
        (folder / name).write_bytes(content)
        (folder / name).chmod(0o600)
    with (folder / "mail").open("rb") as mail:
        assert process("receive", stdin=mail, **more).code == 0
    words = ("import", folder / "ev", "--rejects", folder / "rejects")
    assert process(*words, **more).code == 65
    for name in ("new", "cur", "tmp"):
        (folder / "inbox" / name).mkdir(parents=True, mode=0o700)
    (folder / "inbox").chmod(0o700)
    letter = folder / "inbox" / "new" / "1"
    letter.write_text(MAIL.format(to=answered, number=2))
    letter.chmod(0o600)
    assert process("fetch", f"maildir:{folder / 'inbox'}", **more).code == 0
    assert len(chat.sql("SELECT 1 FROM messages WHERE via = 'email'")) == 2
    assert len(chat.emails()) == 2


@pytest.fixture
def private(tmp_path):
    folder = tmp_path / "private"
    folder.mkdir(mode=0o700)
    return folder


@pytest.mark.parametrize("umask", [0o000, 0o022])
def test_what_is_made_is_for_its_owner(process, chat, answered, private, umask):
    everything(process, chat, answered, private, umask=umask)
    made = sorted(path for path in private.parent.iterdir() if path.name.startswith("chat.db"))
    names = {path.name.removeprefix("chat.db") for path in made}
    assert names >= {"", "-wal", "-shm", ".lock", ".mail"}
    assert any(name.startswith(".fetch-") for name in names)
    found = modes(private, *made)
    # The demo's sample chats are no secret, and nobody gets past the folder that they are in.
    assert {Path(path).parent for path in found} <= {private / "demo"}
    assert not {Path(path).suffix for path in found} & {".db", ".lock", ".db-wal", ".db-shm"}


@pytest.mark.parametrize("umask", [0o000, 0o022])
def test_a_new_database(process, tmp_path, umask):
    path = tmp_path / "new.db"
    # The last --db counts.
    assert process("--db", path, "init", umask=umask).code == 0
    assert process("--db", path, "channels", "add", "acme", umask=umask).code == 0
    made = [each for each in tmp_path.iterdir() if each.name.startswith("new.db")]
    assert path in made
    assert not modes(*made)


def test_where_a_group_shares_the_database_it_shares_the_rest_and_others_do_not(
    process, chat, answered, private
):
    database = Path(chat.path)
    (database.parent / "chat.db.lock").unlink()  # made while the database was its owner's
    database.chmod(0o660)
    everything(process, chat, answered, private, umask=0)
    beside = [path for path in database.parent.iterdir() if path.name.startswith("chat.db")]
    for path in [each for place in beside for each in (place, *place.rglob("*"))]:
        mode = stat.S_IMODE(path.stat().st_mode)
        assert mode & 0o007 == 0, path
        # SQLite gives its files the mode of the database when it makes them.
        if path.suffix not in (".db-wal", ".db-shm"):
            assert mode == (0o770 if path.is_dir() else 0o660), path


def test_a_file_that_was_open_to_others_is_not_afterwards(run, chat, tmp_path):
    chat.due()
    for name, words in (
        ("p", ("preview", "c1", "--output", tmp_path / "p")),
        ("r", ("import", "-", "--rejects", tmp_path / "r")),
    ):
        (tmp_path / name).touch()
        (tmp_path / name).chmod(0o666)
        run(*words, stdin=EVENTS)
        assert (tmp_path / name).stat().st_size
        assert not modes(tmp_path / name)


# --- Somebody who may write beside the database ---------------------------------------------------


@pytest.fixture
def elsewhere(tmp_path):
    """A folder that is none of the program's business."""
    folder = tmp_path / "elsewhere"
    folder.mkdir(mode=0o755)
    (folder / "precious").write_text("precious")
    return folder


def untouched(folder):
    assert [path.name for path in folder.iterdir()] == ["precious"]
    assert (folder / "precious").read_text() == "precious"
    assert stat.S_IMODE(folder.stat().st_mode) == 0o755
    assert folder.stat().st_uid == os.geteuid()


def test_the_lock_is_no_link_and_no_pipe(process, chat, elsewhere):
    """A link to nowhere would have root make a file there, and give it to the database's owner."""
    chat.due()
    lock = Path(chat.path + ".lock")
    if os.geteuid() == 0:
        os.chown(chat.path, 1234, 1234)
    for target in ("new", "precious"):
        lock.symlink_to(elsewhere / target)
        ran = process("sweep")
        assert ran.code == 75
        assert f"continuation: {lock}: " in ran.err
        untouched(elsewhere)
        lock.unlink()
    assert chat.emails() == []
    os.mkfifo(lock)
    assert process("sweep").code == 0  # a pipe can be locked as well, and is not waited for


@pytest.mark.parametrize("part", ["tmp", "raw", "files"])
def test_the_archives_folders_are_no_links(process, chat, answered, elsewhere, tmp_path, part):
    archive = Path(chat.path + ".mail")
    archive.mkdir(mode=0o700)
    (archive / part).symlink_to(elsewhere)
    mail = tmp_path / "mail"
    mail.write_text(MAIL.format(to=answered, number=1))
    ran = process("receive", mail)
    assert ran.code == 75  # the mail server keeps it
    untouched(elsewhere)
    assert not chat.sql("SELECT 1 FROM messages WHERE via = 'email'")


def test_the_archive_may_be_on_another_disk(process, chat, answered, tmp_path):
    """By a link of the database's owner, or of root."""
    disk = tmp_path / "disk"
    disk.mkdir(mode=0o700)
    Path(chat.path + ".mail").symlink_to(disk)
    mail = tmp_path / "mail"
    mail.write_text(MAIL.format(to=answered, number=1))
    assert process("receive", mail).code == 0
    assert {path.name for path in disk.iterdir()} == {"raw", "files", "tmp"}


@by_root
def test_the_archive_is_not_where_somebody_else_says(process, chat, answered, elsewhere, tmp_path):
    link = Path(chat.path + ".mail")
    link.symlink_to(elsewhere)
    os.chown(link, 1234, 1234, follow_symlinks=False)
    os.chown(chat.path, 1234, 1234)
    mail = tmp_path / "mail"
    mail.write_text(MAIL.format(to=answered, number=1))
    assert process("receive", mail).code == 75
    untouched(elsewhere)


@by_root
def test_what_root_makes_by_hand_belongs_to_the_databases_owner(process, chat, answered, tmp_path):
    os.chown(chat.path, 1234, 5678)
    Path(chat.path + ".lock").unlink()
    mail = tmp_path / "mail"
    mail.write_text(MAIL.format(to=answered, number=1))
    assert process("receive", mail).code == 0
    assert process("sweep").code == 0
    beside = [Path(chat.path + ".lock"), Path(chat.path + ".mail")]
    for path in [each for place in beside for each in (place, *place.rglob("*"))]:
        assert (path.stat().st_uid, path.stat().st_gid) == (1234, 5678), path
    assert not modes(*beside)
