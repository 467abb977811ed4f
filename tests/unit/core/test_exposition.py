"""Prometheus' text format, as Prometheus' own parser reads it."""

from __future__ import annotations

import math

from histories import examples
from hypothesis import given
from hypothesis import strategies as st
from prometheus_client.parser import text_string_to_metric_families

from continuation_cli.core.exposition import Family, Sample, by, one, render


def test_a_page_as_it_is_written():
    assert render(
        [
            one("a_total", "counter", "All.", 3),
            one("b", "gauge", "None."),
            by("c", "By\\ state\nand all.", "state", {"sent": 1.5}, ("sent", "new")),
        ]
    ) == (
        "# HELP a_total All.\n# TYPE a_total counter\na_total 3\n"
        "# HELP c By\\\\ state\\nand all.\n# TYPE c gauge\n"
        'c{state="sent"} 1.5\nc{state="new"} 0\n'
    )


def test_labels_that_end_a_label_a_line_or_a_page():
    for value in ('"', "\\", "\n", '\\"', "\\n", 'x"} 1\nc{state="y', "", " ", "😀", "é", "{},="):
        assert read(render([by("c", "x", "state", {value: 7})])) == [("c", {"state": value}, 7)]


def read(text):
    return [
        (sample.name, sample.labels, sample.value)
        for family in text_string_to_metric_families(text)
        for sample in family.samples
    ]


names = st.from_regex(r"[a-z][a-z0-9_]{0,9}", fullmatch=True)
# Where a line ends is a matter of splitting for that parser: str.splitlines has many ends.
texts = st.text(
    st.characters(exclude_categories=("Cs", "Cc", "Zl", "Zp")) | st.just("\n"), max_size=20
)
samples = st.builds(
    Sample,
    st.floats(allow_nan=False, allow_infinity=False) | st.integers(-(2**53), 2**53),
    st.dictionaries(names, texts, max_size=3),
)


@examples(60)
@given(
    st.lists(
        st.builds(
            Family,
            names.map("m_{}".format),
            st.just("gauge"),
            texts,
            st.lists(samples, max_size=3, unique_by=lambda s: tuple(sorted(s.labels.items()))),
        ),
        max_size=4,
        unique_by=lambda family: family.name,
    )
)
def test_what_is_written_is_read(families):
    text = render(families)
    expected = [(f.name, s.labels, float(s.value)) for f in families for s in f.samples]
    found = read(text)
    assert [(name, labels) for name, labels, _ in found] == [(n, v) for n, v, _ in expected]
    assert all(math.isclose(a[2], b[2]) for a, b in zip(found, expected, strict=True))
    assert text.count("\n") == sum(2 + len(f.samples) for f in families if f.samples)
