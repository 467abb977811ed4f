"""Opening the templates and a drafter for a command, with errors a person can act on."""

from __future__ import annotations

from typing import TYPE_CHECKING

from continuation_cli import templates
from continuation_cli.commands.context import config_error
from continuation_cli.core.compose import TemplateError
from continuation_cli.drafts import Drafter

if TYPE_CHECKING:
    from collections.abc import Mapping

    from continuation_cli.store.db import Connection


def open_drafter(
    connection: Connection,
    directory: str | None,
    overrides: Mapping[str, str] | None = None,
) -> Drafter:
    """A drafter with the templates of `directory`, file by file, else ours."""
    try:
        found = templates.load(directory)
    except (TemplateError, OSError) as error:
        config_error(f"the templates cannot be used: {error}")
    return Drafter(connection, found, overrides=overrides)
