"""The tokens by which an email is known again: in its Message-ID and its reply addresses."""

from __future__ import annotations

import base64

_OCTETS = 16


def new_token(random: bytes) -> str:
    """16 random octets as 26 characters of lower-case base32 (RFC 4648), without padding.

    For the local parts `reply+TOKEN` and `bounce+TOKEN`: a relay that folds case cannot harm it.
    Raises ValueError for another number of octets.
    """
    if len(random) != _OCTETS:
        raise ValueError(f"a token takes {_OCTETS} random octets; {len(random)} were given")
    return base64.b32encode(random).decode("ascii").rstrip("=").lower()
