"""The way in, as `continuation` and as `python -m continuation_cli`."""

import contextlib
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
    """Whether this is `receive`, also where an option before it is mistyped."""
    before = ""
    for at, word in enumerate(arguments):
        # Of `--db receive` it is the value, unless nothing follows: then the value was forgotten.
        if word == "receive" and (before != "--db" or at + 1 == len(arguments)):
            return True
        is_value = before.startswith("-") and "=" not in before
        if not word.startswith("-") and not is_value:
            return False
        before = word
    return False


def _deliver() -> None:
    """Run `receive`. Whatever goes wrong on this side, a broken installation included, the server
    keeps the message and tries again."""
    code: object = os.EX_TEMPFAIL
    try:
        import signal

        # Not every server takes the death of its pipe for something that passes.
        for number in (signal.SIGTERM, signal.SIGINT, signal.SIGHUP):
            signal.signal(number, _try_later)
        _run()
        code = os.EX_OK
    except SystemExit as end:
        code = end.code or os.EX_OK
    except BaseException:
        _print_traceback()
    _end(code if isinstance(code, int) and code in _FINAL else os.EX_TEMPFAIL)


def _try_later(_number: int, _frame: object) -> None:
    sys.exit(os.EX_TEMPFAIL)


def _print_traceback() -> None:
    with contextlib.suppress(Exception):  # where stderr is a file, the disk may be full
        import traceback

        traceback.print_exc()


def _end(code: int) -> None:
    """Exit with this code. What Python cannot write at exit would make it 120."""
    try:
        for stream in (sys.stdout, sys.stderr):
            if stream is not None:
                stream.flush()
    except BaseException:
        os._exit(code)
    sys.exit(code)


if __name__ == "__main__":
    main()
