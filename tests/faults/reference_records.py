"""What the reference model of the outbox keeps: emails, and chats with their texts. It imports
nothing of the program.
"""

from __future__ import annotations

from dataclasses import dataclass, field

from reference_model import Chat, Rules


@dataclass
class PostRules(Rules):
    """The settings that decide, and what happens to an email of which nobody knows."""

    on_unknown: str = "resend"


@dataclass
class Email:
    """One email: `held` are its messages with their texts as they were. `judge` is the channel by
    whose settings the attempt in hand goes: while it may be decided anew, the conversation's.
    """

    conversation: str
    channel: str
    rule: str
    recipient: str
    held: dict[str, str]
    created: int
    judge: str
    state: str = "sending"
    attempts: int = 0
    next_at: int | None = None
    in_doubt: bool = False
    doubts: set[int] = field(default_factory=set)  # the attempts of which nobody knows

    @property
    def messages(self) -> tuple[str, ...]:
        return tuple(self.held)

    @property
    def keeps_messages(self) -> bool:
        """Its messages go into no other email."""
        return self.state != "cancelled" or self.in_doubt

    @property
    def is_replaceable(self) -> bool:
        """It has certainly not left, and may never."""
        return self.state == "deferred" and not self.in_doubt


@dataclass
class Thread(Chat):
    """A conversation with its texts: the author's, and of the edits the latest."""

    texts: dict[str, str] = field(default_factory=dict)
    edits: dict[str, tuple[int, str]] = field(default_factory=dict)
    answered: set[str] = field(default_factory=set)  # seen, as a reply to their email came

    def text(self, message: str) -> str:
        return self.edits[message][1] if message in self.edits else self.texts[message]

    def is_unseen(self, message: str) -> bool:
        return any(name == message for _, _, name in self._unread())

    def waiting(self) -> list[tuple[tuple[int, int, str], str, str]]:
        return [each for each in super().waiting() if each[2] not in self.answered]

    def _unread(self) -> list[tuple[tuple[int, int, str], str, str]]:
        mailed, self.mailed = self.mailed, set()
        try:
            return self.waiting()
        finally:
            self.mailed = mailed
