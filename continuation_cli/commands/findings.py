"""What `doctor` finds, and how it is told to mend it."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, NamedTuple

from continuation_cli.commands.context import command_line

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime


class Finding(NamedTuple):
    """The result of one check. `remedy` is a command to copy; `channel` is None where it is not
    about one. `code` is the exit code that a problem calls for."""

    check: str
    state: Literal["ok", "warning", "problem"]
    detail: str
    remedy: str | None = None
    channel: str | None = None
    code: int = 0


def ok(check: str, detail: str, channel: str | None = None) -> Finding:
    """All is well."""
    return Finding(check, "ok", detail, channel=channel)


def warning(
    check: str, detail: str, remedy: str | None = None, channel: str | None = None
) -> Finding:
    """Mail leaves all the same, but somebody should know."""
    return Finding(check, "warning", detail, remedy, channel)


def problem(
    check: str,
    detail: str,
    remedy: str | None = None,
    channel: str | None = None,
    code: int = os.EX_CONFIG,
) -> Finding:
    """Mail does not leave, or replies do not come back, until this is mended."""
    return Finding(check, "problem", detail, remedy, channel, code)


@dataclass(frozen=True, slots=True)
class Setup:
    """What is examined. `offline`: leave out what needs a network."""

    database: str
    now: datetime
    channel: str | None = None
    transport: str | None = None
    templates: str | None = None
    mailboxes: Sequence[str] = ()
    offline: bool = False
    environ: Mapping[str, str] = field(default_factory=lambda: os.environ)

    def command(self, *words: str) -> str:
        """A command on this database, as a person can paste it into this shell."""
        return command_line(self.database, self.environ, *words)

    def setting(self, key: str, value: str, channel: str | None) -> str:
        """The command that sets a setting, of one channel if there is one."""
        of = ["--channel", channel] if channel else []
        return self.command("settings", "set", key, value, *of)

    def crontab(self, *words: str) -> str:
        """The command that adds a line to the crontab, and keeps what is in it."""
        return f"(crontab -l; {self.command('schedule', 'cron', *words)}) | crontab -"


def several(number: int, what: str) -> str:
    """`1 email`, `3 emails`, `2 replies`."""
    if number == 1:
        return f"1 {what}"
    return f"{number:,} {what[:-1] + 'ies' if what.endswith('ly') else what + 's'}"
