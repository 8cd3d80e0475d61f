"""One run of the target: what lies in the way of its result."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

from factory.config import default_project
from factory.paths import factory_home
from factory.research.run import Ran, run_target
from factory.sandbox import choose


def ran(checkout: Path, command: str, result: str) -> Ran:
    policy = default_project()
    return run_target(
        checkout,
        command,
        1,
        config=replace(policy, research=replace(policy.research, metric="m", result=result)),
        project_root=checkout,
        home=factory_home(),
        sandbox=choose("off"),
        progress=lambda _: None,
    )


def test_a_folder_in_the_place_of_the_result_makes_room(tmp_path: Path) -> None:
    (tmp_path / "result.json" / "inner").mkdir(parents=True)
    assert ran(tmp_path, "echo '{\"m\": 2}' > result.json", "result.json").value == 2.0


def test_a_file_in_the_place_of_its_folder_is_a_failed_run(tmp_path: Path) -> None:
    (tmp_path / "out").write_text("")
    done = ran(tmp_path, "true", "out/result.json")
    assert (done.value, done.error) == (None, "it left no out/result.json")


def test_nothing_is_removed_outside_of_the_checkout(tmp_path: Path) -> None:
    (tmp_path / "checkout").mkdir()
    (tmp_path / "result.json").write_text('{"m": 1}')
    (tmp_path / "checkout" / "out").symlink_to(tmp_path)
    assert ran(tmp_path / "checkout", "true", "out/result.json").value is None
    assert (tmp_path / "result.json").exists()
