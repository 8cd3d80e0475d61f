"""Giving back: what is general of all that was learned, in a pull request, if a person says so."""

from factory.ace.contributor.candidates import load_candidates
from factory.ace.contributor.classify import classify_evolved_playbooks, classify_item
from factory.ace.contributor.execute import execute_contribution
from factory.ace.contributor.explain import explain_specificity, explain_uncertainty, package_evidence
from factory.ace.contributor.model import ClassifiedItem
from factory.ace.contributor.prepare import prepare_contribution

__all__ = [
    "ClassifiedItem",
    "classify_evolved_playbooks",
    "classify_item",
    "execute_contribution",
    "explain_specificity",
    "explain_uncertainty",
    "load_candidates",
    "package_evidence",
    "prepare_contribution",
]
