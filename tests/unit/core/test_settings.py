"""The settings: how each is typed, checked, and found in force."""

from __future__ import annotations

from dataclasses import fields
from datetime import timedelta

import pytest
from histories import examples
from hypothesis import given
from hypothesis import strategies as st

from continuation_cli.core import settings
from continuation_cli.core.model import Settings
from continuation_cli.core.settings import InvalidSettingError

BUILT_IN = {
    "enabled": True,
    "offline_delay": timedelta(minutes=1),
    "unseen_delay": timedelta(minutes=15),
    "reply_url": None,
    "from_email": None,
    "from_name": None,
    "inbound_domain": None,
    "authserv_id": None,
    "brand_name": None,
    "brand_logo_url": None,
    "brand_color": "#1f5fbf",
    "locale": "en",
    "timezone": "UTC",
    "presence_timeout": timedelta(minutes=2),
    "max_age": timedelta(days=3),
    "link_expiry": timedelta(days=30),
    "recap": 5,
    "bot_messages": "include",
    "daily_cap": 20,
    "on_unknown": "resend",
}


def test_what_is_built_in():
    found = settings.effective({}, {})
    assert {field.name: getattr(found, field.name) for field in fields(Settings)} == BUILT_IN


def test_the_limits_that_are_told_are_those_that_hold():
    told = {key: settings.SPECS[key].default for key in settings.LIMIT_KEYS}
    assert all(told.values())
    assert settings.limits(told) == settings.limits({})


def test_every_setting_of_the_model_has_a_specification_and_the_reverse():
    assert {field.name for field in fields(Settings)} == set(settings.SPECS) - settings.GLOBAL_KEYS


@pytest.mark.parametrize("key", settings.SPECS)
def test_the_example_and_the_default_pass_their_own_check(key):
    spec = settings.SPECS[key]
    assert settings.check(key, spec.example)
    if spec.default is not None:
        assert settings.check(key, spec.default) == spec.default
    assert spec.help


STORED = [
    ("enabled", "Yes", "on"),
    ("enabled", "FALSE", "off"),
    ("offline_delay", " 5M ", "5m"),
    ("offline_delay", "Never", "never"),
    ("offline_delay", "0", "0"),
    ("unseen_delay", "1h30m", "1h30m"),
    ("link_expiry", "365d", "365d"),
    ("recap", "0", "0"),
    ("recap", "50", "50"),
    ("from_email", " support@example.com ", "support@example.com"),
    ("from_name", " Acme Support ", "Acme Support"),
    ("inbound_domain", "Reply.Example.COM.", "reply.example.com"),
    ("brand_color", "#ABCDEF", "#abcdef"),
    ("locale", "pt_BR", "pt-BR"),
    ("timezone", "Europe/Berlin", "Europe/Berlin"),
    ("bot_messages", "Trigger", "trigger"),
    ("transport", "smtp://localhost:25", "smtp://localhost:25"),
    ("transport", "maildir:/var/mail out", "maildir:/var/mail out"),
    ("transport", "smtps://me@mail.example.com:465", "smtps://me@mail.example.com:465"),
]


@pytest.mark.parametrize(("key", "text", "stored"), STORED)
def test_what_is_stored(key, text, stored):
    assert settings.check(key, text) == stored


REFUSED = [
    ("enabled", "maybe", "enabled: 'maybe' is neither on nor off (example: enabled on)"),
    ("offline_delay", "15", "offline_delay: '15' needs a unit: 15m? (example: offline-delay 5m)"),
    ("offline_delay", "31d", "'31d' is too long; at most 30d"),
    ("unseen_delay", "soon", "'soon' is not a duration"),
    ("presence_timeout", "0", "'0' would be no time at all"),
    ("presence_timeout", "never", "'never' is not a duration"),
    ("max_age", "0s", "'0s' would be no time at all"),
    ("link_expiry", "0", "'0' would make links that have already expired"),
    ("recap", "51", "'51' is not a whole number from 0 to 50"),
    ("recap", "-1", "'-1' is not a whole number"),
    ("recap", "1.5", "'1.5' is not a whole number"),
    ("daily_cap", "٣", "'٣' is not a whole number"),
    ("from_email", "support", "'support' is not an email address (example: from-email support@"),
    ("from_email", "Acme <support@example.com>", "is not an email address"),
    ("from_name", "Acme\r\nBcc: eve@example.com", "is not one line"),
    ("from_name", "  ", "is not one line"),
    ("brand_name", "x" * 201, "is not one line"),
    ("inbound_domain", "reply@example.com", "'reply@example.com' is not a domain name"),
    ("inbound_domain", "localhost:25", "is not a domain name"),
    ("reply_url", "javascript:alert(1)", "reply_url: "),
    ("reply_url", "/support", "reply_url: "),
    ("brand_logo_url", "data:image/png;base64,AA", "brand_logo_url: "),
    ("brand_color", "red", "'red' is not a colour (example: brand-color #1f5fbf)"),
    ("brand_color", "#fff", "'#fff' is not a colour"),
    ("locale", "english", "'english' is not a language tag"),
    ("timezone", "Mars/Olympus", "'Mars/Olympus' is not a time zone"),
    ("timezone", "../etc/passwd", "is not a time zone"),
    ("timezone", "", "is not a time zone"),
    ("bot_messages", "yes", "'yes' is not one of include, trigger, omit"),
    ("on_unknown", "drop", "'drop' is not one of resend, hold"),
    ("transport", "localhost", "'localhost' is not a transport URL"),
]


@pytest.mark.parametrize(("key", "text", "told"), REFUSED)
def test_what_is_refused_naming_the_value_and_an_example(key, text, told):
    with pytest.raises(InvalidSettingError) as caught:
        settings.check(key, text)
    assert told in str(caught.value)
    assert "(example: " in str(caught.value)


def test_a_password_is_refused_and_not_repeated():
    with pytest.raises(InvalidSettingError, match="CONTINUATION_SMTP_PASSWORD") as caught:
        settings.check("transport", "smtp://me:hunter2@mail.example.com")
    assert "hunter2" not in str(caught.value)


def test_a_global_setting_is_no_channels():
    with pytest.raises(InvalidSettingError, match="leave out --channel"):
        settings.check("transport", "smtp://localhost:25", channel="acme")


@pytest.mark.parametrize(
    ("name", "key"),
    [("offline-delay", "offline_delay"), ("offline_delay", "offline_delay"),
     (" Offline-Delay ", "offline_delay"), ("recap", "recap")],
)  # fmt: skip
def test_dashes_and_underscores_both_work(name, key):
    assert settings.canonical_key(name) == key


@pytest.mark.parametrize(
    ("name", "told"),
    [("ofline-delay", "there is no setting 'ofline-delay'; did you mean offline_delay?"),
     ("xyzzy", "there is no setting 'xyzzy'; see `continuation settings list`")],
)  # fmt: skip
def test_an_unknown_name(name, told):
    with pytest.raises(InvalidSettingError) as caught:
        settings.canonical_key(name)
    assert str(caught.value) == told


# --- What is in force --------------------------------------------------------------------------


def test_the_nearest_wins():
    defaults, channel = {"recap": "1", "daily_cap": "2"}, {"recap": "3"}
    assert settings.effective(defaults, {}).recap == 1
    assert settings.effective(defaults, channel).recap == 3
    assert settings.effective(defaults, channel, {"recap": "4"}).recap == 4
    assert settings.effective(defaults, channel).daily_cap == 2
    assert settings.effective({}, channel).daily_cap == 20


def test_where_a_value_comes_from():
    defaults, channel = {"recap": "1", "daily_cap": "2"}, {"recap": "3"}
    assert settings.source_of("recap", defaults, channel) == ("3", "channel")
    assert settings.source_of("daily_cap", defaults, channel) == ("2", "default")
    assert settings.source_of("max_age", defaults, channel) == ("3d", "built in")
    assert settings.source_of("reply_url", defaults, channel) == (None, "built in")


@examples(400)
@given(st.sampled_from(sorted(settings.SPECS)), st.text(max_size=30))
def test_what_passes_the_check_can_be_in_force_and_passes_again(key, text):
    """Whatever a person types: refused in words, or stored so that a sweep can read it."""
    try:
        stored = settings.check(key, text)
    except InvalidSettingError as error:
        told = str(error)
    else:
        told = f"{key}: "
        assert settings.check(key, stored) == stored
        if key not in settings.GLOBAL_KEYS:
            settings.effective({}, {key: stored})
    assert told.startswith(f"{key}: ")
