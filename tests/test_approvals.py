"""Approvals: bound to exact bytes, private, and a person's alone."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from factory.approvals import Adoption, Approval, Approvals, difference, fingerprint
from factory.errors import BadInput, Refused
from factory.paths import HomePaths

TEXT = "# A — Specification\n"


@pytest.fixture
def complaints() -> list[str]:
    return []


@pytest.fixture
def approvals(tmp_path: Path, complaints: list[str]) -> Approvals:
    return Approvals(HomePaths(tmp_path / "home"), "p-1", complaints.append)


def approve(approvals: Approvals, text: str | bytes, form: str = "project") -> Approval:
    return approvals.approve(text, who="Pat Person", form=form, title="A", how="terminal")


def files(tmp_path: Path) -> list[Path]:
    return sorted((tmp_path / "home/approvals/p-1").iterdir())


def test_an_approval_is_of_these_bytes_and_no_others(approvals: Approvals) -> None:
    made = approve(approvals, TEXT)
    assert (made.who, made.how, made.form, made.title) == ("Pat Person", "terminal", "project", "A")
    assert made.sha256 == fingerprint(TEXT.encode())
    assert approvals.of(TEXT) == approvals.latest() == made
    assert approvals.text_of(made) == TEXT
    for other in (TEXT.replace("\n", "\r\n"), TEXT + "\n", TEXT.rstrip(), ""):
        assert approvals.of(other) is None


def test_every_byte_comes_back(approvals: Approvals) -> None:
    data = b"# A\r\n\xff\xfe \xc3\xa9\r"
    made = approve(approvals, data)
    assert approvals.text_of(made).encode("utf-8", "surrogateescape") == data
    assert approvals.of(approvals.text_of(made)) == made


def test_the_newest_counts_and_forms_are_apart(approvals: Approvals) -> None:
    first, second = approve(approvals, TEXT), approve(approvals, "other")
    improvement = approve(approvals, "third", form="improvement")
    assert approvals.latest() == improvement
    assert approvals.latest("project") == second
    again = approve(approvals, TEXT)
    assert again.sha256 == first.sha256
    assert approvals.latest() == again
    assert approve(approvals, TEXT) == again, "approved twice is approved once"


def test_projects_are_apart(approvals: Approvals, tmp_path: Path) -> None:
    approve(approvals, TEXT)
    assert Approvals(HomePaths(tmp_path / "home"), "p-2").of(TEXT) is None


def test_only_the_user_can_read_them(approvals: Approvals, tmp_path: Path) -> None:
    approve(approvals, TEXT)
    folder = tmp_path / "home/approvals/p-1"
    assert [p.stat().st_mode & 0o777 for p in (folder, folder.parent, folder.parent.parent)] == [0o700] * 3


def test_an_agent_cannot_approve(
    approvals: Approvals, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv("FACTORY_ROLE", "builder")
    with pytest.raises(Refused, match="Only a person can approve a spec, and this runs inside"):
        approve(approvals, TEXT)
    with pytest.raises(Refused):
        approvals.record(Approval(fingerprint(TEXT), "x", "2026", "terminal", "project", "A"), TEXT)
    assert not (tmp_path / "home").exists()


@pytest.mark.parametrize(
    ("name", "content"),
    [
        (".json", "{"),
        (".json", "[]"),
        (".json", '{"v": 99}'),
        (".json", '{"v": 1}'),
        (".json", None),
        (".md", "# B — Specification\n"),
        (".md", None),
    ],
)
def test_a_damaged_record_is_no_approval_and_is_reported(
    approvals: Approvals, complaints: list[str], tmp_path: Path, name: str, content: str | None
) -> None:
    made = approve(approvals, TEXT)
    file = tmp_path / f"home/approvals/p-1/{made.sha256}{name}"
    if content is None:
        file.unlink()
    else:
        file.write_text(content)
    complaints.clear()
    assert approvals.of(TEXT) is None
    assert approvals.latest() is None
    if name == ".json" and content is None:
        assert complaints == [], "a record that is not there is not damaged"
    else:
        assert f"{made.sha256}.json does not count as an approval" in complaints[0]
    if name == ".md":
        with pytest.raises(BadInput, match="missing or damaged"):
            approvals.text_of(made)


def test_a_record_under_another_name_is_no_approval(
    approvals: Approvals, complaints: list[str], tmp_path: Path
) -> None:
    made = approve(approvals, TEXT)
    record = tmp_path / f"home/approvals/p-1/{made.sha256}.json"
    stolen = fingerprint("other")
    (record.parent / f"{stolen}.json").write_text(record.read_text())
    (record.parent / f"{stolen}.md").write_text("other")
    assert approvals.of("other") is None
    assert "it is no approval of the text that its name tells" in complaints[0]


def test_how_is_one_of_three(approvals: Approvals, tmp_path: Path) -> None:
    made = approve(approvals, TEXT)
    record = tmp_path / f"home/approvals/p-1/{made.sha256}.json"
    record.write_text(json.dumps(json.loads(record.read_text()) | {"how": "agent"}))
    assert approvals.of(TEXT) is None


def test_difference() -> None:
    assert difference("a\nb\n", "a\nc\n") == "--- approved\n+++ now\n@@ -1,2 +1,2 @@\n a\n-b\n+c"
    assert difference("a\n", "a\n") == ""
    assert difference("a\n", "a\r\n") == "Only the line ends differ."


def adopt(approvals: Approvals, text: str) -> Adoption:
    return approvals.adopt(text, form="project", title="A", cycle="c-1")


def test_what_a_build_has_drafted_for_itself_is_no_approval(approvals: Approvals, tmp_path: Path) -> None:
    adopted = adopt(approvals, TEXT)
    assert approvals.of(TEXT) is None
    assert approvals.latest() is None
    assert approvals.contract_of(TEXT) == adopted
    assert approvals.contracts() == [adopted]
    assert approvals.text_of(adopted) == TEXT
    record = json.loads((tmp_path / f"home/approvals/p-1/adopted/{adopted.sha256}.json").read_text())
    assert set(record) - {"v"} == {"sha256", "when", "cycle", "form", "title"}, "nobody is named"
    approved = approve(approvals, TEXT)
    assert approvals.contract_of(TEXT) == approved, "a person may agree to it later"
    assert approvals.contracts() == [approved]


def test_an_adoption_among_the_approvals_is_none(
    approvals: Approvals, complaints: list[str], tmp_path: Path
) -> None:
    adopted = adopt(approvals, TEXT)
    folder = tmp_path / "home/approvals/p-1"
    for name in (f"{adopted.sha256}.json", f"{adopted.sha256}.md"):
        (folder / name).write_bytes((folder / "adopted" / name).read_bytes())
    assert approvals.of(TEXT) is None
    assert f"{adopted.sha256}.json does not count as an approval" in complaints[0]


def test_a_changed_text_is_not_the_adopted_one(approvals: Approvals, complaints: list[str]) -> None:
    adopt(approvals, TEXT)
    assert approvals.contract_of(TEXT + "more") is None
    assert complaints == []
