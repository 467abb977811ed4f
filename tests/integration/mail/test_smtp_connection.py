"""Replies over a real socket: whatever comes in whatever pieces, a reply or an OSError."""

from __future__ import annotations

import contextlib
import socket
import threading

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from continuation_cli.mail.smtp_connection import Connection, GarbledReplyError


@pytest.fixture(scope="module")
def listener():
    with socket.create_server(("127.0.0.1", 0)) as sock:
        yield sock


def connect(listener):
    """Both ends of a TCP connection, ours as a Connection."""
    ours = socket.create_connection(listener.getsockname())
    theirs, _ = listener.accept()
    return Connection(ours), theirs


LINE = st.tuples(st.sampled_from([b"250", b"550", b"421"]), st.binary(max_size=30)).map(
    lambda t: (t[0], t[1].replace(b"\n", b"").rstrip(b"\r"))
)


@settings(max_examples=60, deadline=None)
@given(st.lists(LINE, min_size=1, max_size=5), st.integers(1, 7))
def test_a_reply_in_any_pieces(listener, lines, size):
    connection, theirs = connect(listener)
    parts = [code + b"-" + text for code, text in lines[:-1]]
    parts.append(lines[-1][0] + b" " + lines[-1][1])
    wire = b"".join(part + b"\r\n" for part in parts)
    with theirs:
        theirs.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        for start in range(0, len(wire), size):
            theirs.sendall(wire[start : start + size])
        reply = connection.reply(2)
    assert reply.code == int(lines[-1][0])
    assert list(reply.lines) == [text.decode("utf-8", "replace") for _, text in lines]
    assert not connection.has_unread
    connection.close()


@settings(max_examples=150, deadline=None)
@given(st.binary(max_size=60))
def test_any_octets_are_a_reply_or_an_error(listener, octets):
    connection, theirs = connect(listener)
    with theirs:
        theirs.sendall(octets)
        theirs.shutdown(socket.SHUT_WR)
        reply = None
        with contextlib.suppress(GarbledReplyError, ConnectionResetError):  # and not TimeoutError
            reply = connection.reply(2)
    connection.close()
    if reply is not None:
        assert 200 <= reply.code <= 599
        assert reply.text.isprintable()


def test_two_replies_at_once_are_read_one_by_one(listener):
    connection, theirs = connect(listener)
    with theirs:
        theirs.sendall(b"250 one\r\n250-two\r\n250 three\r\n")
        assert connection.reply(2).lines == ("one",)
        assert connection.has_unread
        assert connection.reply(2).lines == ("two", "three")
        assert not connection.has_unread
    connection.close()
    connection.close()


def test_a_large_write_gets_its_time_out_for_each_block(listener):
    connection, theirs = connect(listener)
    data = bytes(range(256)) * 40_000
    received = bytearray()

    def read_slowly():
        while len(received) < len(data) and (got := theirs.recv(200_000)):
            received.extend(got)
            pause.wait(0.01)

    pause = threading.Event()
    reader = threading.Thread(target=read_slowly)
    reader.start()
    connection.write(data, 0.5)
    reader.join(10)
    theirs.close()
    connection.close()
    assert received == data


def test_a_password_is_blotted_out_of_the_text_but_not_the_code(listener):
    connection, theirs = connect(listener)
    connection.conceal("535", "")
    with theirs:
        theirs.sendall(b"535 535 no\r\n535 5.7.8 no\r\nnonsense 535\r\n")
        assert connection.reply(2).text == "*** no"
        assert connection.reply(2).status == "5.7.8"
        with pytest.raises(GarbledReplyError) as caught:
            connection.reply(2)
    assert "535" not in str(caught.value)
    connection.close()
