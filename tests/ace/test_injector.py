"""What of a playbook reaches a prompt, what is withheld, and how an answer says what it used."""

from __future__ import annotations

import pytest

from factory.ace.injector import (
    BYTES,
    LITE_BYTES,
    Injection,
    cited_ids,
    inject,
    without_citations,
)
from factory.ace.library import default_playbook
from factory.ace.models import Playbook, PlaybookItem, id_prefix
from factory.ace.paths import DEFAULTS_DIR
from factory.ace.records import Tally
from factory.agents.roles import ROLES

PLAYBOOK = Playbook(
    role="builder",
    do=[PlaybookItem(id=f"build-{n:05d}", helpful=n, text=f"Do {n} " + "x" * 90) for n in range(1, 31)],
    dont=[PlaybookItem(id="build-00099", helpful=50, text="Sing.")],
)
SETTLED = {item.id: Tally(with_n=500, without_n=500) for item in PLAYBOOK.items}
DRAWS = [f"cycle-{n}/builder" for n in range(600)]


@pytest.mark.parametrize(("lite", "limit"), [(False, BYTES), (True, LITE_BYTES)])
def test_the_most_useful_items_that_fit(lite: bool, limit: int) -> None:
    told = inject(PLAYBOOK, SETTLED, "c/builder", lite=lite)
    lines = [line for line in told.text.splitlines() if line.startswith("- ")]
    assert sum(len(line.encode()) + 1 for line in lines) <= limit
    best = sorted(PLAYBOOK.do, key=lambda item: item.helpful)[-(len(lines) - 1) :]
    assert told.shown == (*(item.id for item in best), "build-00099")
    assert told.text.startswith("### DO\n\n- [build-")
    assert told.text.endswith("\n\n### DON'T\n\n- [build-00099] helpful=50 harmful=0 :: Sing.")


def test_an_item_on_trial_is_withheld_one_time_in_three_whatever_the_others_are() -> None:
    playbook = default_playbook("builder")
    lots = [inject(playbook, {}, draw) for draw in DRAWS]
    for item in playbook.items:
        share = sum(item.id in lot.withheld for lot in lots) / len(lots)
        assert 0.27 < share < 0.40
    one, other = playbook.items[:2]
    both = sum({one.id, other.id} <= set(lot.withheld) for lot in lots) / len(lots)
    assert 0.07 < both < 0.16  # a ninth: lots are independent
    assert all(set(lot.shown) == set(lot.trial) for lot in lots)


def test_the_same_call_has_the_same_lot_and_none_where_nothing_is_drawn() -> None:
    playbook = default_playbook("builder")
    assert inject(playbook, {}, "c/builder") == inject(playbook, {}, "c/builder")
    everything = inject(playbook, {}, "")
    assert (everything.shown, everything.trial, everything.withheld) == (
        tuple(item.id for item in playbook.items),
        (),
        (),
    )


def test_what_is_no_longer_on_trial_is_always_shown() -> None:
    assert {inject(PLAYBOOK, SETTLED, draw) for draw in DRAWS[:50]} == {inject(PLAYBOOK, SETTLED, "")}


def test_what_is_withheld_whole_is_told_as_withheld() -> None:
    alone = Playbook(role="builder", do=[PLAYBOOK.do[0]])
    lots = {inject(alone, {}, draw) for draw in DRAWS}
    assert Injection("", (), (), ("build-00001",)) in lots
    assert len(lots) == 2


@pytest.mark.parametrize(
    ("text", "ids", "rest"),
    [
        ("Plan.\n\nPlaybook: a-1, a-2", ["a-1", "a-2"], "Plan.\n"),
        ("Plan.\n**Playbook:** [a-2]; a-2 and a-9\n\n", ["a-2"], "Plan."),
        ("> playbook : none\n", [], ""),
        ("Plan.\nPlaybook: a-1\nMore.", [], "Plan.\nPlaybook: a-1\nMore."),
        ("The playbook says a-1", [], "The playbook says a-1"),
        ("", [], ""),
        ("-" * 100_000, [], "-" * 100_000),
    ],
)
def test_the_last_line_tells_what_was_used(text: str, ids: list[str], rest: str) -> None:
    assert cited_ids(text, ["a-1", "a-2"]) == ids
    assert without_citations(text) == rest


@pytest.mark.parametrize("role", ROLES)
def test_every_role_has_sound_defaults_that_fit_into_lite(role: str) -> None:
    text = (DEFAULTS_DIR / f"{role}.md").read_text(encoding="utf-8")
    playbook = Playbook.from_markdown(text, role)
    assert playbook.damaged == []
    assert playbook.to_markdown() == text
    assert 3 <= len(playbook.items) <= 6
    for item in playbook.items:
        assert item.id.startswith(f"{id_prefix(role)}-")
        assert (item.helpful, item.harmful) == (0, 0)
    assert len(inject(playbook, {}, "", lite=True).shown) >= 3


def test_there_are_no_defaults_for_roles_that_do_not_exist() -> None:
    assert {path.stem for path in DEFAULTS_DIR.glob("*.md")} == set(ROLES)
