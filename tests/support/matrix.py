"""Parameters of which only a sample runs always; all of them with ``-m matrix``."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import Any, TypeVar

import pytest
from _pytest.mark import ParameterSet

T = TypeVar("T")


def sampled(values: Iterable[T], always: Collection[T]) -> list[ParameterSet]:
    """The values as parameters, those that are not in ``always`` under the marker ``matrix``."""
    return [pytest.param(one, marks=() if one in always else pytest.mark.matrix) for one in values]


def named(values: Mapping[str, Any], always: Collection[str]) -> list[ParameterSet]:
    """The same for values of which each has a name, which is how its test is called.

    A tuple is the values of as many parameters.
    """
    return [
        pytest.param(
            *(value if isinstance(value, tuple) else (value,)),
            id=name,
            marks=() if name in always else pytest.mark.matrix,
        )
        for name, value in values.items()
    ]
