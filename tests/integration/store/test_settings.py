"""Settings and signing keys as rows: what is in force, who changed what, which key signs."""

from __future__ import annotations

from datetime import timedelta

from builders import DAY, at
from stored import text

from continuation_cli.store import settings

NOW = at("9:00")


def change(chat, channel, key, value, by="ada", now=NOW):
    return settings.change(chat.ours, channel, key, value, by=by, now=now)


def test_the_channels_value_before_the_default(chat):
    change(chat, None, "recap", "1")
    change(chat, "acme", "recap", "2")
    reader = settings.SettingsReader(chat.ours)
    assert reader.of("acme").recap == 2
    assert reader.of("other").recap == 1
    assert reader.of("acme").from_email == "support@example.com"


def test_what_if(chat):
    reader = settings.SettingsReader(chat.ours, {"offline_delay": "10m"})
    assert reader.of("acme").offline_delay == timedelta(minutes=10)
    assert settings.stored(chat.ours, None) == {"from_email": "support@example.com"}


def test_one_run_sees_one_state(chat):
    reader = settings.SettingsReader(chat.ours)
    assert reader.of("acme").recap == 5
    change(chat, "acme", "recap", "2")
    assert reader.of("acme").recap == 5
    assert settings.SettingsReader(chat.ours).of("acme").recap == 2


def test_a_setting_of_a_later_version_is_passed_over(chat):
    chat.write("INSERT INTO settings VALUES ('acme', 'from_the_future', 'x')")
    assert settings.stored(chat.ours, "acme") == {}
    assert settings.SettingsReader(chat.ours).of("acme").recap == 5


def test_the_transport_is_one_for_all(chat):
    assert settings.transport(chat.ours) is None
    change(chat, None, "transport", "smtp://localhost:25")
    assert settings.transport(chat.ours) == "smtp://localhost:25"


def test_who_changed_what_and_when(chat):
    assert change(chat, "acme", "recap", "2") is None
    assert change(chat, "acme", "recap", "3", by="eve", now=at("10:00")) == "2"
    assert change(chat, "acme", "recap", None, now=at("11:00")) == "3"
    assert change(chat, None, "locale", "de", now=at("12:00")) is None
    rows = [tuple(row) for row in settings.history(chat.ours, None, None)]
    assert rows == [
        (text(at("12:00")), "ada", None, "locale", None, "de"),
        (text(at("11:00")), "ada", "acme", "recap", "3", None),
        (text(at("10:00")), "eve", "acme", "recap", "2", "3"),
        (text(NOW), "ada", "acme", "recap", None, "2"),
    ]
    assert settings.stored(chat.ours, "acme") == {}
    assert len(settings.history(chat.ours, "acme", None)) == 3
    assert len(settings.history(chat.ours, None, "locale")) == 1
    assert settings.history(chat.ours, "acme", "locale") == []


def test_no_change_is_no_history(chat):
    change(chat, None, "recap", "2")
    assert change(chat, None, "recap", "2") == "2"
    assert change(chat, None, "locale", None) is None
    assert len(settings.history(chat.ours, None, None)) == 1


def test_the_newest_key_signs_and_all_are_there(chat):
    (first,) = settings.keys(chat.ours)
    kid = settings.add_key(chat.ours, DAY)
    assert [row["kid"] for row in settings.keys(chat.ours)] == [kid, first["kid"]]
    assert settings.signing_key(chat.ours).kid == kid
    assert len(settings.signing_key(chat.ours).secret) == 32
    assert settings.remove_key(chat.ours, kid)
    assert not settings.remove_key(chat.ours, kid)
    assert settings.signing_key(chat.ours).kid == first["kid"]
    settings.remove_key(chat.ours, first["kid"])
    assert settings.signing_key(chat.ours) is None
