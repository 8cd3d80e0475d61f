"""Which findings a research text defines; a citation or a path defines none."""

from __future__ import annotations

import pytest

from factory.cycle.research import defined_findings


@pytest.mark.parametrize(
    "line",
    [
        *("- **R1** a", "* R1, a", "1. R1 — a", "  - [R1] a", "- **R1:** a", "+ `R1`: a", "- R1. A"),
        *("## R1", "### R1: `a.py`", "R1: a", "**R1:** a", "**R1**: a"),
    ],
)
def test_a_heading_or_a_list_item_defines_a_finding(line: str) -> None:
    assert defined_findings(f"As R7 says:\n\n{line}\n") == ["R1"]


@pytest.mark.parametrize(
    "line",
    [
        *("- R9/x.py is odd", "- `R9/x.py`: odd", "- R9.py: odd", "- R9-old.py: odd", "R9/x.py: odd"),
        *("- as R9 says", "R9 says so.", "-R9", "- R9x", "- XR9: a", "| R9 | a |"),
    ],
)
def test_other_mentions_define_none(line: str) -> None:
    assert defined_findings(f"- **R1** a\n{line}\n") == ["R1"]


def test_findings_are_told_once_and_in_the_order_of_their_numbers() -> None:
    assert defined_findings("### R10: b\n### R2: a\n- R2: again\n") == ["R2", "R10"]
