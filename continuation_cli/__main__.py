"""The way in, as `continuation` and as `python -m continuation_cli`."""

import os
import sys

#: What a mail server may act on; it bounces the customer's mail on anything else but EX_TEMPFAIL
#: (pipe(8) of Postfix).
_FINAL = (os.EX_OK, os.EX_DATAERR, os.EX_NOUSER)


def main() -> None:
    """Run the command line; see `cli.main`."""
    if _is_delivery(sys.argv[1:]):
        _deliver()
    else:
        _run()


def _run() -> None:
    from continuation_cli import idle

    if not idle.is_answered(sys.argv[1:], os.environ):
        from continuation_cli import cli

        cli.main()


def _is_delivery(arguments: list[str]) -> bool:
    """Whether this is `receive`, however odd what stands around it."""
    before = arguments[: arguments.index("receive")] if "receive" in arguments else ["?"]
    values = {at + 1 for at, word in enumerate(before) if word == "--db"}
    return all(word.startswith("-") or at in values for at, word in enumerate(before))


def _deliver() -> None:
    """Run `receive`. Whatever goes wrong on this side, a broken installation included, the server
    keeps the message and tries again."""
    code: object = os.EX_TEMPFAIL
    try:
        _run()
        code = os.EX_OK
    except SystemExit as end:
        code = end.code or os.EX_OK
    except BaseException:
        import traceback

        traceback.print_exc()
    sys.exit(code if code in _FINAL else os.EX_TEMPFAIL)


if __name__ == "__main__":
    main()
