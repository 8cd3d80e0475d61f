"""Real children, well-behaved and not: nothing of them is left, and nothing they said is lost."""

from __future__ import annotations

import os
import signal
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from factory import process
from factory.errors import BadInput, EnvironmentLacking

REPOSITORY = Path(__file__).parent.parent

# A child that leaves a daemon: forked twice, in a session of its own, deaf to polite signals, streams closed.
DAEMONISING = """
import os, signal, sys, time
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, signal.SIG_IGN)
        null = os.open(os.devnull, os.O_RDWR)
        for stream in (0, 1, 2):
            os.dup2(null, stream)
        with open(sys.argv[1] + ".tmp", "w") as file:
            file.write(str(os.getpid()))
        os.rename(sys.argv[1] + ".tmp", sys.argv[1])
        time.sleep(120)
    os._exit(0)
os.wait()
while not os.path.exists(sys.argv[1]):
    time.sleep(0.01)
print("ready", flush=True)
time.sleep(float(sys.argv[2]))
"""


def is_alive(pid: int) -> bool:
    listing = subprocess.run(
        ["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True, check=False
    )
    return listing.stdout.strip() not in ("", "Z") and not listing.stdout.startswith("Z")


def wait_until_gone(pid: int, seconds: float = 60) -> bool:
    deadline = time.monotonic() + seconds
    while is_alive(pid) and time.monotonic() < deadline:
        time.sleep(0.05)
    return not is_alive(pid)


def wait_for_file(path: Path, seconds: float = 60) -> str:
    deadline = time.monotonic() + seconds
    while not path.exists() and time.monotonic() < deadline:
        time.sleep(0.02)
    return path.read_text()


@pytest.fixture
def daemoniser(tmp_path: Path) -> list[str]:
    script = tmp_path / "daemonise.py"
    script.write_text(DAEMONISING)
    return [sys.executable, str(script), str(tmp_path / "daemon.pid")]


@pytest.fixture(params=["subreaper", "ps"])
def watching(request: pytest.FixtureRequest) -> dict[str, str]:
    """The environment that makes the supervisor watch one way or the other."""
    if request.param == "subreaper" and not sys.platform.startswith("linux"):
        pytest.skip("only Linux has subreapers")
    return process.allowed_env({"FACTORY_NO_SUBREAPER": "1"} if request.param == "ps" else {})


class TestRun:
    def test_returns_code_output_and_errors(self, tmp_path: Path) -> None:
        done = process.run(["sh", "-c", "pwd; echo bad >&2; exit 3"], cwd=tmp_path)
        assert (done.returncode, done.stdout, done.stderr) == (3, f"{tmp_path.resolve()}\n", "bad\n")
        assert not done.timed_out
        assert not done.ok

    def test_a_signal_is_a_negative_code(self, tmp_path: Path) -> None:
        assert process.run(["sh", "-c", "kill -9 $$"], cwd=tmp_path).returncode == -9

    def test_input_larger_than_a_pipe_reaches_a_child_that_reads_late(self, tmp_path: Path) -> None:
        done = process.run(["sh", "-c", "sleep 0.1; wc -c"], cwd=tmp_path, input="é" * 500_000)
        assert done.stdout.strip() == "1000000"

    def test_input_nobody_reads_is_no_error(self, tmp_path: Path) -> None:
        assert process.run(["true"], cwd=tmp_path, input="x" * 1_000_000).returncode == 0

    def test_output_that_is_no_text_is_replaced_not_raised(self, tmp_path: Path) -> None:
        assert process.run(["printf", r"a\377b"], cwd=tmp_path).stdout == "a\ufffdb"

    def test_a_missing_program_is_named(self, tmp_path: Path) -> None:
        with pytest.raises(EnvironmentLacking) as caught:
            process.run(["no-such-program", "x"], cwd=tmp_path)
        assert caught.value.message == "no-such-program was not found."
        assert caught.value.hint == "Install no-such-program, or put it on the PATH."

    def test_a_file_that_is_not_executable_is_named(self, tmp_path: Path) -> None:
        (tmp_path / "plain").write_text("x")
        with pytest.raises(EnvironmentLacking, match="plain could not be started: Permission denied"):
            process.run(["./plain"], cwd=tmp_path)

    def test_a_missing_directory_is_named(self, tmp_path: Path) -> None:
        with pytest.raises(EnvironmentLacking, match="there is no such directory"):
            process.run(["true"], cwd=tmp_path / "gone")

    def test_a_nul_character_is_bad_input(self, tmp_path: Path) -> None:
        with pytest.raises(BadInput, match="NUL character"):
            process.run(["echo", "a\0b"], cwd=tmp_path)

    def test_check_turns_failure_into_a_sentence(self, tmp_path: Path) -> None:
        with pytest.raises(EnvironmentLacking, match=r"^sh -c failed with exit code 2: the reason$"):
            process.run(["sh", "-c", "echo the reason >&2; exit 2"], cwd=tmp_path, check=True)

    def test_secrets_of_the_environment_do_not_reach_the_child(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        monkeypatch.setenv("GITHUB_TOKEN", "hidden")
        assert "hidden" not in process.run(["env"], cwd=tmp_path).stdout

    def test_the_child_inherits_no_descriptor_of_ours(self, tmp_path: Path) -> None:
        code = "import os; print([n for n in range(3, 64) if os.path.exists(f'/dev/fd/{n}')])"
        listed = process.run([sys.executable, "-c", code], cwd=tmp_path).stdout
        assert listed == "[]\n"

    def test_the_child_cannot_reach_the_terminal(self, tmp_path: Path) -> None:
        done = process.run(["sh", "-c", "echo x > /dev/tty"], cwd=tmp_path)
        assert done.returncode != 0


class TestEndingTheTree:
    def test_a_timeout_ends_a_deaf_daemon_too(
        self, tmp_path: Path, daemoniser: list[str], watching: dict[str, str]
    ) -> None:
        done = process.run([*daemoniser, "60"], cwd=tmp_path, env=watching, timeout=1.5, grace=0.2)
        assert done.timed_out
        assert done.stdout == "ready\n"
        assert not is_alive(int((tmp_path / "daemon.pid").read_text()))

    def test_a_daemon_left_by_a_normal_end_is_ended(
        self, tmp_path: Path, daemoniser: list[str], watching: dict[str, str]
    ) -> None:
        done = process.run([*daemoniser, "1"], cwd=tmp_path, env=watching)
        assert (done.returncode, done.stdout, done.timed_out) == (0, "ready\n", False)
        assert not is_alive(int((tmp_path / "daemon.pid").read_text()))

    def test_background_children_that_hold_the_output_are_ended(
        self, tmp_path: Path, watching: dict[str, str]
    ) -> None:
        done = process.run(["sh", "-c", "sleep 99 & echo $!"], cwd=tmp_path, env=watching)
        assert done.returncode == 0
        assert not is_alive(int(done.stdout))

    def test_a_child_may_end_cleanly_on_the_first_signal(self, tmp_path: Path) -> None:
        script = "trap 'echo usage; exit 0' INT; echo begun; while :; do sleep 0.05; done"
        done = process.run(["sh", "-c", script], cwd=tmp_path, timeout=0.5, grace=2)
        assert (done.returncode, done.stdout, done.timed_out) == (0, "begun\nusage\n", True)

    def test_one_that_forks_without_pause_is_ended(self, tmp_path: Path) -> None:
        code = (
            "import os, signal, time\n"
            "signal.signal(signal.SIGTERM, signal.SIG_IGN); signal.signal(signal.SIGINT, signal.SIG_IGN)\n"
            "open('pid', 'a').write(f'{os.getpid()}\\n')\n"
            "while True:\n"
            "    if os.fork(): os._exit(0)\n"
            "    os.setsid()\n"
            "    open('pid', 'a').write(f'{os.getpid()}\\n')\n"
            "    time.sleep(0.002)\n"
        )
        done = process.run([sys.executable, "-c", code], cwd=tmp_path, timeout=5)
        assert done.returncode == 0
        time.sleep(0.2)
        before = (tmp_path / "pid").read_text()
        time.sleep(0.2)
        assert (tmp_path / "pid").read_text() == before

    def test_death_of_the_caller_by_sigkill_ends_the_tree(
        self, tmp_path: Path, daemoniser: list[str], watching: dict[str, str]
    ) -> None:
        code = (
            "import sys; from pathlib import Path; from factory import process\n"
            f"process.run({[*daemoniser, '60']!r}, cwd=Path({str(tmp_path)!r}), env={watching!r}, grace=0.2,"
            f" output=Path({str(tmp_path / 'out')!r}))"
        )
        caller = subprocess.Popen([sys.executable, "-c", code], cwd=REPOSITORY)
        daemon = int(wait_for_file(tmp_path / "daemon.pid"))
        time.sleep(0.8)  # one look of ps
        caller.kill()
        caller.wait()
        assert wait_until_gone(daemon)
        assert wait_for_file(tmp_path / "out.exit")
        assert process.adopt(tmp_path / "out") is None

    def test_an_interruption_ends_the_tree_and_keeps_the_output(
        self, tmp_path: Path, daemoniser: list[str]
    ) -> None:
        timer = threading.Timer(1.0, lambda: os.kill(os.getpid(), signal.SIGINT))
        timer.start()
        with pytest.raises(KeyboardInterrupt):
            process.run([*daemoniser, "60"], cwd=tmp_path, grace=0.2, output=tmp_path / "out")
        timer.join()
        assert not is_alive(int((tmp_path / "daemon.pid").read_text()))
        assert (tmp_path / "out").read_text() == "ready\n"

    def test_one_that_writes_without_end_is_ended(self, tmp_path: Path) -> None:
        done = process.run(["yes"], cwd=tmp_path, timeout=30, grace=0.2, most_output=100_000)
        assert (done.flooded, done.timed_out, done.ok) == (True, False, False)
        assert len(done.stdout) > 100_000

    def test_stop_all_ends_the_children_of_other_threads(self, tmp_path: Path) -> None:
        results: list[process.Completed] = []
        thread = threading.Thread(
            target=lambda: results.append(process.run(["sleep", "60"], cwd=tmp_path, grace=0.2))
        )
        thread.start()
        time.sleep(0.5)
        process.stop_all()
        thread.join(10)
        assert [(r.returncode, r.timed_out) for r in results] == [(-signal.SIGINT, False)]

    def test_a_killed_supervisor_takes_the_child_with_it(self, tmp_path: Path) -> None:
        script = "echo $$ > pid; kill -9 $PPID; sleep 60"
        with pytest.raises(EnvironmentLacking, match="its result is unknown"):
            process.run(["sh", "-c", script], cwd=tmp_path)
        assert wait_until_gone(int((tmp_path / "pid").read_text()))


class TestOutputFile:
    def test_receives_stdout_and_can_be_adopted(self, tmp_path: Path) -> None:
        out = tmp_path / "out.txt"
        done = process.run(["sh", "-c", "echo answer; exit 4"], cwd=tmp_path, output=out)
        assert done.stdout == out.read_text() == "answer\n"
        adopted = process.adopt(out)
        assert adopted is not None
        assert (adopted.returncode, adopted.stdout, adopted.stderr) == (4, "answer\n", "")

    def test_an_unfinished_one_is_not_adopted(self, tmp_path: Path) -> None:
        out = tmp_path / "out.txt"
        process.run(["true"], cwd=tmp_path, output=out)
        process.run(["sleep", "9"], cwd=tmp_path, output=out, timeout=0.2, grace=0.1)
        assert process.adopt(out) is None
        assert process.adopt(tmp_path / "never") is None

    def test_a_child_that_ended_while_its_caller_died_is_adopted(self, tmp_path: Path) -> None:
        out = tmp_path / "out"
        code = (
            "from pathlib import Path; from factory import process\n"
            "process.run(['sh', '-c', 'echo done; kill -9 ' + str(__import__('os').getpid())],"
            f" cwd=Path({str(tmp_path)!r}), output=Path({str(out)!r}))"
        )
        subprocess.run([sys.executable, "-c", code], cwd=REPOSITORY, check=False)
        wait_for_file(tmp_path / "out.exit")
        adopted = process.adopt(out)
        # Which of the two the supervisor sees first is open; a lost race must not be a false success.
        assert adopted is None or (adopted.returncode, adopted.stdout) == (0, "done\n")

    def test_one_that_outlives_its_caller_is_known_until_its_end(self, tmp_path: Path) -> None:
        deaf = "trap '' INT TERM; echo ready > ready; while :; do sleep 0.1; done"
        folder = tmp_path / "call"
        folder.mkdir()
        caller = subprocess.Popen(
            [
                *(sys.executable, "-c"),
                "from pathlib import Path; from factory import process\n"
                f"process.run(['sh', '-c', {deaf!r}], cwd=Path({str(tmp_path)!r}), grace=0.5,"
                f" output=Path({str(folder / 'out')!r}))",
            ],
            cwd=REPOSITORY,
        )
        wait_for_file(tmp_path / "ready")
        goes_on = process.outlived(folder)
        assert goes_on()
        caller.kill()
        caller.wait()
        assert goes_on()
        wait_for_file(folder / "out.exit")
        deadline = time.monotonic() + 10
        while goes_on() and time.monotonic() < deadline:
            time.sleep(0.02)
        assert not goes_on()

    def test_none_outlives_its_end(self, tmp_path: Path) -> None:
        # What the child has left behind has gone with it, and cannot hold on to the output.
        process.run(["sh", "-c", "sleep 60 & exit 0"], cwd=tmp_path, output=tmp_path / "out")
        assert not process.outlived(tmp_path)()
        assert not process.outlived(tmp_path / "never")()


class TestQuick:
    def test_text(self, tmp_path: Path) -> None:
        done = process.quick(["sh", "-c", "cat; exit 1"], cwd=tmp_path, input="hé")
        assert (done.returncode, done.stdout, done.stderr, done.timed_out) == (1, "hé", "", False)

    def test_bytes(self, tmp_path: Path) -> None:
        assert process.quick_bytes(["cat"], cwd=tmp_path, input=b"\0\xff").stdout == b"\0\xff"

    def test_timeout_kills_the_group_and_keeps_what_was_said(self, tmp_path: Path) -> None:
        started = time.monotonic()
        done = process.quick(["sh", "-c", "echo $$; sleep 60; true"], cwd=tmp_path, timeout=0.3)
        assert done.timed_out
        assert time.monotonic() - started < 5
        assert wait_until_gone(int(done.stdout))

    def test_a_tool_may_clean_up_behind_itself(self, tmp_path: Path) -> None:
        script = "trap 'echo cleaned; exit 1' TERM; while :; do sleep 0.05; done"
        done = process.quick(["sh", "-c", script], cwd=tmp_path, timeout=0.3)
        assert (done.stdout, done.timed_out) == ("cleaned\n", True)

    def test_missing_program(self, tmp_path: Path) -> None:
        with pytest.raises(EnvironmentLacking, match=r"^no-such-program was not found\.$"):
            process.quick(["no-such-program"], cwd=tmp_path)

    def test_check(self, tmp_path: Path) -> None:
        with pytest.raises(EnvironmentLacking, match="took too long"):
            process.quick(["sleep", "9"], cwd=tmp_path, timeout=0.1, check=True)


def test_allowed_env_is_a_list_of_what_may_pass(monkeypatch: pytest.MonkeyPatch) -> None:
    for name in list(os.environ):
        monkeypatch.delenv(name)
    for name in ("PATH", "HOME", "LC_ALL", "GITHUB_TOKEN", "PIP_INDEX_URL", "https_proxy", "SSH_AUTH_SOCK"):
        monkeypatch.setenv(name, "x")
    assert sorted(process.allowed_env()) == ["HOME", "LC_ALL", "PATH"]
    assert sorted(process.allowed_env({"A": "b"}, network=True)) == [
        *["A", "HOME", "LC_ALL", "PATH", "PIP_INDEX_URL", "https_proxy"]
    ]


def test_a_child_is_given_up_when_its_caller_says_so(tmp_path: Path) -> None:
    looks: list[float] = []

    def give_up() -> bool:
        looks.append(time.monotonic())
        return len(looks) == 2

    started = time.monotonic()
    code = "import time; print('so far', flush=True); time.sleep(60)"
    output = tmp_path / "output"
    done = process.run([sys.executable, "-c", code], cwd=tmp_path, output=output, give_up=give_up, grace=0.5)
    assert (done.given_up, done.ok, done.timed_out, done.stdout) == (True, False, False, "so far\n")
    assert len(looks) == 2
    assert time.monotonic() - started < 10
    assert process.adopt(output) is None
