"""`python -m continuation_cli`, for cron and others who name an interpreter."""

from continuation_cli.cli import main

if __name__ == "__main__":
    main()
