"""Whole messages: which of the bodies is read, files, format=flowed."""

from __future__ import annotations

from email.message import EmailMessage

import pytest

from continuation_cli.core import extract
from continuation_cli.core.received import read

ABOVE = "On Mon, Mar 2, 2026 at 10:15 AM Ana <ana@acme.example> wrote:"
TEXT = f"Blue.\n\n{ABOVE}\n\n> Which?\n"
HTML = (
    '<div dir="ltr">Blue.</div><div class="gmail_quote"><div class="gmail_attr">x Ana wrote:</div>'
    '<blockquote class="gmail_quote">Which?</blockquote></div>'
)


def message(text: str | None = None, html: str | None = None, *files: str) -> EmailMessage:
    made = EmailMessage()
    made["From"] = "ada@example.com"
    if text is not None:
        made.set_content(text)
    if html is not None and text is not None:
        made.add_alternative(html, subtype="html")
    elif html is not None:
        made.set_content(html, subtype="html")
    for name in files:
        made.add_attachment(b"%PDF", maintype="application", subtype="pdf", filename=name)
    return made


@pytest.mark.parametrize("parts", [(TEXT, None), (None, HTML), (TEXT, HTML)])
def test_text_and_html(parts: tuple[str | None, str | None]) -> None:
    raw = message(*parts).as_bytes()
    assert extract.from_message(raw) == "Blue."
    assert extract.from_received(read(raw)) == "Blue."


def test_the_paragraphs_of_html_are_whole() -> None:
    text = f"The blue one please, it fits\nthe room better.\n\n{ABOVE}\n> Which?\n"
    html = HTML.replace("Blue.", "The blue one please, it fits the room better.")
    assert extract.from_message(message(text, html).as_bytes()) == (
        "The blue one please, it fits the room better."
    )


def test_a_part_that_found_no_quote_gives_way() -> None:
    html = "<div>Blue.</div><div>Ana babek tarek</div><div>Which?</div>"
    assert extract.from_message(message(TEXT, html).as_bytes()) == "Blue."
    text = "Blue.\n\nAna babek tarek\n\nWhich?\n"
    assert extract.from_message(message(text, HTML).as_bytes()) == "Blue."


def test_a_file_alone_is_no_text() -> None:
    assert extract.from_message(message(f"{ABOVE}\n> Which?\n", None, "a.pdf").as_bytes()) == ""
    assert extract.from_message(message("", None, "a.pdf").as_bytes()) == ""


def test_nothing_new_and_no_file_is_given_whole() -> None:
    assert extract.from_message(message(f"{ABOVE}\n> Which?\n").as_bytes()) == (
        f"{ABOVE}\n> Which?"
    )


def test_texts_around_a_file_belong_together() -> None:
    raw = (
        b"Content-Type: multipart/mixed; boundary=b\n\n--b\n\nSee this:\n--b\n"
        b"Content-Type: image/png; name=a.png\n\nx\n--b\n\nAnd tell me.\n\n"
        + f"{ABOVE}\n> Which?\n--b--\n".encode()
    )
    assert extract.from_message(raw) == "See this:\n\nAnd tell me."


FLOWED = (
    b"Content-Type: text/plain; format=flowed; delsp=%s\n\n"
    b"The blue one please, it fits \nthe room better.\n\n Indented\n\nOn Monday, March 2, 2026, "
    b"Ana \n<ana@acme.example> wrote:\n\n> Which \n> one?\n> \n>> Hi\n-- \nAda\n"
)


def test_flowed_lines_are_joined() -> None:
    joined = "The blue one please, it fits the room better.\n\nIndented"
    assert extract.from_message(FLOWED % b"no") == joined
    assert extract.from_message(FLOWED % b"yes") == joined.replace("fits the", "fitsthe")


@pytest.mark.parametrize("charset", ["iso-2022-jp", "shift_jis", "utf-8", "euc-jp"])
def test_charsets(charset: str) -> None:
    text = "青をお願いします。\n\n2026/03/02 10:15、Ana <a@b.example>のメール:\n\n> どちら\n"
    made = EmailMessage()
    made.set_content(text, charset=charset)
    assert extract.from_message(made.as_bytes()) == "青をお願いします。"


def test_a_message_of_nothing() -> None:
    assert extract.from_message(b"") == ""
    assert extract.from_text("") == ""
    assert extract.from_html("") == ""
