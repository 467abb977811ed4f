"""Whether a template is to blame, or the data."""

from __future__ import annotations

import pytest
from emails import sources

from continuation_cli.core import specimen
from continuation_cli.core.compose import Templates


def test_ours_are_not_to_blame():
    assert specimen.fault(Templates(sources())) is None


@pytest.mark.parametrize("name", ["subject.txt", "body.txt", "body.html"])
def test_what_fails_for_every_email_is_the_templates_fault(name):
    fault = specimen.fault(Templates(sources() | {name: "one\n{{ 1 // 0 }}"}))
    assert str(fault) == f"template {name}, line 2: integer division or modulo by zero"


@pytest.mark.parametrize(
    "source",
    [
        "{{ 1 // (groups | length - 1) }}",
        "{{ 1 // (recap | length) }}",
        "{{ 1 // (groups[0].messages | length - 2) }}",
        "{{ groups[0].messages[1].text }}",
        "{% if reopen_url %}{{ 1 // 0 }}{% endif %}",
    ],
)
def test_what_fails_for_some_is_not(source):
    assert specimen.fault(Templates(sources() | {"body.txt": source})) is None
