"""Text signed in the clear (RFC 9580, section 7)."""

from __future__ import annotations

import pytest

from continuation_cli.core.extract import from_text
from continuation_cli.core.extract.clearsigned import opened

SIGNATURE = "-----BEGIN PGP SIGNATURE-----\n\niQEz\n=njUY\n-----END PGP SIGNATURE-----\n"


def armored(text: str, headers: str = "Hash: SHA256\n") -> str:
    return f"-----BEGIN PGP SIGNED MESSAGE-----\n{headers}\n{text}\n{SIGNATURE}"


@pytest.mark.parametrize("headers", ["", "Hash: SHA256\n", "Hash: SHA256\nCharset: utf-8\n"])
def test_the_armor_goes(headers: str) -> None:
    assert opened(armored("Yes.", headers)).strip() == "Yes."


def test_dashes_are_not_escaped_any_more() -> None:
    assert from_text(armored("- - one\n- - two\n\n- -- \nAda")) == "- one\n- two"


def test_what_is_outside_of_it_stays() -> None:
    assert from_text(f"See below.\n\n{armored('Yes.')}\nSo it is.").split() == [
        "See", "below.", "Yes.", "So", "it", "is.",
    ]  # fmt: skip


@pytest.mark.parametrize(
    "text",
    [
        "He said: -----BEGIN PGP SIGNED MESSAGE-----\n\nYes.\n" + SIGNATURE,
        "-----BEGIN PGP SIGNED MESSAGE-----\nHash: SHA256\n\nYes.",
        "-----BEGIN PGP SIGNED MESSAGE-----\nno header\n\nYes.\n" + SIGNATURE,
        "Yes.",
    ],
)
def test_any_other_text_is_left_as_it_is(text: str) -> None:
    assert opened(text) == text
