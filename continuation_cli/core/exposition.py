"""Prometheus' text format, version 0.0.4
(https://prometheus.io/docs/instrumenting/exposition_formats/#text-based-format).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence


class Sample(NamedTuple):
    """One value, and the labels that tell it from the others of its family."""

    value: float
    labels: Mapping[str, str] = {}


class Family(NamedTuple):
    """All samples of one name. A family of none is left out."""

    name: str
    kind: Literal["counter", "gauge"]
    help: str
    samples: Sequence[Sample]


def one(
    name: str, kind: Literal["counter", "gauge"], about: str, value: float | None = None
) -> Family:
    """A family of a single sample without labels; None: of none."""
    return Family(name, kind, about, () if value is None else (Sample(value),))


def by(
    name: str, about: str, label: str, values: Mapping[str, float], known: Iterable[str] = ()
) -> Family:
    """A gauge with one label. What is `known` but has no value is 0, so that an alert sees it."""
    every = {**dict.fromkeys(known, 0.0), **values}
    return Family(name, "gauge", about, [Sample(v, {label: key}) for key, v in every.items()])


def render(families: Iterable[Family]) -> str:
    """The families in their order, each with its HELP and TYPE; a line end after every line."""
    lines: list[str] = []
    for family in families:
        if family.samples:
            lines.append(f"# HELP {family.name} {_escaped(family.help)}")
            lines.append(f"# TYPE {family.name} {family.kind}")
            lines.extend(_line(family.name, sample) for sample in family.samples)
    return "".join(f"{line}\n" for line in lines)


def _line(name: str, sample: Sample) -> str:
    quoted = (
        '{}="{}"'.format(label, _escaped(value).replace('"', '\\"'))
        for label, value in sample.labels.items()
    )
    labels = ",".join(quoted)
    value = sample.value
    # Whole numbers as such: 1e+16 is allowed, but people read this, too.
    number = str(int(value)) if float(value).is_integer() else repr(float(value))
    return f"{name}{{{labels}}} {number}" if labels else f"{name} {number}"


def _escaped(text: str) -> str:
    """What would end a line, or escape what follows. A lone CR ends no line in this format, but it
    does for half of the programs that read it."""
    return text.replace("\\", "\\\\").replace("\r\n", "\n").replace("\r", "\n").replace("\n", "\\n")
