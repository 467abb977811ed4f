"""`settings`: what is refused and how, where a value comes from, what a change does."""

from __future__ import annotations

import getpass

import pytest

from continuation_cli.core import settings as core

REFUSED = [
    ("enabled", "maybe", "enabled: 'maybe' is neither on nor off (example: enabled on)"),
    ("offline_delay", "15", "offline_delay: '15' needs a unit: 15m? (example: offline-delay 5m)"),
    ("offline_delay", "31d", "offline_delay: '31d' is too long; at most 30d"),
    ("offline_delay", "-5m", "offline_delay: '-5m' is not a duration; expected one like 90s, 5m"),
    ("unseen_delay", "soon", "unseen_delay: 'soon' is not a duration; expected one like 90s"),
    ("unseen_delay", "", "unseen_delay: '' is not a duration"),
    ("reply_url", "javascript:alert(1)", "reply_url: 'javascript:alert(1)' is not"),
    ("reply_url", "/support", "reply_url: '/support' is not an absolute http or https URL"),
    ("from_email", "acme", "from_email: 'acme' is not an email address"),
    ("from_email", "a@b.example\nBcc: x@y.z", "is not an email address"),
    ("from_name", "A\r\nBcc: x@y.example", "is not one line of at most 200 printable"),
    ("inbound_domain", "a@b", "inbound_domain: 'a@b' is not a domain name"),
    ("authserv_id", "", "authserv_id: '' is not one line"),
    ("authserv_id", "mx one", "authserv_id: 'mx one' is not the name of one mail server"),
    ("brand_name", "x" * 201, "is not one line of at most 200 printable characters"),
    ("brand_logo_url", "data:image/png;base64,AA", "brand_logo_url: "),
    ("brand_color", "red", "brand_color: 'red' is not a colour (example: brand-color #1f5fbf)"),
    ("locale", "english!", "locale: 'english!' is not a language tag (BCP 47)"),
    ("timezone", "Mars/Base", "timezone: 'Mars/Base' is not a time zone of the IANA database"),
    ("timezone", "../../etc/passwd", "is not a time zone of the IANA database"),
    ("presence_timeout", "0", "presence_timeout: '0' would be no time at all"),
    ("max_age", "0", "max_age: '0' would be no time at all"),
    ("link_expiry", "0", "link_expiry: '0' would make links that have already expired"),
    ("recap", "51", "recap: '51' is not a whole number from 0 to 50 (example: recap 5)"),
    ("bot_messages", "yes", "bot_messages: 'yes' is not one of include, trigger, omit"),
    ("daily_cap", "-1", "daily_cap: '-1' is not a whole number from 0 to 1000"),
    ("on_unknown", "drop", "on_unknown: 'drop' is not one of resend, hold"),
    ("transport", "localhost", "transport: 'localhost' is not a transport URL"),
    ("max_message_size", "big", "max_message_size: 'big' is not a size from 1K to 1024M"),
    ("max_header_size", "3G", "max_header_size: '3G' is not a size from 1K to 1024M"),
    ("max_attachment_size", "20", "max_attachment_size: '20' is not a size from 1K to 1024M"),
    ("max_parts", "10001", "max_parts: '10001' is not a whole number from 0 to 10000"),
    ("max_nesting", "-1", "max_nesting: '-1' is not a whole number from 0 to 100"),
    ("max_attachments", "many", "max_attachments: 'many' is not a whole number from 0 to 1000"),
]


@pytest.mark.parametrize(("key", "value", "told"), REFUSED)
@pytest.mark.parametrize("dashes", [True, False])
def test_what_is_refused_names_the_value_and_a_good_example(run, chat, key, value, told, dashes):
    before = chat.dump()
    ran = run("settings", "set", key.replace("_", "-") if dashes else key, "--", value)
    assert (ran.code, ran.out) == (2, "")
    assert told in ran.err
    assert f"(example: {key.replace('_', '-')} {core.SPECS[key].example})" in ran.err
    assert chat.dump() == before


def test_every_setting_is_refused_somewhere_above():
    assert {key for key, _, _ in REFUSED} == set(core.SPECS)


@pytest.mark.parametrize("key", core.SPECS)
def test_every_example_is_accepted_shown_and_unset(run, chat, key, monkeypatch):
    monkeypatch.setenv("CONTINUATION_SMTP_PASSWORD", "x")
    example = core.SPECS[key].example
    assert run("settings", "set", key.replace("_", "-"), example).code == 0
    assert run("settings", "get", key).out == example + "\n"
    assert run("settings", "unset", key).code == 0
    default = core.SPECS[key].default
    assert run("settings", "get", key).out == (f"{default}\n" if default else "")


@pytest.mark.parametrize("name", ["offline-dely", "offlinedelay", "OFFLINE-DELAY2"])
def test_a_mistyped_name(run, name):
    for words in (("set", name, "5m"), ("get", name), ("unset", name), ("history", "--key", name)):
        ran = run("settings", *words)
        assert (ran.code, ran.out) == (2, "")
        assert ran.err == (
            f"continuation: there is no setting {name!r}; did you mean offline_delay?\n"
        )


def test_a_name_like_none(run):
    assert "see `continuation settings list`" in run("settings", "get", "qqqq").err


def test_channels(run, chat):
    chat.conversation("c1", channel="acme")
    chat.conversation("c2", channel="beta")
    run("settings", "set", "offline-delay", "5m")
    run("settings", "set", "offline-delay", "7m", "--channel", "acme")

    def shown(*words):
        rows = run("settings", "list", *words, "--json").data
        return [
            (row["channel"], row["value"], row["source"])
            for row in rows
            if row["key"] == "offline_delay"
        ]

    assert shown() == [(None, "5m", "default"), ("acme", "7m", "channel")]
    assert shown("--channel", "acme") == [("acme", "7m", "channel")]
    assert shown("--channel", "beta") == [("beta", "5m", "default")]
    ran = run("settings", "unset", "offline-delay", "--channel", "acme")
    assert ran.err == "offline_delay is no longer set for channel acme (was 7m); now 5m.\n"
    assert shown("--channel", "acme") == [("acme", "5m", "default")]
    run("settings", "unset", "offline-delay")
    assert shown() == [(None, "1m", "built in")]


def test_a_channel_that_is_not_there(run, chat):
    chat.conversation("c1")
    for words in (("set", "recap", "3"), ("get", "recap"), ("unset", "recap"), ("list",)):
        ran = run("settings", *words, "--channel", "acne")
        assert (ran.code, ran.out) == (2, "")
        assert ran.err == (
            "continuation: there is no channel 'acne'; there are: acme (to add one: channels add)\n"
        )


def test_the_transport_is_one_for_all(run, chat):
    chat.conversation("c1")
    ran = run("settings", "set", "transport", "smtp://localhost:25", "--channel", "acme")
    assert ran.code == 2
    assert "transport is one for the whole database: leave out --channel" in ran.err
    ran = run("settings", "unset", "transport", "--channel", "acme")
    assert ran.code == 2
    assert "leave out --channel" in ran.err


@pytest.mark.parametrize(
    "url", ["smtp://user:hunter2@mail.example.com", "smtps://u:hunter2@h:465", "SMTP://u:hunter2@h"]
)
def test_a_password_gets_into_neither_database_nor_message(run, chat, url):
    ran = run("settings", "set", "transport", url)
    assert ran.code == 2
    assert "hunter2" not in ran.err + chat.dump()


@pytest.mark.parametrize(
    ("url", "told"),
    [
        ("gopher://x", "'gopher://x' is not a transport URL"),
        ("smtp://user@mail.example.com", "would send the password in plain text"),
        ("smtp://host:99999", "the port is not a number from 1 to 65535"),
        ("maildir:out", "'maildir:out' is relative, and cron runs in another folder"),
        ("sendmail:sbin/sendmail", "'sendmail:sbin/sendmail' is not an absolute path"),
    ],
)
def test_a_transport_that_cannot_work_is_refused(run, chat, url, told):
    before = chat.dump()
    ran = run("settings", "set", "transport", url)
    assert (ran.code, ran.out) == (2, "")
    assert told in ran.err
    assert chat.dump() == before


@pytest.mark.parametrize(
    "env",
    [
        {},
        {"CONTINUATION_SMTP_PASSWORD": "x"},
        {"CONTINUATION_SMTP_PASSWORD_FILE": "/etc/continuation/password"},
    ],
)
def test_where_the_password_is_matters_only_to_the_sweep(run, chat, env):
    assert run("settings", "set", "transport", "smtps://u@mail.example.com", env=env).code == 0


def test_history(run, chat):
    chat.conversation("c1")
    run("settings", "set", "recap", "3")
    run("settings", "set", "recap", "4", "--by", "Eve")
    run("settings", "set", "recap", "4", "--by", "Eve")
    run("settings", "set", "locale", "de", "--channel", "acme", "--by", "Bob\t\x1b[31m")
    run("settings", "unset", "recap", "--by", "Mallory")
    rows = run("settings", "history", "--json").data
    told = [tuple(row[k] for k in ("by", "channel", "key", "old", "new")) for row in rows]
    assert told == [
        ("Mallory", None, "recap", "4", None),
        ("Bob\t\x1b[31m", "acme", "locale", None, "de"),
        ("Eve", None, "recap", "3", "4"),
        (getpass.getuser(), None, "recap", None, "3"),
    ]
    assert all(chat.ago(0.2) <= row["at"] for row in rows)
    plain = run("settings", "history", "--channel", "acme").rows
    assert [row["by"] for row in plain] == ["Bob\\t\\x1b[31m"]
    assert len(run("settings", "history", "--key", "recap").rows) == 3


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("set", "unseen-delay", "5m"), ["unseen_delay is 5m as the default.",
                                         "3 conversations become due at once."]),
        (("set", "unseen-delay", "20m"), ["unseen_delay is 20m as the default.",
                                          "3 conversations are due at another time."]),
        (("set", "unseen-delay", "never"), ["unseen_delay is never as the default.",
                                            "3 conversations are skipped now."]),
        (("set", "unseen-delay", "5m", "--channel", "beta"),
         ["unseen_delay is 5m for channel beta.", "1 conversation becomes due at once."]),
        (("set", "recap", "3"), ["recap is 3 as the default."]),
        (("set", "enabled", "no", "--channel", "acme"),
         ["enabled is off for channel acme.", "3 conversations are skipped now."]),
        (("set", "offline-delay", "1h"), ["offline_delay is 1h as the default.",
                                          "1 conversation waits now."]),
        (("unset", "recap"), ["recap was not set as the default; nothing changed."]),
    ],
)  # fmt: skip
def test_a_change_says_what_it_does_to_those_who_wait(run, chat, words, told):
    chat.waits("c1")
    chat.waits("c2", email="bob@example.com")
    chat.waits("c3", channel="beta", email="cat@example.com")
    chat.due("c4", email="dan@example.com")
    ran = run("settings", *words)
    assert (ran.code, ran.out) == (0, "")
    assert ran.err.splitlines() == told


def test_a_changed_setting_is_what_the_next_sweep_goes_by(run, chat):
    chat.waits("c1")
    assert run("sweep", "--json").data["sent"] == 0
    run("settings", "set", "unseen-delay", "5m")
    assert run("sweep", "--json").data["sent"] == 1


def test_values_are_stored_as_one_would_type_them_again(run):
    for given, stored in (("YES", "on"), ("0", "off"), ("False", "off")):
        run("settings", "set", "enabled", given)
        assert run("settings", "get", "enabled").out == stored + "\n"
    run("settings", "set", "offline-delay", " 1H30M ")
    assert run("settings", "get", "offline_delay").out == "1h30m\n"
    run("settings", "set", "locale", "pt_BR")
    assert run("settings", "get", "locale").out == "pt-BR\n"
