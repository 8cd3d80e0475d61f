"""Nothing under factory/ is there for the tests alone."""

from __future__ import annotations

from pathlib import Path

from tools import reachable


def test_everything_is_reached_from_a_command() -> None:
    found = [
        f"{node.path.name}:{node.line} {node.owner}.{node.name}".replace(" .", " ")
        for node in reachable.dead()
    ]
    assert found == [], "delete it, call it, or give a reason in ALLOWED of tools/reachable.py"


def dead(tmp_path: Path, **files: str) -> list[str]:
    package = tmp_path / "factory"
    package.mkdir()
    for name, text in files.items():
        (package / f"{name}.py").write_text(text)
    return [node.name for node in reachable.dead(package, public={})]


def test_a_chain_that_no_command_starts_is_dead_as_a_whole(tmp_path: Path) -> None:
    plan = "def used():\n    pass\ndef first():\n    second()\ndef second():\n    second()\n"
    cli = "from factory.plan import used, first\ndef main():\n    used()\n"
    assert dead(tmp_path, plan=plan, cli=cli) == ["first", "second"]


def test_names_in_tables_strings_and_aliases_are_uses(tmp_path: Path) -> None:
    functions = "".join(f"def {name}(): ...\n" for name in "abcd")
    steps = f"{functions}TABLE = (a, 'factory.steps:b')\nOTHER = (d,)\n"
    cli = "from factory.steps import TABLE, c as see\ndef main():\n    see(TABLE)\n"
    assert dead(tmp_path, steps=steps, cli=cli) == ["d", "OTHER"]


def test_methods_live_by_name_and_special_ones_with_their_class(tmp_path: Path) -> None:
    cli = (
        "class A:\n    def __len__(self): return helper()\n    def run(self): ...\n    def idle(self): ...\n"
        "class B:\n    def __len__(self): ...\n    def run(self): ...\n"
        "def helper(): ...\ndef main():\n    A().run()\n"
    )
    assert dead(tmp_path, cli=cli) == ["idle", "B", "__len__", "run"]


def test_being_exported_is_not_being_used(tmp_path: Path) -> None:
    cli = "def main(): ...\n"
    assert dead(tmp_path, cli=cli, api="__all__ = ['lonely']\ndef lonely(): ...\n") == ["lonely"]
