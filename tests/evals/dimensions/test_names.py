"""Every dimension that needs no command is measured, explained, and can be proved alive."""

from __future__ import annotations

from factory.config.schema import BUILT_IN_DIMENSIONS
from factory.evals.gather import STATIC, TEST_DIMENSIONS
from factory.evals.prove import SEEN_IN_CODE
from factory.evals.setup_file import ABOUT


def test_every_built_in_dimension_is_measured() -> None:
    measured = STATIC.keys() | TEST_DIMENSIONS
    assert measured == BUILT_IN_DIMENSIONS.keys(), (
        "measure it in evals/gather.py, and enter it in BUILT_IN_DIMENSIONS of config/schema.py"
    )


def test_every_built_in_dimension_is_explained_in_the_setup() -> None:
    assert ABOUT.keys() == BUILT_IN_DIMENSIONS.keys(), "what it says goes into ABOUT of evals/setup_file.py"


def test_every_built_in_dimension_can_be_proved_alive() -> None:
    broken = SEEN_IN_CODE.keys() | {"tests"}
    assert broken == BUILT_IN_DIMENSIONS.keys(), "what makes it fall goes into SEEN_IN_CODE of evals/prove.py"
