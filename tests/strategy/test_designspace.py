from __future__ import annotations

from factory.strategy import Area, design_space, underserved
from factory.strategy.designspace import areas_of
from tests.strategy.support import Tried


def tried(*hypotheses: str) -> list[Tried]:
    return [Tried(number, hypothesis=text) for number, text in enumerate(hypotheses)]


def area(name: str, *hypotheses: str) -> Area:
    return next(area for area in design_space(tried(*hypotheses)) if area.name == name)


def test_every_area_is_there_and_untried_ones_are_underserved() -> None:
    areas = design_space([])
    assert [a.name for a in areas] == [
        "Features",
        "Instrumentation",
        "Testing",
        "Type safety",
        "Performance",
        "Documentation",
        "Infrastructure",
        "Operational execution",
        "Knowledge management",
        "Refactoring",
    ]
    assert {(a.score, a.tried, a.last) for a in areas} == {(1, 0, None)}
    assert underserved(areas) == ["Features", "Instrumentation", "Testing"]
    assert underserved([]) == []


def test_an_area_is_told_by_words() -> None:
    assert areas_of("Add tests for the cache") == ["Testing", "Performance"]
    assert areas_of("Rename modules") == ["Refactoring"]
    assert areas_of("Type hints for mypy") == ["Type safety"]
    assert areas_of("A whole new thing") == ["Features"]
    assert areas_of("Log the request") == ["Instrumentation"]
    assert areas_of("Simpler login logic") == ["Features"]
    assert areas_of("") == ["Features"]


def test_often_and_recently_tried_scores_high() -> None:
    assert area("Testing", "Add tests") == Area("Testing", 3, 1, 0)
    assert area("Testing", "Add tests", "Add tests") == Area("Testing", 4, 2, 0)
    assert area("Testing", *["Add tests"] * 4) == Area("Testing", 5, 4, 0)


def test_what_was_tried_long_ago_comes_back() -> None:
    assert area("Testing", "Add tests", *["Rename"] * 10) == Area("Testing", 2, 1, 10)
    assert area("Testing", "Add tests", *["Rename"] * 21) == Area("Testing", 1, 1, 21)
    assert area("Testing", "Add tests", *["Rename"] * 100) == Area("Testing", 1, 0, None)


def test_the_longest_untried_come_first() -> None:
    areas = [Area("a", 1, 1, 30), Area("b", 1, 0, None), Area("c", 2, 1, 9), Area("d", 1, 1, 40)]
    assert underserved(areas, 5) == ["b", "d", "a"]
