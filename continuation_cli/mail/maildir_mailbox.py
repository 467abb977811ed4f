"""Mail that waits in a Maildir on this machine (https://cr.yp.to/proto/maildir.html), where mail
servers and people may be at work at the same time; its folders are those of Maildir++
(https://www.inter7.com/courierimap/README.maildirquota.html): directories whose names begin with a
dot.
"""

from __future__ import annotations

import io
import os
import re
from base64 import b64encode
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO, Self

from continuation_cli.mail.mailbox import (
    HEAD,
    MAILDIR_EXAMPLE,
    PROCESSED,
    Disposal,
    MailboxUnavailable,
    MailStays,
    MailVanished,
    check_folder,
)
from continuation_cli.mail.transport import Misconfigured, reason

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from types import TracebackType

_PARTS = ("tmp", "new", "cur")
#: What separates a mail's name from its flags.
_INFO = ":2,"


class MaildirMailbox:
    """A Maildir. Mail is known by the part of its name that stays when its flags change."""

    def __init__(self, path: str, disposal: Disposal) -> None:
        """Raises Misconfigured if no Maildir is there, or none can be moved to."""
        self._directory = Path(path).absolute()
        self._disposal = disposal
        try:
            missing = [name for name in ("new", "cur") if not (self._directory / name).is_dir()]
        except OSError as error:  # a name that is too long, or a directory closed to this user
            raise Misconfigured(f"'maildir:{path}': {reason(error)}") from None
        if missing:
            raise Misconfigured(
                f"'maildir:{path}' is no Maildir, as there is no directory {missing[0]} in it; "
                f"expected one like {MAILDIR_EXAMPLE}"
            )
        self._target = self._choose_target()
        self._paths: dict[str, Path] = {}

    def __repr__(self) -> str:
        return f"MaildirMailbox({str(self._directory)!r})"

    @property
    def name(self) -> str:
        """See `Mailbox.name`."""
        return f"maildir:{_text(str(self._directory.resolve()))}"

    def _choose_target(self) -> Path:
        """A folder of the same Maildir++."""
        here = self._directory
        is_folder = here.name.startswith(".") and (here.parent / "cur").is_dir()
        root = here.parent if is_folder else here
        if self._disposal.folder is None:
            level = here.name.rpartition(".")[0] if is_folder else ""
            return root / f"{level}.{PROCESSED}"
        name = check_folder(self._disposal.folder)
        folder = name.replace("/", ".")
        if "" in folder.split("."):
            raise Misconfigured(
                f"{name!r} is not the name of a folder of a Maildir; expected one like {PROCESSED}"
            )
        target = root / f".{_encoded(folder)}"
        if target == here:
            raise Misconfigured(
                f"mail that is done cannot be moved to {name!r}, where it is already; expected "
                f"another folder, such as {PROCESSED}"
            )
        return target

    def __enter__(self) -> Self:
        for name in ("new", "cur"):
            if not os.access(self._directory / name, os.R_OK | os.W_OK | os.X_OK):
                raise Misconfigured(
                    f"{self._directory / name} cannot be read and written by this user, so that "
                    "mail in it can never be done"
                )
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        trace: TracebackType | None,
    ) -> None:
        self._paths.clear()

    # --- Reading ------------------------------------------------------------------------------

    def keys(self) -> list[str]:
        """See `Mailbox.keys`; what is marked as trashed is as good as gone."""
        passed_over = "T" if self._disposal.how != "mark_seen" else "TS"
        self._look()
        return [
            key
            for key, path in sorted(self._paths.items())
            if not set(passed_over).intersection(_flags(path.name))
        ]

    def _look(self) -> None:
        """Where every mail is now. `cur` last: mail moves from `new` to `cur`, never back. Only
        regular files are mail."""
        found = {}
        try:
            for name in ("new", "cur"):
                with os.scandir(self._directory / name) as entries:
                    for entry in entries:
                        if not entry.name.startswith(".") and entry.is_file(follow_symlinks=False):
                            found[_text(_base(entry.name))] = Path(entry.path)
        except OSError as error:
            raise MailboxUnavailable(f"{self._directory}: {reason(error)}") from error
        self._paths = found

    def mails(self, keys: Iterable[str]) -> Iterator[MaildirMail]:
        """See `Mailbox.mails`. The head of one that cannot be read is empty."""
        for key in keys:
            try:
                with self.open(key) as stream:
                    head = stream.read(HEAD)
            except MailVanished:
                continue
            except MailStays:
                head = b""
            yield MaildirMail(self, key, head)

    def _places(self, key: str) -> Iterator[Path]:
        """Where a mail was last seen and, if it is no longer there, where it is now."""
        if key in self._paths:
            yield self._paths[key]
        self._look()
        if key in self._paths:
            yield self._paths[key]

    def open(self, key: str) -> BinaryIO:
        """For MaildirMail."""
        for path in self._places(key):
            try:
                # It may be somebody else's directory by now: no link, no pipe that would block.
                flags = os.O_RDONLY | os.O_CLOEXEC | os.O_NOFOLLOW | os.O_NONBLOCK
                return _File(os.open(path, flags), path)
            except FileNotFoundError:
                continue
            except OSError as error:
                raise MailStays(f"{path}: {reason(error)}") from error
        raise MailVanished(f"{key} is no longer in {self._directory}")

    # --- Putting away -------------------------------------------------------------------------

    def put_away(self, key: str) -> None:
        """For MaildirMail. A rename or nothing: no mail is ever in two places, or in none."""
        for path in self._places(key):
            try:
                self._dispose(path)
            except FileNotFoundError:
                continue
            except OSError as error:
                raise MailStays(f"{path}: {reason(error)}") from error
            return

    def _dispose(self, path: Path) -> None:
        flags = "".join(sorted({*_flags(path.name), "S"}))
        name = f"{_base(path.name)}{_INFO}{flags}"
        match self._disposal.how:
            case "mark_seen":
                path.rename(self._directory / "cur" / name)
            case "delete":
                path.unlink()
            case "move":
                try:
                    path.rename(self._target / "cur" / name)
                except FileNotFoundError:
                    if not path.exists():
                        raise
                    self._make_target()
                    path.rename(self._target / "cur" / name)

    def _make_target(self) -> None:
        """The folder as the Maildir's owner would make it, whoever runs this."""
        owner = self._directory.stat()
        for directory in (self._target, *(self._target / part for part in _PARTS)):
            with suppress(FileExistsError):
                directory.mkdir()
                _give(directory, owner, owner.st_mode & 0o7777)
        mark = self._target / "maildirfolder"
        with suppress(FileExistsError):
            os.close(os.open(mark, os.O_WRONLY | os.O_CREAT | os.O_EXCL | os.O_CLOEXEC, 0o600))
            _give(mark, owner, owner.st_mode & 0o666)


@dataclass(frozen=True, slots=True)
class MaildirMail:
    """One mail; see `Mail`."""

    mailbox: MaildirMailbox
    key: str
    head: bytes

    def open(self) -> BinaryIO:
        return self.mailbox.open(self.key)

    def done(self) -> None:
        self.mailbox.put_away(self.key)


class _File(io.BufferedReader):
    """A mail's file; what the disk has against it is said of this mail."""

    def __init__(self, descriptor: int, path: Path) -> None:
        super().__init__(io.FileIO(descriptor, "rb"))
        self._path = path

    def read(self, size: int | None = -1, /) -> bytes:
        try:
            return super().read(size)
        except OSError as error:
            raise MailStays(f"{self._path}: {reason(error)}") from error


def _encoded(folder: str) -> str:
    """A folder's name on the disk: as in IMAP, modified UTF-7 (RFC 3501, section 5.1.3)."""

    def shifted(match: re.Match[str]) -> str:
        if match[0] == "&":
            return "&-"
        encoded = b64encode(match[0].encode("utf-16-be")).decode()
        return f"&{encoded.rstrip('=').replace('/', ',')}-"

    return re.sub(r"[^ -~]+|&", shifted, folder)


def _base(name: str) -> str:
    return name.partition(":")[0]


def _text(name: str) -> str:
    """A name that may be no text as one that certainly is."""
    return name.encode("utf-8", "backslashreplace").decode()


def _flags(name: str) -> str:
    return name.partition(_INFO)[2]


def _give(path: Path, owner: os.stat_result, mode: int) -> None:
    with suppress(PermissionError):
        path.chmod(mode)
        os.chown(path, owner.st_uid, owner.st_gid)
