"""Parameters of which only a sample runs always; all of them with ``-m matrix``."""

from __future__ import annotations

from collections.abc import Collection, Iterable
from typing import TypeVar

import pytest
from _pytest.mark import ParameterSet

T = TypeVar("T")


def sampled(values: Iterable[T], always: Collection[T]) -> list[ParameterSet]:
    """The values as parameters, those that are not in ``always`` under the marker ``matrix``."""
    return [pytest.param(one, marks=() if one in always else pytest.mark.matrix) for one in values]
