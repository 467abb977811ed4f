"""Guessed, wrong and foreign tokens in the addresses for replies."""

from __future__ import annotations

import collections
import itertools
import random
import string

import pytest


@pytest.fixture
def emailed(run, chat):
    """Three customers got an email each; the tokens of their addresses, by conversation."""
    chat.set("inbound_domain", "reply.acme.example")
    for name, address in (("c1", "ada"), ("c2", "bob"), ("c3", "eve")):
        chat.due(name, email=f"{address}@example.com")
    assert run("sweep").code == 0
    return {row["conversation"]: row["token"] for row in chat.emails()}


@pytest.fixture
def receive(run):
    numbers = iter(range(1_000_000))

    def receive(to, sender="ada@example.com", subject="Re: x", body="Yes, please.", more=""):
        mail = (
            f"From: {sender}\nTo: {to}\nSubject: {subject}\nMessage-ID: <{next(numbers)}@x.example>"
            f"\n{more}\n{body}\n"
        )
        ran = run("receive", "--json", stdin=mail.encode())
        assert "Traceback" not in ran.err
        return ran

    return receive


def posted(chat):
    return [tuple(row) for row in
            chat.sql("SELECT conversation, text FROM messages WHERE via = 'email'")]  # fmt: skip


def address(token, role="reply"):
    return f"{role}+{token}@reply.acme.example"


def test_tokens_cannot_be_guessed(run, chat):
    """Each has 128 bits that nothing before it tells: none twice, all characters equally often,
    also where somebody has seeded Python's generator."""
    chat.set("inbound_domain", "reply.acme.example")
    for number in range(200):
        chat.due(f"c{number}")
    random.seed(1)
    run("sweep", "--limit", 100)
    random.seed(1)
    run("sweep")
    tokens = [row["token"] for row in chat.emails()]
    assert len(set(tokens)) == len(tokens) == 200
    assert {len(token) for token in tokens} == {26}
    alphabet = string.ascii_lowercase + "234567"
    counts = collections.Counter("".join(token[:25] for token in tokens))
    expected = 200 * 25 / 32
    # 31 degrees of freedom: beyond 90 once in ten million runs.
    assert sum((counts[c] - expected) ** 2 / expected for c in alphabet) < 90
    assert set(counts) == set(alphabet)
    # Nor does one tell the next: as good as no pair shares more than a few places.
    near = [sum(a == b for a, b in zip(one, other, strict=True))
            for one, other in itertools.pairwise(tokens)]  # fmt: skip
    assert max(near) < 12


def test_a_wrong_token_is_as_wrong_as_any(receive, chat, emailed):
    """Whatever is nearly right is answered like what is nowhere near, so that nothing is learned
    from the answers; and nothing is posted."""
    good = emailed["c1"]
    unknown = receive(address("a" * 26))
    assert unknown.code == 67
    shape = {**unknown.data, "id": None}
    for place in range(26):
        other = "a" if good[place] != "a" else "b"
        ran = receive(address(good[:place] + other + good[place + 1 :]))
        assert (ran.code, ran.err) == (67, unknown.err), place
        assert {**ran.data, "id": None} == shape
    for length in range(26):
        assert receive(address(good[:length])).code == 67
    for strange in (good + "a", good + good, "%" * 26, "_" * 26, "*" * 26, f"'{good}", good[::-1],
                    "' OR 1=1 --", "\0" * 26):  # fmt: skip
        assert receive(address(strange)).code == 67
    assert posted(chat) == []
    assert receive(address(good)).code == 0
    assert posted(chat) == [("c1", "Yes, please.")]


def test_anothers_address_lets_nobody_speak(receive, chat, emailed):
    for conversation, sender in (("c2", "ada"), ("c1", "bob"), ("c3", "stranger")):
        ran = receive(address(emailed[conversation]), f"{sender}@example.com")
        assert (ran.code, ran.data["state"], ran.data["reason"]) == (
            0, "quarantined", "from_differs",
        )  # fmt: skip
    assert posted(chat) == []


def test_only_recipients_route(receive, chat, emailed):
    """A token in the subject, the text or another field says nothing of where a mail belongs."""
    token = address(emailed["c1"])
    for ran in (
        receive("x@y.example", subject=token),
        receive("x@y.example", body=token),
        receive("x@y.example", more=f"X-Note: {token}\nReply-To: {token}\nSender: {token}\n"),
        receive("x@y.example", sender=f'"{token}" <ada@example.com>'),
    ):
        assert ran.code == 67
    assert posted(chat) == []


def test_many_tokens_in_one_mail_speak_in_one_conversation_at_most(receive, chat, emailed):
    guesses = [address(f"{number:x}".rjust(26, "a").translate(str.maketrans("0189", "qrst")))
               for number in range(100)]  # fmt: skip
    assert receive(", ".join(guesses)).code == 67
    ours = [address(token) for token in emailed.values()]
    assert receive(", ".join(ours)).code == 0
    assert posted(chat) == [("c1", "Yes, please.")]
    # Ada may not speak in Bob's conversation by naming her own as well.
    ran = receive(", ".join([*guesses[:50], *reversed(ours)]), body="Again.")
    assert ran.data["conversation"] == "c3"
    assert (ran.data["state"], ran.data["reason"]) == ("quarantined", "from_differs")
    assert len(posted(chat)) == 1


@pytest.mark.parametrize("state", ["cancelled", "failed", "deferred", "unknown"])
def test_an_email_that_did_not_arrive_gives_nobody_a_voice(receive, chat, emailed, state):
    again = chat.ago(-1) if state == "deferred" else None
    chat.sql(
        "UPDATE emails SET state = ?, next_attempt_at = ? WHERE conversation = 'c1'", state, again
    )
    ran = receive(address(emailed["c1"]), "stranger@example.com")
    assert (ran.code, ran.data["state"]) == (0, "quarantined")
    assert posted(chat) == []


def test_tokens_show_where_an_email_is_shown_only(run, chat, receive, emailed):
    """Lists and logs, which are copied into tickets and mailed by cron, hold none."""
    receive(address(emailed["c1"]))
    chat.message("c1", "m2", ago=5)
    shown = [
        run(*words, *more)
        for words in (
            ("pending", "--all"), ("emails", "list"), ("explain", "c1"), ("replies", "list"),
            ("show", "c1"), ("settings", "list"), ("suppressions", "list"), ("db", "check"),
            ("channels", "list"), ("sweep", "-v"), ("sweep", "--preview"),
        )
        for more in ((), ("--json",))
        # The `to` of a reply in JSON is an address of ours, as it came.
        if (words[0], *more) not in {("show", "--json"), ("replies", "--json"), ("sweep", "-v")}
    ]  # fmt: skip
    assert len(shown) > 18
    for ran in shown:
        for token in (row["token"] for row in chat.emails()):
            assert token not in ran.out + ran.err
        assert "eyJ" not in ran.out + ran.err
    assert emailed["c1"] in run("emails", "show", 1).out
