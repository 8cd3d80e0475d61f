"""What checks on both sides of a change show."""

from __future__ import annotations

from factory.models import CommandResult, VerifyCheck, VerifyReport


def check(feature: str, before: int, after: int) -> VerifyCheck:
    """A check with its exit codes."""
    sides = [
        CommandResult(name="check", command="true", exit_code=code, output="") for code in (before, after)
    ]
    return VerifyCheck(feature=feature, before=sides[0], after=sides[1])


def test_a_feature_is_shown_by_all_of_its_checks() -> None:
    checks = [check("5.1", 1, 1), check("5.1", 1, 0), check("5.2", 1, 0), check("", 1, 0)]
    report = VerifyReport(commit="c", checks=checks)
    assert report.by_feature == {"5.1": False, "5.2": True}
    assert report.passed_before == []
    assert report.delivered is False


def test_a_check_that_passed_before_shows_nothing() -> None:
    report = VerifyReport(commit="c", checks=[check("5.1", 0, 0), check("5.2", 1, 0)])
    assert (report.by_feature, report.passed_before) == ({"5.1": False, "5.2": True}, ["5.1"])
    assert report.delivered is False


def test_a_check_that_could_not_run_has_neither_failed_nor_passed() -> None:
    cut_off = CommandResult(name="check", command="true", exit_code=-1, output="", complete=False)
    failed, passed = check("", 1, 0).before, check("", 1, 0).after
    report = VerifyReport(commit="c", checks=[VerifyCheck(before=cut_off, after=passed)])
    assert (report.delivered, report.unmet) == (False, "")
    told = [
        VerifyReport(commit="c", checks=[VerifyCheck(before=before, after=after)]).unmet
        for before, after in ((failed, cut_off), (cut_off, failed))
    ]
    assert told == ["its own check could not run to its end: true", "its own check fails: true"]


def test_a_check_that_does_not_pass_with_the_change_is_told() -> None:
    told = [
        VerifyReport(commit="c", checks=[check("", 1, 0), check("", *codes)]).unmet
        for codes in ((1, 1), (0, 1), (1, 0), (0, 0))
    ]
    assert told[:2] == ["its own check still fails: true", "its own check fails now, and passed before: true"]
    assert told[2:] == ["", ""]
