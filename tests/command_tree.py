"""Every command of the program, read from the command line's own definition."""

from __future__ import annotations

import os

import click

from continuation_cli import cli

#: Good values, by the name of the argument, so that the attack gets past the others.
GOOD = {
    "conversation": "c1", "email": "1", "reply": "1", "key": "offline_delay", "value": "5m",
    "url": "maildir:/nonexistent", "address": "bob@example.com", "kid": "k", "file": os.devnull,
    "channel": "acme", "age": "3000d",
}  # fmt: skip


def commands(command=cli.cli, path=()):
    """Each command that is not a group, by its words."""
    if not isinstance(command, click.Group):
        return [(path, command)]
    context = click.Context(command)
    return [
        found
        for name in command.list_commands(context)
        for found in commands(command.get_command(context, name), (*path, name))
    ]
