"""`python -m continuation_cli`, for cron and others who name an interpreter."""

import os
import sys

from continuation_cli import idle

if __name__ == "__main__" and not idle.is_answered(sys.argv[1:], os.environ):
    from continuation_cli.cli import main

    main()
