"""The way in, as `continuation` and as `python -m continuation_cli`."""

import os
import sys

from continuation_cli import idle


def main() -> None:
    """Run the command line; see `cli.main`."""
    if not idle.is_answered(sys.argv[1:], os.environ):
        from continuation_cli import cli

        cli.main()


if __name__ == "__main__":
    main()
