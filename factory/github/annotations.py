"""Findings as a workflow of GitHub Actions takes them: lines that become annotations at the changed files."""

from __future__ import annotations

from factory.models import GuardFinding


def annotation(finding: GuardFinding) -> str:
    """The workflow command for one finding. What would end it or start another is escaped as GitHub says."""
    place = {"file": finding.file, "line": str(finding.line or "") if finding.file else ""}
    properties = {**place, "title": f"factory guard: {finding.guard}"}
    told = ",".join(f"{name}={_property(value)}" for name, value in properties.items() if value)
    message = f"{finding.message}\n{finding.mend}" if finding.mend else finding.message
    return f"::error {told}::{_data(message)}"


def _data(text: str) -> str:
    return text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A")


def _property(text: str) -> str:
    return _data(text).replace(":", "%3A").replace(",", "%2C")
