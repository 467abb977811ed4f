"""What stands where a customer's address should be: each gets mail at exactly that address or none,
whoever carries it; and an address that looks like another's is not that other's.
"""

from __future__ import annotations

import json
from email import message_from_bytes

import pytest

#: Those that no mail may be sent to.
REFUSED = [
    "x" * 10_000 + "@example.com",
    "a@" + "x" * 10_000 + ".com",
    "a@" + "x." * 5_000 + "com",
    "ü" * 10_000 + "@example.com",
    "a@" + "日" * 10_000 + ".jp",
    "@" * 10_000,
    "a@example.com," * 800 + "a@example.com",
    "a@example.com,mallory@evil.example",
    "a@example.com, mallory@evil.example",
    "a@example.com;mallory@evil.example",
    "a@example.com mallory@evil.example",
    "a@example.com\nmallory@evil.example",
    "a@example.com\0mallory@evil.example",
    "a@example.com\u2028mallory@evil.example",
    "a@example.com/mallory@evil.example",
    "a@example.com%mallory@evil.example",
    "Ada <a@example.com>",
    "<a@example.com>",
    "<a@example.com> <mallory@evil.example>",
    "a@example.com>,<mallory@evil.example",
    "a@example.com> SIZE=1 BODY=8BITMIME",
    "a@example.com>\r\nRCPT TO:<mallory@evil.example>",
    "a@example.com (mallory@evil.example)",
    "customers: a@example.com, mallory@evil.example;",
    "@evil.example:a@example.com",
    "@evil.example,@example.com:a@example.com",
    '"a b"@example.com',
    '"a@evil.example"@example.com',
    '"a>\r\nRCPT TO:<mallory@evil.example>"@example.com',
    "a\\@evil.example@example.com",
    "a@[127.0.0.1]",
    "a@[IPv6:::1]",
    "a@127.0.0.1",
    "a@2130706433",
    "a@localhost.",
    "a@evil",
    "=?utf-8?q?a=40evil.example=3e?=@example.com",  # some parsers decode it before they split
    "=?utf-8?b?YUBldmlsLmV4YW1wbGU=?= <a@example.com>",
    "mailto:a@example.com",
    "a@example.com?bcc=mallory@evil.example",
    "a@example.com#",
    "a@exam\u00adple.com",
    "a@exam\u200dple.com",
    "a@\u202emoc.elpmaxe",
    "a\u202e@example.com",
    "a@example\uff0fevil.example",
    "a@example\u2044evil.com\u2100",
    "a@xn--.example",
    "a@xn--\udc80.example",
    "/etc/passwd",
    "|touch owned",
    "|/bin/sh@",
    "NULL",
    "-",
    " ",
]
#: Odd, and addresses all the same: mail goes there, to the letter.
MAILED = [
    "-oQ/tmp/owned@example.com",
    "-froot@example.com",
    "--@example.com",
    "-t@example.com",
    "|id@example.com",
    "`id`@example.com",
    "$HOME@example.com",
    "{{7*7}}@example.com",
    "%s%n@example.com",
    "a%evil.example@example.com",
    "evil.example!a@example.com",
    "'or'1'='1@example.com",
    "a+reply@example.com",
    "postmaster@example.com",
]
#: The look of `ada@example.com`: what is mailed.
LOOKALIKES = {
    "ada@ex\u0430mple.com": "ada@xn--exmple-4nf.com",  # Cyrillic a
    "ada@xn--exmple-4nf.com": "ada@xn--exmple-4nf.com",
    "\u0430da@example.com": "\u0430da@example.com",
    "ada@examp1e.com": "ada@examp1e.com",
    "ada@example.co": "ada@example.co",
    "ada@e\u0445ample.com": "ada@xn--eample-bsf.com",
    "\uff41da@example.com": "\uff41da@example.com",
}


def write(chat, addresses):
    for number, address in enumerate(addresses):
        chat.due(f"c{number}")
        value = address.encode("utf-8", "surrogatepass")
        chat.sql("UPDATE conversations SET email = CAST(? AS TEXT) WHERE id = ?", value,
                 f"c{number}")  # fmt: skip


def test_not_one_address(chat, run, real_smtp):
    """Nothing goes out, to nobody, and each says why."""
    server = real_smtp()
    chat.set("transport", server.url)
    write(chat, REFUSED)
    ran = run("sweep", "--json")
    assert (ran.code, ran.err) == (0, "")
    assert (server.mails, chat.emails()) == ([], [])
    assert ran.data["skipped"] == {"invalid_address": len(REFUSED)}
    for number in range(len(REFUSED)):
        ran = run("explain", f"c{number}")
        assert ran.code == 0
        assert "address cannot be mailed" in ran.out
        assert len(ran.out) < 2000
        assert all(c.isprintable() or c in "\t\n" for c in ran.out), ran.out


@pytest.mark.parametrize("carrier", ["smtp", "sendmail", "maildir"])
def test_an_odd_address_is_that_address(chat, run, real_smtp, tmp_path, carrier):
    program = tmp_path / "sendmail"
    program.write_text(
        '#!/bin/sh\nprintf "%s\\n" "$@" END >> "${0%/*}/arguments"\ncat > /dev/null\n'
    )
    program.chmod(0o755)
    server = real_smtp()
    chat.set("transport", {"smtp": server.url, "sendmail": f"sendmail:{program}",
                           "maildir": f"maildir:{tmp_path}/out"}[carrier])  # fmt: skip
    write(chat, MAILED)
    ran = run("sweep")
    assert (ran.code, ran.err) == (0, "")
    assert [row["state"] for row in chat.emails()] == ["sent"] * len(MAILED)
    if carrier == "smtp":
        got = [mail.recipients for mail in server.mails]
    elif carrier == "sendmail":
        each = (tmp_path / "arguments").read_text().split("\nEND\n")[:-1]
        got = [arguments.splitlines()[arguments.splitlines().index("--") + 1 :]
               for arguments in each]  # fmt: skip
    else:
        mails = [message_from_bytes(file.read_bytes()) for file in tmp_path.glob("out/new/*")]
        got = [[mail["Delivered-To"]] for mail in mails]
    assert sorted(got) == sorted([address] for address in MAILED)
    assert not list(tmp_path.glob("**/owned"))


@pytest.fixture
def lookalikes(chat, run, real_smtp):
    """A server; emails to all of them and to the one that they look like, the last, have left."""
    server = real_smtp()
    chat.set("transport", server.url)
    chat.set("inbound_domain", "reply.acme.example")
    write(chat, [*LOOKALIKES, "ada@example.com"])
    assert run("sweep").code == 0
    return server


def test_a_lookalike_gets_its_own_mail_and_no_others(lookalikes):
    mailed = [recipient for mail in lookalikes.mails for recipient in mail.recipients]
    assert sorted(mailed) == sorted([*LOOKALIKES.values(), "ada@example.com"])


def test_a_lookalike_speaks_for_nobody_else(lookalikes, chat, run):
    """Its reply to the other's email waits for a person, who sees that it is another."""
    reply_to = chat.one("SELECT reply_to FROM emails WHERE recipient = 'ada@example.com'")
    for number, address in enumerate(LOOKALIKES):
        mail = f"From: {address}\nTo: {reply_to}\nMessage-ID: <{number}@x.example>\n\nPay me.\n"
        ran = run("receive", "--json", stdin=mail.encode())
        assert (ran.data["state"], ran.data["reason"]) == ("quarantined", "from_differs"), address
    assert chat.one("SELECT count(*) FROM messages WHERE via = 'email'") == 0


def test_a_lookalike_suppresses_nobody_else(lookalikes, chat, run):
    for address in LOOKALIKES:
        assert run("suppressions", "add", address).code in (0, 2)
    own = f"c{len(LOOKALIKES)}"
    assert json.loads(run("explain", own, "--json").stdout)["data"]["state"] != "blocked"
    chat.message(own, "m9", ago=9)
    lookalikes.mails.clear()
    assert run("sweep").code == 0
    assert [mail.recipients for mail in lookalikes.mails] == [["ada@example.com"]]
