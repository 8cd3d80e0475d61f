from __future__ import annotations

import json
from pathlib import Path

import pytest

from factory.runners.stream import Event, OpenTools, StallWatch, events


def begun_and_ended(event: Event) -> tuple[set[str], set[str]]:
    return set(event.get("begins", ())), set(event.get("ends", ()))


class Scene:
    """A growing file, a clock in hand, and the watch over both."""

    def __init__(self, path: Path) -> None:
        self.path, self.now = path, 0.0
        self.watch = StallWatch(path, OpenTools(begun_and_ended), 10, clock=lambda: self.now)

    def stalled_after(self, seconds: float) -> bool:
        self.now += seconds
        return self.watch()

    def comes(self, *items: object, torn: str = "") -> None:
        with self.path.open("a") as file:
            file.write("".join(json.dumps(item) + "\n" for item in items) + torn)


@pytest.fixture
def scene(tmp_path: Path) -> Scene:
    return Scene(tmp_path / "events")


def test_events_are_the_objects_among_the_lines() -> None:
    assert list(events('{"a": 1}\nwarning\n[1]\n"x"\n\n{"b": 2}\n{"torn')) == [{"a": 1}, {"b": 2}]


def test_a_call_without_any_event_stalls(scene: Scene) -> None:
    assert not scene.stalled_after(10)
    assert scene.stalled_after(1)


def test_every_event_begins_the_wait_anew(scene: Scene) -> None:
    scene.stalled_after(9)
    scene.comes({"type": "odd"})
    assert not scene.stalled_after(9)
    assert not scene.stalled_after(9)
    assert scene.stalled_after(2)


def test_no_stall_while_a_tool_runs_and_the_wait_begins_at_its_end(scene: Scene) -> None:
    scene.comes({"begins": ["a", "b"]})
    assert not scene.stalled_after(100)
    scene.comes({"ends": ["a"]})
    assert not scene.stalled_after(100)
    scene.comes({"ends": ["b"]})
    assert not scene.stalled_after(5)
    assert not scene.stalled_after(9)
    assert scene.stalled_after(2)


def test_half_an_event_is_waited_for(scene: Scene) -> None:
    scene.comes(torn='{"begins":')
    assert not scene.stalled_after(5)
    scene.comes(torn=' ["a"]}\n')
    assert not scene.stalled_after(5)
    assert not scene.stalled_after(100), "a tool is running"
