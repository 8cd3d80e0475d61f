"""The log: JSON lines, no secrets, limited size, never in the way."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from factory import log
from factory.paths import HomePaths
from factory.redact import redact, redact_all
from factory.registry import Registry
from tests.support import cli, repos

REPOSITORY = Path(__file__).parent.parent
MODEL_KEY = "sk-" + "a1B2_" * 5  # made up
COMMIT = "85b2cf9daae2d485b2cf9daae2d485b2cf9daae2"
HARMLESS = "tokens: 1234567, sk-1, https://example.org/a@b"


@pytest.fixture
def home(tmp_path: Path) -> HomePaths:
    return HomePaths(tmp_path / "home")


def test_structlog_writes_json_lines_without_secrets(home: HomePaths) -> None:
    code = (
        "import sys; from pathlib import Path; from factory import log; from factory.paths import HomePaths\n"
        "import structlog\n"
        "log.configure(HomePaths(Path(sys.argv[1])))\n"
        "logger = structlog.get_logger()\n"
        "logger.debug('unseen')\n"
        "logger.info('pushed', remote='https://me:hunter22@example.org/x', tokens=12, api_key='short')\n"
        "try: raise ValueError('ghp_abcdefghijklmnopqrstuvwxyz')\n"
        "except ValueError: logger.exception('failed')\n"
    )
    subprocess.run([sys.executable, "-c", code, str(home.root)], cwd=REPOSITORY, check=True)
    pushed, failed = [json.loads(line) for line in log.log_file(home).read_text().splitlines()]
    assert pushed.pop("ts").endswith("Z")
    assert pushed == {
        **{"event": "pushed", "level": "info", "tokens": 12, "api_key": "[redacted]"},
        "remote": "https://[redacted]@example.org/x",
    }
    assert "ValueError: [redacted]" in failed["exception"]
    assert log.log_file(home).stat().st_mode & 0o077 == 0


def test_record_needs_no_structlog(home: HomePaths) -> None:
    assert log.record("it failed", home=home, why="token=abcdefghij") == log.log_file(home)
    (line,) = log.log_file(home).read_text().splitlines()
    fields = json.loads(line)
    assert (fields["event"], fields["level"], fields["why"]) == ("it failed", "error", "token=[redacted]")


def test_a_full_log_is_put_aside(home: HomePaths, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(log, "LIMIT_BYTES", 100)
    for number in range(12):
        log.write_line(log.log_file(home), f"{number} {'x' * 60}")
    assert sorted(p.name for p in home.logs.iterdir() if p.suffix != ".lock") == [
        *["factory.log", "factory.log.1", "factory.log.2", "factory.log.3"]
    ]
    assert [line.split()[0] for line in log.log_file(home).read_text().splitlines()] == ["10", "11"]


def test_a_log_that_cannot_be_written_is_no_error(tmp_path: Path) -> None:
    (tmp_path / "home").write_text("a file")
    assert log.record("x", home=HomePaths(tmp_path / "home")) is None


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        ("Authorization: Bearer abcdef123456", "Authorization: Bearer [redacted]"),
        (f"key {MODEL_KEY}!", "key [redacted]!"),
        ("AKIAABCDEFGHIJKLMNOP", "[redacted]"),
        ("sk_" + "live_0123456789abcdef", "[redacted]"),
        ("hf_" + "a1" * 17, "[redacted]"),
        ("https://oauth2token@github.com/a/b", "https://[redacted]@github.com/a/b"),
        ("password: 'correcthorse', x", "password: [redacted]', x"),
        ("-----BEGIN RSA PRIVATE KEY-----\nabc\n-----END RSA PRIVATE KEY-----\nrest", "[redacted]\nrest"),
        (HARMLESS, HARMLESS),
        (f"commit {COMMIT}", f"commit {COMMIT}"),
    ],
)
def test_redacting_text(text: str, clean: str) -> None:
    assert redact(text) == clean


def test_values_of_secret_variables(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("MY_SERVICE_TOKEN", "plainlooking")
    monkeypatch.setenv("ANTHROPIC_API_KEY", "plainlooking-and-longer")
    monkeypatch.setenv("KEYBOARD", "innocent-value")
    assert redact("plainlooking-and-longer plainlooking innocent-value") == (
        "[redacted] [redacted] innocent-value"
    )


@pytest.mark.parametrize("name", ["PGPASSWORD", "SSHPASS", "MYSQL_PWD", "DB_PASS", "NPM_AUTH"])
def test_variables_that_are_secret_by_their_last_word(name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(name, "plainlooking")
    assert redact(f"{name} is plainlooking in {os.environ.get('PWD')}") == (
        f"{name} is [redacted] in {os.environ.get('PWD')}"
    )


def test_redacting_data() -> None:
    assert redact_all({"a": [{"password": "x", "n": 1}], "token": None, "tokens_in": 5, "p": Path("/x")}) == {
        **{"a": [{"password": "[redacted]", "n": 1}], "token": None, "tokens_in": 5, "p": "/x"}
    }


def test_a_command_that_works_leaves_a_trail_and_one_that_reads_does_not(
    home: HomePaths, tmp_path: Path
) -> None:
    project = repos.python_project(tmp_path / "p")
    env = {"FACTORY_HOME": str(home.root)}
    cli.factory("history", project, env=env).expect(0)
    assert not log.log_file(home).exists()
    cli.factory("gc", project, env=env).expect(0)
    (event,) = [json.loads(line) for line in log.log_file(home).read_text().splitlines()]
    assert (event["event"], event["command"], event["path"]) == ("command", "gc", str(project))


def test_gc_forgets_projects_that_are_gone(home: HomePaths, tmp_path: Path) -> None:
    project = repos.python_project(tmp_path / "p")
    (tmp_path / "gone").mkdir()
    Registry(home).register(tmp_path / "gone")
    (tmp_path / "gone").rmdir()
    env = {"FACTORY_HOME": str(home.root)}
    told = f"{tmp_path / 'gone'} from the list of known projects\n"
    assert cli.factory("gc", project, "--dry-run", env=env).expect(0).out == f"would remove: {told}"
    assert cli.factory("gc", project, env=env).expect(0).out == f"removed: {told}"
    assert cli.factory("gc", project, env=env).expect(0).out == "nothing to remove\n"
