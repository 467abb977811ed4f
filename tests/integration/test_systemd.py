"""The units that `schedule systemd` prints, read by systemd itself."""

from __future__ import annotations

import re
import shutil
import subprocess

import pytest


@pytest.mark.skipif(shutil.which("systemd-analyze") is None, reason="needs systemd-analyze")
def test_systemd_finds_no_fault_in_the_units(run, chat, tmp_path):
    fetch = ("--fetch", "imaps://replies%40example.com@imap.example.com/Support%20mail")
    out = run("schedule", "systemd", *fetch).out
    _, *parts = re.split(r"^# /etc/systemd/system/(\S+)\n", out, flags=re.MULTILINE)
    units = [tmp_path / name for name in parts[::2]]
    assert [unit.suffix for unit in units] == [".service", ".timer"] * 2
    for unit, text in zip(units, parts[1::2], strict=True):
        unit.write_text(text)
    done = subprocess.run(
        ["systemd-analyze", "verify", "--man=no", *map(str, units)],
        capture_output=True, text=True, timeout=30,
    )  # fmt: skip
    ours = [line for line in done.stderr.splitlines() if "continuation" in line]
    assert (done.returncode, ours) == (0, []), done.stderr
