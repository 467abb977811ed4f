"""kill -9 at every named step of the protocol and at any moment; then a sweep, at once, by hand,
with no clean-up.

Nothing is lost and nothing is stuck. What was in doubt - at most one email a connection - may
arrive twice, byte for byte the same; with on_unknown=hold it does not, and is listed. In full
(FAULTS=full): 100 runs of 500 emails, and as many of few, which no process of its own sends.
"""

from __future__ import annotations

import random
from collections import Counter
from dataclasses import dataclass
from email import message_from_bytes
from email.policy import SMTP

import pytest
from faults.kills import ANY, LARGE, STEPS, KillingSmtp, Step, Victim
from faults.scale import FULL, scale

#: A few, which are sent by threads of the sweep, and many, which a process of its own sends.
FEW, MANY = 12, scale(120, 500)
CONNECTIONS = (4, 1, 8)
MODES = ("resend", "hold")
#: At any moment: so many runs of each mode, in which one, two or three sweeps are killed.
MOMENTS = scale(1, 23)
LATER = "450 4.2.0 later"


@dataclass(frozen=True)
class Run:
    steps: tuple[Step, ...]
    emails: int
    connections: int
    on_unknown: str
    seed: int

    @property
    def group(self) -> str:
        found = self.steps[-1].group
        return f"{found}, {len(self.steps)} sweeps in a row" if len(self.steps) > 1 else found

    @property
    def id(self) -> str:
        steps = f"{len(self.steps)} at {self.steps[-1]}"
        return f"{steps} {self.emails} {self.connections} {self.on_unknown} {self.seed}".replace(
            " ", "-"
        )


def runs() -> list[Run]:
    found = []
    for number, step in enumerate(STEPS):
        # Orphans are there only after a kill before.
        before = (Step("dot", "answered"),) if step.what == "recover" else ()
        for mode in MODES if FULL else (MODES[number % 2],):
            connections = CONNECTIONS[(number + MODES.index(mode)) % 3]
            steps = (*before, step)
            found += [Run(steps, emails, connections, mode, number) for emails in (FEW, MANY)]
    for number in range(MOMENTS):
        kills = (ANY,) * (number % 3 + 1)
        connections = CONNECTIONS[number // 3 % 3]
        for mode in MODES:
            found += [Run(kills, emails, connections, mode, number) for emails in (FEW, MANY)]
    return found


@pytest.fixture
def server():
    server = KillingSmtp()
    yield server
    server.close()


def people(chat, number: int, step: Step = ANY) -> list[str]:
    """Who is to be mailed; where the step is within a message, one of them has much to read."""
    names = [f"a{n}@example.com" for n in range(number)]
    chat.sql("BEGIN")
    for n, address in enumerate(names):
        chat.due(f"c{n}", email=address)
    if step.what == "body":
        chat.message(f"c{number // 2}", "m2", "A long story. " * (LARGE // 14), ago=9)
    chat.sql("COMMIT")
    return names


def later(chat):
    changed = "UPDATE emails SET next_attempt_at = ? WHERE next_attempt_at IS NOT NULL"
    chat.sql(changed, chat.ago(1))


def recipients(messages) -> Counter[str]:
    return Counter(message_from_bytes(message, policy=SMTP)["To"] for message in messages)


@pytest.mark.parametrize("case", runs(), ids=lambda case: case.id)
def test_killed(run, chat, server, figures, case):
    everybody = people(chat, case.emails, case.steps[-1])
    chat.set("on_unknown", case.on_unknown)
    if case.steps[-1].what == "rset":
        server.faults["rcpt"] = [LATER, None] * (case.emails // 2)
    words = ("sweep", "--transport", server.url, "--connections", str(case.connections))
    source = random.Random(case.id)
    victim = Victim(("--db", chat.path, *words), server, source, case.emails, case.connections)
    doubts: Counter[str] = Counter()
    for step in case.steps:
        victim.die(step)
        left = chat.sql("SELECT recipient FROM emails WHERE state = 'sending'")
        # At most one email a connection is in doubt, and it is known which.
        assert len(left) <= case.connections
        doubts += Counter(row["recipient"] for row in left)

    swept = run(*words)
    assert swept.code == 0, swept.err
    if case.steps[-1].what == "rset":  # the server had asked for some of them to come later
        server.faults["rcpt"] = [None]
        later(chat)
        assert run(*words).code == 0
    held = {row["to"] for row in run("emails", "list", "--state", "unknown", "--json").data}
    assert held == (set(doubts) if case.on_unknown == "hold" else set())

    arrived = recipients(server.accepted)
    lost = set(everybody) - arrived.keys() - held
    assert lost == set()
    copies = arrived - Counter(everybody)
    assert copies <= doubts
    if case.on_unknown == "hold":
        assert copies == Counter()
    # The same bytes, and with them the same Message-ID.
    different = len(set(server.accepted)) - len(arrived)
    assert different == 0

    states = Counter(row["state"] for row in chat.emails())
    assert states == Counter({"sent": case.emails - len(held), "unknown": len(held)}) - Counter()
    accepted = len(server.accepted)
    assert run(*words).code == 0
    stuck = len(server.accepted) - accepted + chat.one("SELECT count(*) FROM waiting")
    assert stuck == 0
    assert run("db", "check").code == 0
    figures(
        f"killed, {case.on_unknown}",
        case.group,
        emails=case.emails, kills=len(case.steps), lost=len(lost), stuck=stuck,
        in_doubt=sum(doubts.values()), twice=sum(copies.values()),
        other_bytes=different, held=len(held),
    )  # fmt: skip


def test_held_emails_are_a_persons_to_resolve(run, chat, server):
    """What is listed can be sent again, and then is."""
    chat.set("on_unknown", "hold")
    everybody = people(chat, FEW)
    words = ("sweep", "--transport", server.url, "--connections", "4")
    source = random.Random(1)
    Victim(("--db", chat.path, *words), server, source, FEW, 4).die(Step("dot", "dropped"))
    assert run(*words).code == 0
    held = run("emails", "list", "--state", "unknown", "--json").data
    assert held
    for row in held:
        arrived = row["to"] in recipients(server.accepted)
        words_ = ("emails", "resolve", row["id"], "--sent" if arrived else "--resend")
        assert run(*words_).code == 0
    assert run(*words).code == 0
    assert recipients(server.accepted) == Counter(everybody)
    assert {row["state"] for row in chat.emails()} == {"sent"}
