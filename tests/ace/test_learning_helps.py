"""The simulation behind docs/learning.md, small: evolution helps, and poison is found."""

from __future__ import annotations

import statistics

from bench.learning import ARMS, BEGIN, END, EXPERIMENTS, LAST, PAGE, POISON, Run, home, simulate, written
from factory.ace.library import default_playbook

RUNS = {arm.name: simulate(arm, 3) for arm in ARMS[:4]}


def kept(run: Run, last: int = LAST) -> float:
    return statistics.mean(run.kept[-last:])


def test_evolution_helps_and_poison_does_harm_until_it_is_found() -> None:
    assert kept(RUNS["evolved"]) > kept(RUNS["defaults, never evolved"]) + 0.1
    assert kept(RUNS["poisoned, never evolved"], EXPERIMENTS) < kept(RUNS["evolved"], EXPERIMENTS) - 0.3
    poisoned = RUNS["poisoned, evolved"]
    assert poisoned.poison_gone is not None
    assert kept(poisoned) > kept(RUNS["poisoned, never evolved"]) + 0.2


def test_a_run_is_whole_and_the_poison_is_among_sound_items() -> None:
    assert all(len(run.kept) == EXPERIMENTS for run in RUNS.values())
    assert home(poisoned=True).playbooks["builder"].do == [*default_playbook("builder").do, POISON]


def test_the_page_takes_the_table_between_its_marks() -> None:
    page = PAGE.read_text(encoding="utf-8")
    assert page.count(BEGIN) == page.count(END) == 1
    once = written(page, "| a |")
    assert once == written(once, "| a |")
    assert f"{BEGIN}\n\n| a |\n\n{END}" in once
