"""Files are whole or untouched, appends are never lost, locks hold among processes."""

from __future__ import annotations

import errno
import json
import os
import subprocess
import sys
import threading
import time
from pathlib import Path

import pytest

from factory import fsio, models
from factory.errors import BadInput, EnvironmentLacking, Refused

REPOSITORY = Path(__file__).parent.parent
REVIEW = models.ReviewRecord(
    by="reviewer", commit="c0ffee", verdict=models.ReviewVerdict.PROCEED, reason="é", timestamp="now"
)


def python(code: str, *arguments: str) -> subprocess.Popen[str]:
    return subprocess.Popen(
        [sys.executable, "-c", code, *arguments], cwd=REPOSITORY, stdout=subprocess.PIPE, text=True
    )


class TestAtomicWrite:
    def test_replaces_and_leaves_nothing_else(self, tmp_path: Path) -> None:
        fsio.atomic_write(tmp_path / "a", "old")
        fsio.atomic_write(tmp_path / "a", "new é")
        fsio.atomic_write(tmp_path / "b", b"\0\xff")
        assert (tmp_path / "a").read_text() == "new é"
        assert (tmp_path / "b").read_bytes() == b"\0\xff"
        assert sorted(p.name for p in tmp_path.iterdir()) == ["a", "b"]

    def test_keeps_the_permissions(self, tmp_path: Path) -> None:
        (tmp_path / "a").touch()
        (tmp_path / "a").chmod(0o640)
        fsio.atomic_write(tmp_path / "a", "x")
        assert (tmp_path / "a").stat().st_mode & 0o777 == 0o640

    def test_does_not_write_through_a_symlink(self, tmp_path: Path) -> None:
        (tmp_path / "target").write_text("theirs")
        (tmp_path / "link").symlink_to(tmp_path / "target")
        fsio.atomic_write(tmp_path / "link", "ours")
        assert (tmp_path / "target").read_text() == "theirs"
        assert (tmp_path / "link").read_text() == "ours"

    def test_a_lone_surrogate_is_no_crash(self, tmp_path: Path) -> None:
        fsio.atomic_write(tmp_path / "a", "x\ud800y")
        assert (tmp_path / "a").read_text() == "x?y"

    def test_a_full_disk_leaves_the_old_file_and_says_so(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        (tmp_path / "a").write_text("old")

        def full(_: int) -> None:
            raise OSError(errno.ENOSPC, "No space left on device")

        monkeypatch.setattr(os, "fsync", full)
        with pytest.raises(EnvironmentLacking) as caught:
            fsio.atomic_write(tmp_path / "a", "new")
        assert caught.value.message == f"The disk is full: {tmp_path / 'a'} could not be written."
        assert [p.name for p in tmp_path.iterdir()] == ["a"]
        assert (tmp_path / "a").read_text() == "old"


class TestDurableAppend:
    def test_appends_lines(self, tmp_path: Path) -> None:
        fsio.durable_append(tmp_path / "log", "one")
        fsio.durable_append(tmp_path / "log", "two é")
        assert (tmp_path / "log").read_text() == "one\ntwo é\n"

    def test_completes_an_unfinished_line_by_default(self, tmp_path: Path) -> None:
        (tmp_path / "log").write_text("one\nedited by hand")
        fsio.durable_append(tmp_path / "log", "three")
        assert (tmp_path / "log").read_text() == "one\nedited by hand\nthree\n"

    @pytest.mark.parametrize("torn", ["x", "x" * 200_000])
    def test_drops_a_torn_line_when_asked(self, tmp_path: Path, torn: str) -> None:
        (tmp_path / "log").write_text(f"one\n{torn}")
        fsio.durable_append(tmp_path / "log", "two", torn="drop")
        assert (tmp_path / "log").read_text() == "one\ntwo\n"

    def test_drops_a_file_that_is_one_torn_line(self, tmp_path: Path) -> None:
        (tmp_path / "log").write_text("torn")
        fsio.durable_append(tmp_path / "log", "one", torn="drop")
        assert (tmp_path / "log").read_text() == "one\n"

    def test_a_line_break_inside_is_a_mistake_of_the_caller(self, tmp_path: Path) -> None:
        with pytest.raises(ValueError, match="line break"):
            fsio.durable_append(tmp_path / "log", "a\nb")

    def test_a_disk_that_fills_half_way_leaves_the_file_as_it_was(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        (tmp_path / "log").write_text("one\n")
        write = os.pwrite

        def fills(descriptor: int, data: bytes, offset: int) -> int:
            if len(data) < 4:
                raise OSError(errno.ENOSPC, "No space left on device")
            return write(descriptor, data[:4], offset)

        monkeypatch.setattr(os, "pwrite", fills)
        with pytest.raises(EnvironmentLacking, match="The disk is full"):
            fsio.durable_append(tmp_path / "log", "second")
        assert (tmp_path / "log").read_text() == "one\n"

    def test_a_missing_permission_is_a_sentence(
        self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
    ) -> None:
        def denied(*_: object) -> int:
            raise PermissionError(errno.EACCES, "Permission denied")

        monkeypatch.setattr(os, "open", denied)
        with pytest.raises(EnvironmentLacking, match=f"^Permission denied: {tmp_path / 'log'}"):
            fsio.durable_append(tmp_path / "log", "x")


class TestJson:
    def test_a_model_comes_back_equal(self, tmp_path: Path) -> None:
        fsio.write_json(tmp_path / "r.json", REVIEW)
        assert fsio.read_json(tmp_path / "r.json", models.ReviewRecord) == REVIEW
        assert json.loads((tmp_path / "r.json").read_text())["v"] == 1

    def test_a_mapping_gets_the_format_version(self, tmp_path: Path) -> None:
        fsio.write_json(tmp_path / "m.json", {"a": "é"})
        assert (tmp_path / "m.json").read_text() == '{\n  "v": 1,\n  "a": "é"\n}\n'
        assert fsio.read_json_plain(tmp_path / "m.json") == {"v": 1, "a": "é"}

    def test_the_version_is_that_of_the_models(self) -> None:
        assert fsio.FORMAT_VERSION == models.FORMAT_VERSION

    @pytest.mark.parametrize("content", [b"", b"{", b"[1]", b"\xff\xfe", b"[" * 100_000, b'{"a":'])
    def test_damage_names_the_file(self, tmp_path: Path, content: bytes) -> None:
        (tmp_path / "r.json").write_bytes(content)
        with pytest.raises(BadInput, match=f"^{tmp_path / 'r.json'} is damaged: "):
            fsio.read_json(tmp_path / "r.json", models.ReviewRecord)

    def test_a_wrong_field_is_named(self, tmp_path: Path) -> None:
        fsio.write_json(tmp_path / "r.json", REVIEW.model_dump(mode="json") | {"verdict": "MAYBE"})
        with pytest.raises(BadInput, match="is damaged: verdict: Input should be"):
            fsio.read_json(tmp_path / "r.json", models.ReviewRecord)

    def test_missing(self, tmp_path: Path) -> None:
        with pytest.raises(BadInput, match=r"r\.json does not exist"):
            fsio.read_json(tmp_path / "r.json", models.ReviewRecord)
        with pytest.raises(BadInput, match="is not a file"):
            fsio.read_json_plain(tmp_path)

    def test_newer_is_refused_before_its_fields_are_looked_at(self, tmp_path: Path) -> None:
        fsio.write_json(tmp_path / "r.json", {"v": 2, "unknown": True})
        with pytest.raises(Refused) as caught:
            fsio.read_json(tmp_path / "r.json", models.ReviewRecord)
        assert caught.value.message == (
            f"{tmp_path / 'r.json'} was written by a newer factory (format 2; this one knows 1)."
        )

    def test_neither_pydantic_nor_filelock_is_imported_for_reading(self, tmp_path: Path) -> None:
        fsio.write_json(tmp_path / "m.json", {})
        code = (
            "import sys; from pathlib import Path; from factory import fsio, journal, registry, process\n"
            f"fsio.read_json_plain(Path({str(tmp_path / 'm.json')!r}))\n"
            "fsio.durable_append(Path(sys.argv[1]), 'x')\n"
            "print([m for m in ('pydantic', 'filelock', 'structlog', 'rich') if m in sys.modules])"
        )
        assert python(code, str(tmp_path / "log")).communicate()[0] == "[]\n"


class TestPrivateDir:
    def test_made_and_mended(self, tmp_path: Path) -> None:
        fsio.ensure_private_dir(tmp_path / "a" / "b")
        assert (tmp_path / "a").stat().st_mode & 0o777 == 0o700
        (tmp_path / "a").chmod(0o755)
        fsio.ensure_private_dir(tmp_path / "a")
        assert (tmp_path / "a").stat().st_mode & 0o777 == 0o700

    def test_a_file_in_the_way(self, tmp_path: Path) -> None:
        (tmp_path / "a").touch()
        with pytest.raises(BadInput, match="a is not a directory"):
            fsio.ensure_private_dir(tmp_path / "a")


APPENDING = """
import sys
from pathlib import Path
from factory import fsio
for number in range(20):
    with fsio.write_lock(Path(sys.argv[1])), fsio.write_lock(Path(sys.argv[1])):
        path = Path(sys.argv[1]) / "log"
        lines = path.read_text().count("\\n") if path.exists() else 0
        fsio.durable_append(path, f"{lines} {sys.argv[2]}:{number}")
"""

HOLDING = """
import sys, time
from pathlib import Path
from factory import fsio
fsio.CycleLock(Path(sys.argv[1])).acquire({"cycle": "c7", "mode": "improve"})
print("held", flush=True)
time.sleep(60)
"""


class TestWriteLock:
    def test_32_processes_lose_nothing(self, tmp_path: Path) -> None:
        writers = [python(APPENDING, str(tmp_path), str(n)) for n in range(32)]
        assert [w.wait(120) for w in writers] == [0] * 32
        lines = (tmp_path / "log").read_text().splitlines()
        assert [int(line.split()[0]) for line in lines] == list(range(32 * 20))
        assert {line.split()[1] for line in lines} == {f"{w}:{n}" for w in range(32) for n in range(20)}

    def test_threads_exclude_each_other(self, tmp_path: Path) -> None:
        inside: list[str] = []

        def work() -> None:
            for _ in range(10):
                with fsio.write_lock(tmp_path):
                    inside.append("in")
                    time.sleep(0.001)
                    inside.append("out")

        threads = [threading.Thread(target=work) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert inside == ["in", "out"] * 40

    def test_waiting_has_an_end(self, tmp_path: Path) -> None:
        errors: list[Refused] = []

        def wait() -> None:
            try:
                with fsio.file_lock(tmp_path / "x.lock", wait=0.1):
                    pass
            except Refused as error:
                errors.append(error)

        with fsio.file_lock(tmp_path / "x.lock"):
            thread = threading.Thread(target=wait)
            thread.start()
            thread.join()
        assert [e.message for e in errors] == [
            f"Another process has been holding {tmp_path / 'x.lock'} for 0 seconds."
        ]


class TestCycleLock:
    def test_the_second_is_told_who_runs_and_death_frees_it(self, tmp_path: Path) -> None:
        lock = fsio.CycleLock(tmp_path)
        assert lock.holder() is None
        other = python(HOLDING, str(tmp_path))
        assert other.stdout is not None
        assert other.stdout.readline() == "held\n"
        holder = lock.holder()
        assert holder is not None
        assert (holder["cycle"], holder["pid"]) == ("c7", other.pid)
        with pytest.raises(Refused) as caught:
            lock.acquire({"cycle": "c8"})
        assert caught.value.message == (
            f"Cycle c7 (improve) is running on this project since {holder['since']}, "
            f"process {other.pid} on {holder['host']}."
        )
        other.kill()
        other.wait()
        assert lock.holder() is None
        with lock.acquire({"cycle": "c8"}):
            held = fsio.CycleLock(tmp_path).holder()
            assert held is not None
            assert held["cycle"] == "c8"
        assert lock.holder() is None

    def test_looking_does_not_get_in_the_way(self, tmp_path: Path) -> None:
        fsio.CycleLock(tmp_path).acquire({}).release()
        done = threading.Event()

        def look() -> None:
            while not done.is_set():
                fsio.CycleLock(tmp_path).holder()

        thread = threading.Thread(target=look)
        thread.start()
        try:
            for _ in range(20):
                fsio.CycleLock(tmp_path).acquire({"cycle": "c"}).release()
        finally:
            done.set()
            thread.join()
