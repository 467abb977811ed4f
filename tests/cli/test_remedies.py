"""A command that an answer advises can be pasted, wherever the database is."""

from __future__ import annotations

import re
import shlex
from pathlib import Path

import pytest

HELD = ("hold", "c1", "--by", "eve")


@pytest.mark.parametrize(
    ("before", "asked", "done"),
    [
        (HELD, ("explain", "c1"), "c1 is released."),
        ((), ("emails", "show", "7"), ""),
        ((), ("replies", "show", "7"), ""),
        ((), ("url", "keys", "remove", "zz"), ""),
        (("settings", "unset", "transport"), ("sweep",), "transport"),
    ],
    ids=["explain", "emails", "replies", "keys", "sweep"],
)
def test_what_is_advised_can_be_pasted(run, chat, before, asked, done):
    """The database is named by `--db`, and in a folder whose name a shell would split."""
    folder = Path(chat.path).parent / "Support chats"
    folder.mkdir()
    database = f"{folder}/../chat.db"
    chat.due()
    if before:
        run(*before, db=database)
    told = run(*asked, db=database)
    advised = re.search(r"(?<=: )continuation .*?(?=\n| \()", told.err + told.out)
    assert advised, told
    program, *words = shlex.split(advised[0])
    assert (program, words[:2]) == ("continuation", ["--db", database])
    ran = run(*words, db=None)
    assert ran.code == 0, ran
    assert done in ran.err


def test_what_comes_after_init(run, tmp_path):
    database = str(tmp_path / "new.db")
    told = run("init", db=database).err
    assert f"Next: continuation --db {database} settings set from-email" in told
    again = run("init", db=database)
    assert f"up to date: continuation --db {database} db migrate" in again.err
