"""What of a project's settings belongs to the judge, and how a change's files get the baseline's."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from factory.evals.judge_extends import extended_settings
from factory.evals.judge_settings import changed_settings, is_judge_file, with_settings_of
from factory.git import Repo
from tests.support.repos import make_repo

PACKAGE: dict[str, Any] = {
    "name": "sums",
    "scripts": {"test": "jest", "lint": "eslint ."},
    "jest": {"testMatch": ["**/*.test.js"]},
    "dependencies": {"left-pad": "^1.0.0"},
    "devDependencies": {"jest": "^29.7.0", "@types/node": "^20"},
}


@pytest.mark.parametrize(
    "path",
    [
        *(
            "jest.config.js",
            "vitest.config.mts",
            "vite.config.ts",
            "packages/a/eslint.config.mjs",
            ".eslintrc",
        ),
        *("src/.eslintrc.json", ".eslintignore", "tsconfig.json", "tsconfig.build.json", "jsconfig.json"),
        *(".nycrc.json", ".c8rc.json", ".mocharc.yml", "vitest.workspace.ts", ".npmrc", "ruff.toml"),
        *("node_modules/eslint/package.json", "node_modules/.bin/jest", "node_modules/@vitest/ui/a.js"),
    ],
)
def test_files_of_the_judges(path: str) -> None:
    assert is_judge_file(path)


@pytest.mark.parametrize(
    "path",
    [
        *(
            "src/jest.js",
            "src/eslint-rules.js",
            "config.js",
            "package.json",
            "tsconfig.md",
            "src/tsconfig.ts",
        ),
        *("node_modules/left-pad/index.js", "node_modules/@types/node/index.d.ts", "rollup.config.js"),
    ],
)
def test_files_of_the_changes_own(path: str) -> None:
    assert not is_judge_file(path)


def _with(**changes: Any) -> str:
    return json.dumps({**PACKAGE, **changes})


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"version": "2", "dependencies": {"left-pad": "^2"}}, []),
        ({"scripts": {**PACKAGE["scripts"], "docs": "typedoc"}}, []),
        ({"scripts": {**PACKAGE["scripts"], "test": "true"}}, ["scripts.test"]),
        ({"scripts": {"test": "jest"}}, ["scripts.lint"]),
        ({"scripts": {**PACKAGE["scripts"], "posttest": "x"}}, ["scripts.posttest"]),
        ({"scripts": {**PACKAGE["scripts"], "prepare": "x"}}, ["scripts.prepare"]),
        ({"jest": {}}, ["jest"]),
        ({"eslintConfig": {"rules": {}}}, ["eslintConfig"]),
        ({"devDependencies": {"jest": "file:./fake"}}, ["devDependencies.jest"]),
        ({"overrides": {"jest": "1", "left-pad": "1"}}, ["overrides.jest"]),
    ],
)  # fmt: skip
def test_the_judges_part_of_a_package_stays_the_baselines(changes: dict[str, Any], told: list[str]) -> None:
    before, after = json.dumps(PACKAGE), _with(**changes)
    assert changed_settings("package.json", before, after) == told
    made = with_settings_of("package.json", after, before)
    assert made is not None
    assert changed_settings("package.json", before, made) == []
    own = ("name", "version") if told else tuple(changes)
    assert {key: json.loads(made).get(key) for key in own} == {key: json.loads(after).get(key) for key in own}


def test_scripts_of_the_changes_own_can_be_run_beside_the_judges() -> None:
    after = _with(scripts={"test": "true", "docs": "typedoc", "pretest": "x"}, bin="cli.js")
    made = json.loads(with_settings_of("package.json", after, json.dumps(PACKAGE)) or "")
    assert made["scripts"] == {**PACKAGE["scripts"], "docs": "typedoc"}
    assert made["bin"] == "cli.js"


def test_what_a_lock_file_pins_of_a_tool_is_the_judges() -> None:
    jest = {"version": "29.7.0", "resolved": "https://x/jest.tgz", "integrity": "sha512-a"}
    before = {"packages": {"": {}, "node_modules/jest": jest, "node_modules/left-pad": {"version": "1"}}}
    other = {"packages": {**before["packages"], "node_modules/left-pad": {"version": "2"}}}
    dev = {"packages": {**before["packages"], "node_modules/jest": {**jest, "dev": True}}}
    fake = {"packages": {**other["packages"], "node_modules/jest": {**jest, "resolved": "file:fake"}}}
    texts = [json.dumps(lock) for lock in (before, other, dev, fake)]
    told = [changed_settings("package-lock.json", texts[0], text) for text in texts]
    assert told == [[], [], [], ["packages.node_modules/jest"]]
    made = json.loads(with_settings_of("package-lock.json", texts[3], texts[0]) or "")
    assert made["packages"]["node_modules/jest"] == jest
    assert made["packages"]["node_modules/left-pad"] == {"version": "2"}


NAMED = '[project]\nname = "calc"\n'
PROJECT = f'{NAMED}requires-python = ">=3.8"\nversion = "1"\n'
MEASURED = '[project]\nrequires-python = ">=3.8"\nname = "calc"\nversion = "1"\n'
CFG = "[metadata]\nname = calc\n\n[options]\npython_requires = >=3.8\nzip_safe = no\n"
ZIPPED = CFG.replace("python_requires = >=3.8\n", "")


@pytest.mark.parametrize(
    ("before", "after", "measured"),
    [
        (PROJECT, PROJECT.replace("3.8", "3.6"), MEASURED),
        (PROJECT, f'{NAMED}version = "2"\n', MEASURED.replace('"1"', '"2"')),
        (NAMED, PROJECT, f'{NAMED}version = "1"\n'),
        (PROJECT, "[tool.black]\nline-length = 1\n", PROJECT),
        ("[project]\nrequires-python = 2026-01-01\n", NAMED, "[project]\nrequires-python = 2026-01-01\n"),
        (PROJECT, 'project = { name = "calc", requires-python = ">=3.6" }\n', PROJECT),
    ],
)
def test_the_required_python_of_a_pyproject_is_the_baselines(before: str, after: str, measured: str) -> None:
    assert changed_settings("pyproject.toml", before, after) == ["project.requires-python"]
    assert (with_settings_of("pyproject.toml", after, before) or "").strip() == measured.strip()


@pytest.mark.parametrize(
    ("before", "after", "measured"),
    [
        (CFG, CFG.replace("3.8", "3.6"), f"{ZIPPED}python_requires = >=3.8\n"),
        (CFG, ZIPPED, f"{ZIPPED}python_requires = >=3.8\n"),
        (CFG, ZIPPED.partition("\n[")[0], CFG.replace("zip_safe = no\n", "")),
        (ZIPPED, CFG, ZIPPED),
    ],
)
def test_the_required_python_of_a_setup_cfg_is_the_baselines(before: str, after: str, measured: str) -> None:
    assert changed_settings("setup.cfg", before, after) == ["options.python_requires"]
    assert (with_settings_of("setup.cfg", after, before) or "").strip() == measured.strip()


@pytest.mark.parametrize("text", ["{", "[]", None])
def test_a_package_that_cannot_be_read_is_the_baselines(text: str | None) -> None:
    before = json.dumps(PACKAGE)
    assert changed_settings("package.json", before, text)
    assert with_settings_of("package.json", text, before) == before


def test_what_settings_extend_directly_or_by_another_file(tmp_path: Path) -> None:
    extended = {
        "lint/base.toml": 'extend = "../shared.toml"\n[lint]\nextend-select = ["E"]\n',
        "shared.toml": "",
        "web/config/base.json": "{}",
        "web/rules.js": "module.exports = { extends: '../shared/rules.cjs', parser: './parser.js' };\n",
        "shared/rules.cjs": "",
    }
    settings = {
        "pyproject.toml": "[tool.ruff]\nextend = 'lint/base.toml'\nline-length = 100\n",
        "web/tsconfig.json": '{"extends": ["./config/base"], "files": ["./main.js"]}\n',
        "web/strict/tsconfig.json": '{"extends":"../tsconfig.json","files":["../main.js"]}\n',
        "web/.eslintrc.yml": "extends:\n  - airbnb\n  - ./rules.js\nignorePatterns:\n  - ./old.js\n",
    }
    others = ["web/main.js", "web/parser.js", "web/old.js", "lint/other.toml", "web/config/a.json", "a.py"]
    repo = Repo(make_repo(tmp_path, {**extended, **settings}))
    assert extended_settings(repo, "HEAD", [*extended, *settings, *others]) == frozenset(extended)
    assert extended_settings(repo, "HEAD", ["web/config/base"]) == {"web/config/base"}
    assert extended_settings(repo, "HEAD", others) == frozenset()
