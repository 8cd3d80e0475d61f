"""Names that other programs import, and that therefore stay."""

from __future__ import annotations

import importlib

import pytest

from factory.models import ExperimentRecord
from factory.strategy import FEECCategory
from tools.reachable import PUBLIC


@pytest.mark.parametrize(("module", "name"), [(m, n) for m, names in PUBLIC.items() for n in names])
def test_a_public_name_is_there(module: str, name: str) -> None:
    assert hasattr(importlib.import_module(module), name)


def test_categories_are_ordered_from_fix_to_combine() -> None:
    assert [c.name for c in sorted(FEECCategory)] == ["FIX", "EXPLOIT", "EXPLORE", "COMBINE"]
    assert [int(c) for c in sorted(FEECCategory)] == [0, 1, 2, 3]


def test_a_hypothesis_is_plain_text() -> None:
    assert ExperimentRecord.model_fields["hypothesis"].annotation is str
