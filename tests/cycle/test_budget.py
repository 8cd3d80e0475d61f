"""The ledger: what may still be spent, and that a ceiling nobody can count against is none to start under."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import cast

import pytest

from factory.commands.options import runners_for
from factory.cycle.agents import objection
from factory.cycle.budget import Ledger, Limits
from factory.cycle.context import Cycle, CycleOptions
from factory.cycle.lab import open_lab
from factory.cycle.state import Spent
from factory.errors import BadInput
from tests.support.repos import make_repo

MUTE = "[runner]\ndefault = 'mute'\n\n[runner.commands.mute]\nargv = ['true']\n\n[limits]\n"


def asked(*, priced: bool, calls: int = 1, usd: float | None = 1.0) -> str:
    """Why a Builder is not asked, after nothing that was reported to cost anything."""
    runner = SimpleNamespace(invocations_per_call=calls, reports_cost=priced)
    ledger = Ledger(Limits(invocations=60, cost_usd=usd), Spent(invocations=50))
    cycle = SimpleNamespace(ledger=ledger, runner_for=lambda role: runner)
    return objection(cast("Cycle", cycle), "builder")


def test_under_a_ceiling_in_dollars_nothing_starts_whose_cost_is_not_told() -> None:
    assert asked(priced=False) == "1.00 USD are the ceiling, and what a call costs is not reported"
    assert asked(priced=True) == asked(priced=False, usd=None) == asked(priced=False, calls=0) == ""


@pytest.mark.parametrize(
    ("policy", "options", "ceiling"),
    [("usd = 5", {}, "5"), ("usd = 5", {"budget_usd": 0.5}, "0.5"), ("", {"budget_usd": 2.0}, "2")],
)
def test_such_a_ceiling_is_refused_beforehand_wherever_it_comes_from(
    tmp_path: Path, policy: str, options: dict[str, float], ceiling: str
) -> None:
    lab = open_lab(make_repo(tmp_path / "p", {"factory.toml": MUTE + policy}), print)
    chosen = CycleOptions("improve", runner="mute", sandbox="off", budget_usd=options.get("budget_usd"))
    with pytest.raises(BadInput, match=f"A ceiling of {ceiling} USD cannot be kept: the mute runner"):
        runners_for(lab, chosen, "HEAD")


def test_no_ceiling_needs_no_costs(tmp_path: Path) -> None:
    lab = open_lab(make_repo(tmp_path / "p", {"factory.toml": MUTE + "usd = 0"}), print)
    chosen = CycleOptions("improve", runner="mute", sandbox="off", budget_usd=0.0)
    assert runners_for(lab, chosen, "HEAD")("builder").name == "mute"
