"""What is taken out of a text, what may stay, and what is refused."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from factory.ace.contributor.scrub import Private, scrub
from factory.ace.reflector import Tried, reflect
from factory.insights.projects import ProjectHistory
from factory.registry import KnownProject
from factory.rows import Row
from tests.support.repos import git, make_repo, write

NAMES = {"acme-shop": "project", "blue_heron": "project", "Pat Person": "name"}
PRIVATE = Private(NAMES, ("Make the importer skip empty lines",))
ADVICE = "Write the failing test first"


@pytest.mark.parametrize(
    ("told", "left"),
    [
        ("mail pat@acme.example", "mail [e-mail address]"),
        ("mail root@localhost", "mail [e-mail address]"),
        ("see https://x.example/a?b=c", "see [URL]"),
        ("clone git@host.example:o/r.git", "clone [URL]"),
        ("open intra.acme.corp/wiki now", "open [URL] now"),
        ("ask 192.168.1.20:8080", "ask [URL]"),
        ("ask ci.blue.engineering:8080", "ask [URL]"),
        ("ask fe80::1ff:fe23:4567:890a", "ask [URL]"),
        ("in acme\\billing\\tax", "in [path]"),
        ("in /home/pat/work/x.py", "in [path]"),
        ("in ~/work", "in [path]"),
        ("in C:\\Users\\Pat\\x", "in [path]"),
        ("in src/billing/tax.py", "in [path]"),
        ("in ./run.sh", "in [path]"),
        ("in billing_core.py", "in [file]"),
        ("as owner/repo#12 says", "as [reference] says"),
        ("as #12 says", "as [reference] says"),
        ("at 3f2a91c4", "at [commit]"),
        ("with token=abcdefgh12345678", "with token=[secret]"),
        ("with ghp_0123456789abcdefghijABCDEFGHIJ012345", "with [secret]"),
        ("as in Acme Shop", "as in [project]"),
        ("as in ACME_SHOP", "as in [project]"),
        ("as in BlueHeron", "as in [project]"),
        ("as in acme\u200b-shop", "as in [project]"),
        ("as \uff41cme-shop", "as [project]"),
        ("says pat person", "says [name]"),
        ('like "make the importer skip empty line"', "like [experiment]"),
        ("like “Rework how partners are taken on”", "like [experiment]"),
        ("like 'Rework the import of partners'", "like [experiment]"),
        ("like “Take partners in with token=abcdefgh12345678”", "like [experiment]"),
        ("like “Take partners in -----BEGIN PRIVATE KEY-----abc”", "like [experiment]"),
        ("with `token=abcdefgh12345678`", "with `token=[secret]`"),
        ('with "our own api token"=abcdefgh12345678', "with [experiment]=[secret]"),
        # What is nobody's stays as it is.
        ("and/or read/write, keep/revert", "and/or read/write, keep/revert"),
        ("in pyproject.toml and conftest.py", "in pyproject.toml and conftest.py"),
        ('the word "importer" alone', 'the word "importer" alone'),
        ("with a `New approach`", "with a `New approach`"),
        ("of all tests", "of all tests"),
        ("e.g. 0.75 of 3.11", "e.g. 0.75 of 3.11"),
    ],
)
def test_what_is_taken_out(told: str, left: str) -> None:
    found = scrub(f"{ADVICE}, {told}", PRIVATE)
    assert found.text == f"{ADVICE}, {left}"
    assert bool(found.removed) is (told != left)
    assert found.refusal == ""


@pytest.mark.parametrize(
    ("told", "why"),
    [
        ("as AcmeShopReader does", "its text still tells the project 'acme-shop'"),
        ("as acme_shop_reader does", ""),
        ("as [acmeshopper] does", "its text still tells the project 'acme-shop'"),
        ("as the acmeshopper does", "its text still tells the project 'acme-shop'"),
        ("as blueheron2 does", "its text still tells the project 'blue_heron'"),
        ("as the Heron does", "its text names 'Heron', which is part of the name of a project"),
        ("as the heron does", ""),
    ],
)
def test_what_still_tells_a_project_is_refused(told: str, why: str) -> None:
    assert scrub(f"{ADVICE}, {told}", PRIVATE).refusal == why


def test_what_says_nothing_without_its_details_is_refused() -> None:
    assert scrub("Look at https://x.example/a in src/a/b.py", PRIVATE).refusal == (
        "nothing that is general is left of its text"
    )


def test_a_secret_is_not_even_shown() -> None:
    found = scrub(f"{ADVICE} with password=hunter2hunter2", PRIVATE)
    assert [(one.kind, one.text) for one in found.removed] == [("secret", "(not shown)")]


def test_a_secret_that_is_quoted_is_not_shown_either() -> None:
    found = scrub(f"{ADVICE}, not “Take partners in with token=abcdefgh12345678”", PRIVATE)
    assert [(one.kind, one.text) for one in found.removed] == [
        ("secret", "(not shown)"),
        ("quotation", "Take partners in with token=[secret]"),
    ]


def test_a_project_whose_folder_is_gone_is_told_by_the_registry() -> None:
    gone = KnownProject("/gone/quokka-w", "git@git.wombat.example:numbat-team/ledger-v.git")
    assert {"quokka-w", "git.wombat.example", "numbat-team", "ledger-v"} <= Private.of(
        [], [gone]
    ).names.keys()


def test_names_come_from_projects_remotes_packages_and_the_person(tmp_path: Path) -> None:
    place = make_repo(tmp_path / "folder-name", {"pyproject.toml": '[project]\nname = "package-name"\n'})
    write(place, {"package.json": '{"name": "@scope-name/bundle-name"}'})
    one = ProjectHistory(
        place,
        (Row.of(hypothesis="Do this", verdict="keep"),),
        copies=(tmp_path / "copy-name",),
        remotes=("git.company.example/owner-name/repo-name", "github.com/second-owner/thing"),
    )
    found = Private.of(
        [one], [KnownProject(str(tmp_path / "other-name")), KnownProject(str(tmp_path / "src"))]
    )
    expected = {
        "folder-name", "package-name", "bundle-name", "copy-name", "owner-name", "repo-name", "second-owner",
        "git.company.example", "other-name", "Pat Person", "pat@example.org",
    }  # fmt: skip
    assert expected <= found.names.keys()
    assert not {"github.com", "src"} & found.names.keys()
    assert found.hypotheses == ("Do this",)
    assert git(place, "status", "--porcelain") == "?? package.json"


@given(st.text(max_size=80))
def test_no_text_breaks_it_and_a_second_time_changes_nothing(text: str) -> None:
    once = scrub(f"{ADVICE} {text}", PRIVATE)
    assert scrub(once.text, PRIVATE).text == once.text


@given(st.sampled_from(["pat@acme.example", "https://acme.example/x", "/home/pat/acme", "acme-shop"]), st.text(" .,;:()", max_size=5), st.text(" .,;:()", max_size=5))  # fmt: skip  # noqa: E501
def test_a_detail_goes_whatever_stands_around_it(detail: str, before: str, after: str) -> None:
    found = scrub(f"{ADVICE} {before}{detail}{after} and go on", PRIVATE)
    assert detail not in found.text


@pytest.mark.parametrize(
    "hypothesis",
    [
        "Match partial payments with the oldest position, " + "because the clerks moved them by hand " * 12,
        "Match “partial” payments with the oldest position, not the ”newest” one",
        "Match  partial\u00a0payments with the “oldest” position ﬁrst…",
        "Fix partial",
        "partial",
    ],
)
def test_what_the_reflector_itself_quotes_is_taken_out(tmp_path: Path, hypothesis: str) -> None:
    tried = [Tried(f"p#{n}", hypothesis, "revert", "no_effect", id=n) for n in range(12)]
    advice = next(one.text for one in reflect(tried).candidates if one.key.startswith("repeat:"))
    assert "partial" in advice
    row = Row.of(hypothesis=hypothesis, verdict="revert")
    for histories in ([ProjectHistory(tmp_path, (row,))], []):
        left = scrub(advice, Private.of(histories)).text
        assert left == "Plan again [experiment] or its like: it was reverted each time (no effect)."


@pytest.mark.parametrize(
    ("file", "text"),
    [
        ("pyproject.toml", "[project]\nname = 'zephyr'\n"),
        ("pyproject.toml", "[tool.poetry]\nname = 'zephyr'\n"),
        ("Cargo.toml", "[package]\nname = 'zephyr'\n"),
        ("setup.cfg", "[metadata]\nname = zephyr\n"),
        ("package.json", '{"name": "@acme/zephyr"}'),
        ("package.json", '{"name": "@zephyr/api"}'),
        ("go.mod", "// ours\nmodule github.com/zephyr/api/v2\n\ngo 1.22\n"),
        ("setup.py", "from setuptools import setup\n\nsetup(version='1', name='zephyr')\n"),
    ],
)
def test_a_package_names_its_project_whatever_tool_it_is_built_with(
    tmp_path: Path, file: str, text: str
) -> None:
    project = make_repo(tmp_path / "folder-a", {file: text})
    assert "zephyr" in Private.of([ProjectHistory(project)]).names
    (project / file).write_text("[", encoding="utf-8")
    assert "zephyr" not in Private.of([ProjectHistory(project)]).names


def test_what_is_imported_names_its_project_and_ordinary_words_do_not(tmp_path: Path) -> None:
    packages = ("zephyr", "blueheron_core", "models", "_util", "tests", "src/mistral", "src/handlers")
    project = make_repo(tmp_path / "folder-a", {f"{one}/__init__.py": "" for one in packages})
    write(project, {"sirocco/readme.txt": "no package"})
    found = Private.of([ProjectHistory(project)]).names
    assert {name for name, kind in found.items() if kind == "project"} == {
        "folder-a", "zephyr", "blueheron_core", "mistral"
    }  # fmt: skip


@pytest.mark.parametrize(
    ("told", "left"),
    [
        ("as Priya says", "as [name] says"),
        ("as priya says", "as [name] says"),
        ("as Quillfeather says", "as [name] says"),
        # A name that is a word as well is one where it is written like one.
        ("as Grant says", "as [name] says"),
        ("as Ng says", "as Ng says"),
        ("to grant access", "to grant access"),
        ("as Tim says", "as [name] says"),
        ("in good time", "in good time"),
    ],
)
def test_parts_of_the_persons_name_go(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, told: str, left: str
) -> None:
    monkeypatch.chdir(make_repo(tmp_path / "folder-a", {"a": ""}))
    git(tmp_path / "folder-a", "config", "user.name", "Tim Priya Grant Ng-Quillfeather")
    found = scrub(f"{ADVICE}, {told}", Private.of([]))
    assert (found.text, found.refusal) == (f"{ADVICE}, {left}", "")


@pytest.mark.parametrize(
    ("told", "left"),
    [
        ("“Fix SSO”", "[experiment]"),
        ("‘a’ or 'b' or \"Fix SSO\"", "‘a’ or 'b' or [experiment]"),
        ("`fix sso` and «SSO»", "[experiment] and «SSO»"),
        ("“Fixed” and “so”", "“Fixed” and “so”"),
    ],
)
def test_a_short_hypothesis_is_taken_out_like_a_long_one(told: str, left: str) -> None:
    private = Private({}, ("Fix SSO", "Make the importer skip empty lines"))
    assert scrub(f"{ADVICE}, like {told}", private).text == f"{ADVICE}, like {left}"
