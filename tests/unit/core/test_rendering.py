"""Templates: a custom one, and errors that say where."""

from __future__ import annotations

import re

import pytest
from emails import (
    draft,
    sources,
)
from mailreader import parts

from continuation_cli.core.compose import ComposeError, TemplateError, Templates, compose


@pytest.mark.parametrize("name", ["subject.txt", "body.txt", "body.html"])
def test_a_syntax_error_names_file_and_line(name):
    broken = sources() | {name: "one\ntwo\n{% if %}\n"}
    with pytest.raises(TemplateError, match=rf"template {re.escape(name)}, line 3: "):
        Templates(broken)


def test_a_missing_template_is_named():
    some = sources()
    del some["body.txt"]
    with pytest.raises(TemplateError, match=r"no template body\.txt"):
        Templates(some)


@pytest.mark.parametrize(
    ("source", "complaint"),
    [
        ("a\n{{ customer_name }}", "line 2: 'customer_name' is undefined"),
        ("{{ groups[0].nothing }}", "has no attribute 'nothing'"),
        ("{{ groups.__class__.__mro__ }}", "line 1: "),
        ("{{ groups[0].messages.append(1) }}", "line 1: "),
        ("{% include 'etc' %}", "etc"),
        ("\n\n{{ 1/0 }}", "line 3: division by zero"),
        ("{{ '\\ud800' }}", "surrogates not allowed"),
    ],
)
def test_an_error_at_rendering_names_file_and_line(source, complaint):
    templates = Templates(sources() | {"body.txt": source})
    with pytest.raises(ComposeError, match=rf"template body\.txt.*{re.escape(complaint)}"):
        compose(draft(), templates)


def test_own_templates():
    own = Templates(
        {
            "subject.txt": "\n {{ agent }}\nfor {{ customer }} \n",
            "body.txt": "{% include 'more.txt' %}!\x07\n.\nFrom me\r\n{{ '\\r' }}end\n\n\n",
            "body.html": "<p>{{ customer }}</p>",
            "more.txt": "{% for g in groups %}{{ g.name }}: {{ g.messages[0].text }}{% endfor %}",
        }
    )
    composed = compose(draft(conversation={"name": "<Ada> & co"}), own)
    assert composed.subject == "Ana for <Ada> & co"
    assert composed.html == "<p>&lt;Ada&gt; &amp; co</p>\n"
    text, _ = parts(composed)
    assert text == "Ana: Yes, we ship to Norway.!\n.\nFrom me\n\nend\n" == composed.text
