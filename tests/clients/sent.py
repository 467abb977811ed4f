"""Our email, really composed, and the reply that a customer writes to it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from functools import lru_cache
from html import escape, unescape
from typing import TYPE_CHECKING

from clients.languages import TALKS, Talk
from clients.rewriting import keep, rewritten
from emails import MESSAGE_ID, REOPEN, TEMPLATES, TOKEN, draft, said

from continuation_cli.core.compose import compose
from continuation_cli.core.model import Attachment
from continuation_cli.core.phrases import BY_LANGUAGE

if TYPE_CHECKING:
    from continuation_cli.core.compose import Composed

CUSTOMER = "Ada Lovelace"
ADDRESS = "ada@example.com"


@dataclass(frozen=True)
class Sent:
    """One email of ours, as the customer's client sees it."""

    composed: Composed
    talk: Talk
    #: Who it is from, as the client shows it.
    name: str
    #: The messages that it holds, as they were written.
    texts: tuple[str, ...]
    naked: bool = False
    email: str = "support@acme.example"

    @property
    def subject(self) -> str:
        return self.composed.subject

    @property
    def body(self) -> str:
        """What is within the body of the HTML part, as far as it gets there."""
        html = re.search("(?s)<body[^>]*>\n(.*)</body>", self.composed.html)[1]
        return re.sub(' (?!href|src)[a-z-]+="[^"]*"', "", html) if self.naked else html

    @property
    def secrets(self) -> tuple[str, ...]:
        """What no reply may carry into the chat."""
        token = REOPEN.partition("continue_token=")[2]
        return (TOKEN, "continue_token", token, "unsubscribe+", "reply.acme.example")

    @property
    def lines(self) -> tuple[str, ...]:
        """The lines of the text part that the customer is most unlikely to write."""
        return tuple(line for line in self.composed.text.splitlines() if len(line) > 24)


@lru_cache
def sent(language: str, form: str = "plain") -> Sent:
    """The email in that language, where we have it, with a recap. `form`: also with markup and
    attachments, as long as a busy day, or naked, nothing left of the tags but what they are.
    """
    talk = TALKS[language]
    question = "\n".join(talk.questions)
    messages = [said("+1 9:14", "agent", question, talk.agent)]
    recap = [
        said("+1 9:00", "customer", "Hi! Do you ship to Norway?"),
        said("+1 9:01", "bot", "Thanks! A colleague will be with you shortly.", "Acme Bot"),
        said("+1 9:02", "agent", "Hello Ada, let me look that up for you.", talk.agent),
    ]
    if form == "markup":
        markup = (
            "**The lamp**, see <https://acme.example/lamp>:\n\n- 49 € each\n- two in stock\n\n"
            "> I would need it before Friday.\n\n" + "  \n".join(talk.questions)
        )
        file = Attachment("invoice.pdf", "https://files.acme.example/i/8837", 24_300)
        messages = [
            said("+1 9:10", "agent", markup, talk.agent, format="markdown", attachments=(file,)),
            said("+1 9:12", "agent", "On Friday you wrote: it should be here.", "Bob"),
        ]
    if form == "long":
        long = "We have had a look at the order that you placed in January, and can now say more. "
        messages[:0] = [said(f"+1 8:{n}", "agent", long * 4, "Bob") for n in range(10, 20)]
    composed = compose(
        draft(
            *messages,
            recap=tuple(recap),
            conversation={"locale": language, "name": CUSTOMER},
            settings={"brand_logo_url": "https://www.acme.example/logo.png"}
            if form != "plain"
            else {},
        ),
        TEMPLATES,
    )
    words = BY_LANGUAGE.get(language, BY_LANGUAGE["en"])
    agents = {m.name for m in messages}
    name = words.from_agent.format(agent=talk.agent, brand="Acme") if len(agents) == 1 else "Acme"
    return Sent(composed, talk, name, tuple(m.text for m in messages), form == "naked")


@dataclass(frozen=True)
class Reply:
    """What the customer wrote, and how their client is set.

    `style` is where they write: top, bottom or inline, the answers between the quoted lines and
    `answer`, if `closing`, below all of them.
    `parts` is what the client sends: both, plain or html.
    """

    sent: Sent
    answer: str
    language: str = "en"
    style: str = "top"
    parts: str = "both"
    charset: str = "utf-8"
    encoding: str = "quoted-printable"
    signature: str = ""
    footer: bool = False
    disclaimer: str = ""
    attachment: bool = False
    closing: bool = False
    #: Other answers to the questions, the later ones perhaps not at all; and what is said first.
    answers: tuple[str, ...] = ()
    opening: str = ""
    #: Whether the answers stand between the lines of an email that nothing marks as quoted.
    within: bool = False
    #: No blank lines around answers within the quote.
    tight: bool = False
    #: Another line above the quote than the client's in that language.
    line: str = ""
    #: A client that makes a list of lines with dashes.
    rich: bool = False

    def __post_init__(self) -> None:
        if self.style == "inline" and not self.closing:
            object.__setattr__(self, "answer", "")

    @property
    def inline(self) -> dict[str, str]:
        """Each question that is answered below it, with its answer."""
        if self.style != "inline" and not self.within:
            return {}
        answers = self.answers or self.sent.talk.answers
        return dict(zip(self.sent.talk.questions, answers, strict=False))

    @property
    def between(self) -> dict[str, str]:
        """The same with the blank lines that people leave around their answers in plain text."""
        return {q: a if self.tight else f"\n{a}\n" for q, a in self.inline.items()}

    @property
    def body(self) -> str:
        """Our HTML, with what is written between its lines."""
        inserted = {}
        if self.within:
            inserted = {q: f"<div>{escape(a)}</div>" for q, a in self.inline.items()}
        return rewritten(self.sent.body, keep, inserted)

    @property
    def wanted(self) -> str:
        """What is to be posted into the chat."""
        if self.inline:
            answered = [f"> {asked}\n{answer}" for asked, answer in self.inline.items()]
            above, below = (self.answer, "") if self.within else (self.opening, self.answer)
            return "\n".join([above, *answered, below])
        return self.answer

    def attribution(self, wording: dict[str, str]) -> str:
        """The client's line above the quote, in the customer's language if it knows that."""
        line = self.line or wording.get(self.language) or wording["en"]
        return line.format(name=self.sent.name, email=self.sent.email)


def plain(html: str) -> str:
    """A line of HTML as the text that it shows."""
    return unescape(re.sub("<[^>]*>", "", html))


__all__ = ["ADDRESS", "CUSTOMER", "MESSAGE_ID", "Reply", "Sent", "plain", "sent"]
