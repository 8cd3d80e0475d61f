"""Names that other programs import, and that therefore stay."""

from __future__ import annotations

import importlib

import pytest

from factory.models import ExperimentRecord
from factory.strategy import FEECCategory

NAMES = {
    "factory.cli": ("build_parser",),
    "factory.models": ("ExperimentRecord",),
    "factory.store": ("ExperimentStore",),
    "factory.strategy": (
        *("FEECCategory", "categorize_hypothesis", "rank_hypotheses", "hypothesis_similarity"),
        *("find_anti_patterns", "detect_stuck", "detect_plateau", "format_tiered_history"),
    ),
    "factory.agents.ceo_task": ("build_ceo_task",),
    "factory.ace.models": ("Playbook", "PlaybookItem"),
    "factory.ace.paths": ("DEFAULTS_DIR", "user_playbooks_dir"),
    "factory.ace.contributor": (
        *("ClassifiedItem", "classify_item", "classify_evolved_playbooks", "package_evidence"),
        *("explain_specificity", "explain_uncertainty", "load_candidates"),
        *("prepare_contribution", "execute_contribution"),
    ),
    "factory.insights": ("classify_hypothesis", "discover_projects", "load_all_histories"),
}


@pytest.mark.parametrize(("module", "name"), [(m, n) for m, names in NAMES.items() for n in names])
def test_a_public_name_is_there(module: str, name: str) -> None:
    assert hasattr(importlib.import_module(module), name)


def test_categories_are_ordered_from_fix_to_combine() -> None:
    assert [c.name for c in sorted(FEECCategory)] == ["FIX", "EXPLOIT", "EXPLORE", "COMBINE"]
    assert [int(c) for c in sorted(FEECCategory)] == [0, 1, 2, 3]


def test_a_hypothesis_is_plain_text() -> None:
    assert ExperimentRecord.model_fields["hypothesis"].annotation is str
