"""What no well-behaved IMAP server can be made to do: every fault has a clear end, and no mail is
taken for something that it is not."""

from __future__ import annotations

import contextlib
import imaplib

import pytest
from faulty_smtp import DROP, STALL
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from real_smtp import server_context

from continuation_cli.mail.imap_client import texts_in
from continuation_cli.mail.mailbox import (
    Disposal,
    MailboxError,
    MailboxUnavailable,
    MailStays,
    MailVanished,
    open_mailbox,
)
from continuation_cli.mail.transport import Misconfigured

MAIL = b"Subject: x\r\n\r\nHello\r\n"


def opened(server, disposal=Disposal(), timeout=5.0, **environ):  # noqa: B008 - a constant
    mailbox = open_mailbox(server.url, disposal, {**server.environ, **environ})
    mailbox._timeout = timeout
    return mailbox


def process(mailbox):
    got = []
    with mailbox:
        for mail in mailbox.mails(mailbox.keys()):
            got.append(mail.open().read())
            mail.done()
    return got


def test_the_faulty_server_behaves_otherwise(faulty_imap):
    server = faulty_imap([MAIL, MAIL * 2])
    assert process(opened(server)) == [MAIL, MAIL * 2]
    assert server.commands[-1] == "LOGOUT"
    assert 'UID MOVE 1 "Processed"' in server.commands


STAGES = ["greeting", "authenticate", "select", "search", "header", "fetch", "store", "move"]


@pytest.mark.parametrize("stage", [*STAGES, "capability"])
@pytest.mark.parametrize(
    "fault",
    [
        DROP,
        STALL,
        b"garbage\r\n",
        b"* \r\n",
        b"\xff\xfe\r\n",
        b"* 1 FETCH (",
        b"* BYE overload\r\n",
    ],
    ids=repr,
)
def test_a_broken_connection_makes_it_unavailable(faulty_imap, stage, fault):
    server = faulty_imap([MAIL], **{stage: fault})
    with pytest.raises(MailboxUnavailable) as caught:
        process(opened(server, timeout=0.3))
    assert "hunter2" not in str(caught.value)
    assert caught.value.__cause__ is None
    assert caught.value.__suppress_context__
    assert ("store" in stage or "move" in stage) == any("STORE" in c for c in server.commands)


@pytest.mark.parametrize("stage", ["logout"])
@pytest.mark.parametrize("fault", [DROP, STALL, b"garbage\r\n", "NO stay", "BAD what"], ids=repr)
def test_a_bad_good_bye_is_forgiven(faulty_imap, stage, fault):
    server = faulty_imap([MAIL], **{stage: fault})
    assert process(opened(server, timeout=0.3)) == [MAIL]


@pytest.mark.parametrize("stage", ["authenticate", "search", "header", "fetch", "store", "move"])
def test_bad_is_the_end(faulty_imap, stage):
    with pytest.raises(MailboxUnavailable, match="syntax error"):
        process(opened(faulty_imap([MAIL], **{stage: "BAD syntax error"})))


# --- Login --------------------------------------------------------------------------------------


def test_login_refused_shows_no_secret(faulty_imap):
    echo = "NO you said AGFkYQBodW50ZXIy, that is hunter2"
    with pytest.raises(MailboxUnavailable, match=r"login: you said \*\*\*, that is \*\*\*"):
        process(opened(faulty_imap([MAIL], authenticate=echo)))


def test_a_server_without_sasl_plain_gets_login(faulty_imap):
    server = faulty_imap([MAIL], offers="IMAP4rev1")
    server.environ["CONTINUATION_IMAP_PASSWORD"] = 'a "b" \\'
    assert process(opened(server)) == [MAIL]
    [login] = [command for command in server.commands if command.startswith("LOGIN")]
    assert login.replace('"ada"', "ada") == r'LOGIN ada "a \"b\" \\"'


def test_login_refused_by_login(faulty_imap):
    server = faulty_imap([MAIL], offers="IMAP4rev1", login="NO [AUTHENTICATIONFAILED] hunter2?")
    with pytest.raises(MailboxUnavailable, match=r"login: .*AUTHENTICATIONFAILED\] \*\*\*"):
        process(opened(server))


def test_an_access_token(faulty_imap):
    server = faulty_imap([MAIL])
    server.environ = {"CONTINUATION_IMAP_TOKEN": "ya29.token"}
    assert process(opened(server)) == [MAIL]
    assert "AUTHENTICATE XOAUTH2" in server.commands
    # The form that https://developers.google.com/gmail/imap/xoauth2-protocol describes.
    assert server.secrets == ["dXNlcj1hZGEBYXV0aD1CZWFyZXIgeWEyOS50b2tlbgEB"]


def test_an_access_token_that_has_expired(faulty_imap):
    server = faulty_imap([MAIL], authenticate="NO [AUTHENTICATIONFAILED] Invalid credentials")
    server.environ = {"CONTINUATION_IMAP_TOKEN": "ya29.token"}
    with pytest.raises(MailboxUnavailable, match="Invalid credentials"):
        process(opened(server))


def test_starttls_that_is_not_offered_is_not_skipped(faulty_imap):
    server = faulty_imap([MAIL])
    mailbox = open_mailbox(
        server.url.replace("imap:", "imap+starttls:"), Disposal(), server.environ
    )
    with pytest.raises(MailboxUnavailable, match="TLS not supported"):
        process(mailbox)
    assert server.secrets == []


@pytest.mark.parametrize("fault", ["NO not now", "BAD what", DROP, STALL, b"* OK\r\n"], ids=repr)
def test_starttls_that_fails_is_not_skipped(faulty_imap, authority, fault):
    context = server_context(authority.issue_cert("127.0.0.1"))
    server = faulty_imap([MAIL], offers="IMAP4rev1 STARTTLS", tls=context, starttls=fault)
    mailbox = open_mailbox(
        server.url.replace("imap:", "imap+starttls:"), Disposal(), server.environ
    )
    mailbox._timeout = 0.3
    with pytest.raises(MailboxUnavailable):
        process(mailbox)
    assert server.secrets == []
    assert not any("LOGIN" in command for command in server.commands)


def test_a_login_that_was_not_asked_for_does_not_keep_tls_away(faulty_imap, authority):
    """PREAUTH would leave a client in plain text that must not be in it (CVE-2020-10737's kind)."""
    context = server_context(authority.issue_cert("127.0.0.1"))
    server = faulty_imap(
        [MAIL], offers="IMAP4rev1 STARTTLS", tls=context, greeting=b"* PREAUTH hello\r\n"
    )
    mailbox = open_mailbox(
        server.url.replace("imap:", "imap+starttls:"), Disposal(), server.environ
    )
    with pytest.raises(MailboxUnavailable):
        process(mailbox)
    assert not any("SELECT" in command for command in server.commands)


# --- Folders ------------------------------------------------------------------------------------


def test_a_folder_that_cannot_be_opened_now(faulty_imap):
    server = faulty_imap([MAIL], select="NO [UNAVAILABLE] try later")
    with pytest.raises(MailboxUnavailable, match=r"^INBOX: \[UNAVAILABLE\] try later"):
        process(opened(server))


def test_a_folder_that_is_not_there(faulty_imap):
    server = faulty_imap([MAIL], select="NO no such mailbox")
    server.folders = ("Other",)
    with pytest.raises(Misconfigured, match=r"there is no folder 'INBOX' on 127\.0\.0\.1"):
        process(opened(server))


def test_uidvalidity_that_is_not_told(faulty_imap):
    server = faulty_imap([MAIL], select=b"* 1 EXISTS\r\n%TAG% OK [READ-WRITE] ok\r\n")
    with pytest.raises(MailboxUnavailable, match="UIDVALIDITY"):
        process(opened(server))


@pytest.mark.parametrize("stage", ["search", "header", "fetch", "store", "move"])
def test_uidvalidity_that_changes_meanwhile(faulty_imap, stage):
    change = b"* OK [UIDVALIDITY 8] renumbered\r\n%TAG% OK done\r\n"
    server = faulty_imap([MAIL], **{stage: change})
    with pytest.raises(MailboxUnavailable, match="renumbered the folder"):
        process(opened(server))


def test_uidvalidity_that_is_told_again(faulty_imap):
    same = b"* OK [UIDVALIDITY 7] as before\r\n* SEARCH 1\r\n%TAG% OK done\r\n"
    assert process(opened(faulty_imap([MAIL], search=same))) == [MAIL]


# --- Reading ------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (b'* 1 FETCH (BODY[]<0> "Subject: \\"x\\" \\\\" UID 1)\r\n', b'Subject: "x" \\'),
        (b"* 1 FETCH (UID 1 BODY[]<0> NIL)\r\n", b""),
        (b"* 1 FETCH (UID 1 BODY[] {3}\r\nabc FLAGS (\\Seen $x))\r\n", b"abc"),
        (b"* 1 FETCH (body[]<00> {3}\r\nabc uid 1 flags ())\r\n", b"abc"),
        (
            b"* 3 EXISTS\r\n* 1 FETCH (FLAGS (\\Seen))\r\n* 1 FETCH (UID 1 BODY[]<0> {0}\r\n)\r\n",
            b"",
        ),
        (b"* 2 FETCH (UID 2 BODY[]<0> {1}\r\nx)\r\n* 1 FETCH (UID 1 BODY[]<0> {1}\r\ny)\r\n", b"y"),
    ],
)
def test_forms_of_an_answer(faulty_imap, answer, expected):
    ends = b"* 1 FETCH (UID 1 BODY[]<%d> {0}\r\n)\r\n%%TAG%% OK done\r\n" % len(expected)
    server = faulty_imap([MAIL], fetch=[answer + b"%TAG% OK done\r\n", ends])
    if not expected:
        server.faults["fetch"] = answer + b"%TAG% OK done\r\n"
    assert process(opened(server)) == [expected]


@pytest.mark.parametrize(
    "answer",
    [
        b"* 1 FETCH (UID 1 BODY[]<0> {5}\r\nSubject: x)\r\n",
        b"* 1 FETCH (UID 1 BODY[]<0> {500}\r\nSubject: x)\r\n%TAG% OK done\r\n",
        b"* 1 FETCH (UID 1 BODY[]<0> {5}\r\nSubject: x\r\n\r\nmore)\r\n",
        b"* 1 FETCH (UID 1 BODY[]<7> {5}\r\nabcde)\r\n",
        b"* 1 FETCH (UID 1 BODY[]<0> {4294967296}\r\nx",
        b"* 1 FETCH (UID 1 BODY[]<0> {" + b"9" * 5000 + b"}\r\nx",
        b"* 1 FETCH (UID 1 BODY[]<0> {5}\r\nabc",
        b"* 1 FETCH (UID 1 SOMETHING {5}\r\nabcde)\r\n",
    ],
)
def test_a_length_that_does_not_add_up(faulty_imap, answer):
    end = b"" if b"%TAG%" in answer or not answer.endswith(b"\n") else b"%TAG% OK done\r\n"
    server = faulty_imap([MAIL], fetch=answer + end)
    with pytest.raises(MailboxUnavailable, match="FETCH: "):
        process(opened(server, timeout=0.3))
    assert not any("MOVE" in command or "STORE" in command for command in server.commands)


def test_a_size_that_is_an_estimate(faulty_imap):
    header = b"* 1 FETCH (UID 1 RFC822.SIZE 5 BODY[HEADER]<0> {14}\r\nSubject: x\r\n\r\n)\r\n"
    server = faulty_imap([MAIL], header=header + b"%TAG% OK done\r\n")
    assert process(opened(server)) == [MAIL]
    assert sum("BODY.PEEK[]" in command for command in server.commands) == 2


def test_a_mail_that_is_gone(faulty_imap):
    server = faulty_imap([MAIL, MAIL], fetch=[b"%TAG% OK done\r\n", None])
    with opened(server) as mailbox:
        first, second = mailbox.mails(mailbox.keys())
        with pytest.raises(MailVanished):
            first.open().read()
        assert second.open().read() == MAIL


def test_a_mail_that_the_server_cannot_read(faulty_imap):
    server = faulty_imap([MAIL, MAIL], fetch=["NO [SERVERBUG] corrupt", None])
    with opened(server) as mailbox:
        first, second = mailbox.mails(mailbox.keys())
        with pytest.raises(MailStays, match=r"FETCH: \[SERVERBUG\] corrupt"):
            first.open().read()
        assert second.open().read() == MAIL


# --- Putting away -------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("disposal", "stage"),
    [("move", "move"), ("mark_seen", "store"), ("delete", "store"), ("delete", "expunge")],
)  # fmt: skip
def test_no_is_said_of_one_mail(faulty_imap, disposal, stage):
    refusal = "NO [OVERQUOTA] \x1b[31mfull"
    times = 2 if stage == "move" else 1
    server = faulty_imap([MAIL, MAIL], **{stage: [*[refusal] * times, None]})
    with opened(server, Disposal(disposal)) as mailbox:
        first, second = mailbox.mails(mailbox.keys())
        with pytest.raises(MailStays) as caught:
            first.done()
        assert str(caught.value) == f"{stage.upper()}: [OVERQUOTA] [31mfull"
        second.done()


def test_who_may_not_mark_mail_may_move_it(faulty_imap):
    server = faulty_imap([MAIL], store="NO [NOPERM] not yours")
    assert process(opened(server)) == [MAIL]
    assert 'UID MOVE 1 "Processed"' in server.commands


def test_the_folder_is_made_if_need_be(faulty_imap):
    server = faulty_imap([MAIL], move=["NO [TRYCREATE] no such mailbox", None])
    assert process(opened(server)) == [MAIL]
    moves = [c for c in server.commands if "Processed" in c]
    assert moves == [
        'UID MOVE 1 "Processed"', 'CREATE "Processed"', 'SUBSCRIBE "Processed"',
        'UID MOVE 1 "Processed"',
    ]  # fmt: skip


def test_a_move_that_is_a_copy_ends_before_anything_is_deleted(faulty_imap):
    server = faulty_imap([MAIL], offers="IMAP4rev1 AUTH=PLAIN UIDPLUS", copy="NO not there")
    with opened(server) as mailbox:
        [mail] = mailbox.mails(mailbox.keys())
        with pytest.raises(MailStays, match="COPY: not there"):
            mail.done()
    assert not any("Deleted" in command or "EXPUNGE" in command for command in server.commands)


def test_folders_below_a_prefix(faulty_imap):
    namespace = b'* NAMESPACE (("INBOX." ".")) NIL NIL\r\n%TAG% OK done\r\n'
    offers = "IMAP4rev1 AUTH=PLAIN MOVE NAMESPACE"
    server = faulty_imap([MAIL], offers=offers, namespace=namespace)
    process(opened(server))
    assert 'UID MOVE 1 "INBOX.Processed"' in server.commands
    flat = b'* NAMESPACE (("" NIL)) NIL NIL\r\n%TAG% OK done\r\n'
    server = faulty_imap([MAIL], offers=offers, namespace=flat)
    process(opened(server))
    assert 'UID MOVE 1 "Processed"' in server.commands


# --- Anything at all ----------------------------------------------------------------------------

ANSWERS = st.one_of(
    st.binary(max_size=60),
    st.lists(
        st.sampled_from(
            [
                b"* ", b"1 ", b"FETCH ", b"(", b")", b"UID ", b"BODY[]", b"<0>", b"<", b" {", b"3",
                b"}",
                b"\r\n", b"abc", b'"', b"NIL", b"%TAG%", b" OK ", b" NO ", b" BAD ", b"[", b"]",
                b"UIDVALIDITY ", b"SEARCH ", b"+ ", b"\\", b"BYE ", b"RFC822.SIZE ", b"\xff",
            ]
        ),
        max_size=25,
    ).map(b"".join),
)  # fmt: skip


@settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture]
)
@given(stage=st.sampled_from([*STAGES, "capability", "list", "create"]), answer=ANSWERS)
@example(stage="search", answer=b"* SEARCH x\r\n%TAG% OK done\r\n")
@example(stage="search", answer=b"* SEARCH -1 0\r\n%TAG% OK done\r\n")
@example(stage="select", answer=b"* OK [UIDVALIDITY {3}\r\nabc] x\r\n%TAG% OK done\r\n")
@example(stage="capability", answer=b"* CAPABILITY IMAP4rev1 \xff\r\n%TAG% OK done\r\n")
@example(stage="list", answer=b"* LIST () {3}\r\nabc\r\n%TAG% OK done\r\n")
@example(stage="list", answer=b'* LIST () "/" "&-&"\r\n%TAG% OK done\r\n')
def test_whatever_a_server_says_it_ends_well(faulty_imap, stage, answer):
    more = {"select": "NO no"} if stage == "list" else {}
    more |= {"move": "NO no"} if stage == "create" else {}
    server = faulty_imap([MAIL], **{stage: answer, **more})
    with contextlib.suppress(MailboxError, Misconfigured):  # and no other error
        assert all(len(content) <= 200 for content in process(opened(server, timeout=0.2)))
    server.close()


@given(st.text())
def test_errors_are_printable(text):
    assert str(MailStays(text)).isprintable()


@given(st.lists(st.binary(max_size=40) | st.tuples(ANSWERS, ANSWERS)))
def test_answers_are_read_or_refused(data):
    with contextlib.suppress(imaplib.IMAP4.abort, ValueError):
        texts_in(data)
