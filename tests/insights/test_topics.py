"""The topic of a hypothesis."""

from __future__ import annotations

import pytest

from factory.insights import classify_hypothesis


@pytest.mark.parametrize(
    ("text", "topic"),
    [
        ("Shorten the strategist's prompt", "prompt engineering"),
        ("Let agents cite what they used", "agent improvement"),
        ("Make the eval harness count skipped tests", "eval improvement"),
        ("Run the workflow in a container", "infrastructure"),
        ("Log what the retry swallowed", "observability"),
        ("Raise coverage of the parser", "coverage"),
        ("Add tests for empty input", "testing"),
        ("Fix lint errors in the importer", "lint"),
        ("Annotate the public functions", "type safety"),
        ("Split the long function in two", "refactoring"),
        ("Cache the parsed file", "performance"),
        ("Implement an export to CSV", "feature"),
        ("Fix the crash on an empty file", "bugfix"),
        # Stems stand at the beginning of a word; what says nothing is a feature.
        ("Use a unique value", "feature"),
        ("Paint it blue", "feature"),
        ("", "feature"),
        # Of general topics, the first word decides.
        ("Fix the crash and add a test for it", "bugfix"),
        ("Add a test for the crash", "testing"),
        # A fixture is not a fix.
        ("Share a fixture", "testing"),
    ],
)
def test_topics(text: str, topic: str) -> None:
    assert classify_hypothesis(text) == topic
