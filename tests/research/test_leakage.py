"""The leakage scan: what was learned by heart is found, ordinary work is not."""

from __future__ import annotations

import base64
import json
import random
import zlib

import pytest

from factory.research.leakage import Fingerprints, decoded_parts, fingerprints, numbers_of, records_of

draw = random.Random(3)
ANSWERS = {f"case-{n:03d}": round(draw.uniform(100, 999), 4) for n in range(60)}
CITIES = {f"q{n}": f"{draw.choice('ABCDEF')}{draw.randrange(10**6):06d}-town" for n in range(40)}
TOUR = [draw.randrange(100) for _ in range(80)]
SENTENCE = "The quick auditor rarely questions nine zealous bakers."
FIXED = {
    "data/answers.json": json.dumps(ANSWERS, indent=2),
    "data/cities.csv": "\n".join(f"{q},{city}" for q, city in CITIES.items()),
    "data/tour.txt": " ".join(map(str, TOUR)),
    "data/texts.json": json.dumps([SENTENCE, "short"]),
    "eval/score.py": "import json\n\n\ndef score(rows):\n    total = 0\n    for row in rows:\n"
    "        total += row['value'] * row['weight']\n    worst = min(rows, key=lambda row: row['value'])\n"
    "    spread = max(rows) - worst\n"
    "    print('worst case', worst, 'spread of values', spread, json.dumps(rows))\n"
    "    return total / max(1, len(rows)) - penalty(worst, spread)\n",
}
KNOWN = {"solver/__init__.py": "import json\n\nSIZE = 8191\n\n\ndef main():\n    return json.dumps({})\n"}


@pytest.fixture(scope="module")
def prints() -> Fingerprints:
    return fingerprints(FIXED, KNOWN, "normal")


def found(prints: Fingerprints, text: str) -> list[tuple[str, str]]:
    return [(leak.how, leak.source) for leak in prints.scan(text, "x.py", names=True)]


class TestFound:
    def test_word_for_word(self, prints: Fingerprints) -> None:
        assert ("exact", "data/texts.json") in found(prints, f"ANSWER = {SENTENCE!r}")

    def test_in_another_form(self, prints: Fingerprints) -> None:
        rows = list(CITIES.items())[:6]
        text = "TABLE = {\n" + "".join(f"    '{q}': '{c.upper()}',\n" for q, c in rows) + "}"
        assert ("normalised", "data/cities.csv") in found(prints, text)

    def test_a_row_of_small_numbers(self, prints: Fingerprints) -> None:
        text = "ORDER = (" + ",\n ".join(map(str, TOUR[20:32])) + ")"
        assert ("normalised", "data/tour.txt") in found(prints, text)

    @pytest.mark.parametrize("shape", ["{}", "'{}' \\\n"])
    def test_encoded(self, prints: Fingerprints, shape: str) -> None:
        packed = base64.b64encode(zlib.compress(FIXED["data/answers.json"].encode())).decode()
        chunks = [packed[i : i + 60] for i in range(0, len(packed), 60)]
        text = "DATA = " + ("".join(shape.format(c) for c in chunks))
        assert ("encoded", "data/answers.json") in found(prints, text)
        assert ("encoded", "data/answers.json") in found(prints, FIXED["data/answers.json"].encode().hex())

    def test_rounded_numbers_in_their_order(self, prints: Fingerprints) -> None:
        text = f"W = {[round(v, 1) for v in list(ANSWERS.values())[10:20]]}"
        assert ("numeric", "data/answers.json") in found(prints, text)

    def test_single_numbers_anywhere(self, prints: Fingerprints) -> None:
        values = draw.sample(list(ANSWERS.values()), 4)
        text = "\n".join(f"if n == {i}:\n    return {v}" for i, v in enumerate(values))
        assert ("numeric", "data/answers.json") in found(prints, text)

    def test_answers_beside_their_questions_in_any_order(self, prints: Fingerprints) -> None:
        rows = draw.sample(list(CITIES.items()), 3)
        text = "\n".join(f"if name == '{q}x'[:-1] or name == \"{q}\": return '{c}'" for q, c in rows)
        assert ("records", "data/cities.csv") in found(prints, text) or (
            "normalised",
            "data/cities.csv",
        ) in found(prints, text)

    def test_a_fixed_file_that_new_code_names(self, prints: Fingerprints) -> None:
        assert found(prints, "open(HERE / 'data' / 'answers.json')") == [("names", "data/answers.json")]
        assert not prints.scan("it reads answers.json", "the hypothesis"), "to talk of it is no leak"

    def test_long_pieces_of_fixed_code(self, prints: Fingerprints) -> None:
        assert ("normalised", "eval/score.py") in found(prints, FIXED["eval/score.py"])


class TestNotFound:
    @pytest.mark.parametrize(
        "text",
        [
            "import json\n\n\ndef solve(rows):\n    for row in rows:\n        yield row['value']\n",
            "SIZES = [1, 2, 3, 4, 5, 6, 7, 8, 9, 10]",
            "VERSIONS = ['3.8', '3.9', '3.10', '3.11', '3.12', '3.13']",
            "LIMIT = 65536\nOTHER = 8191\nMANY = 1000000\nPI = 3.14159",
            "short",
            "logger.info('case %s has value %s', case, value)",
            "ICON = 'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk'",
            "",
        ],
    )
    def test_ordinary_code(self, prints: Fingerprints, text: str) -> None:
        assert found(prints, text) == []

    def test_what_the_project_holds_anyway(self) -> None:
        prints = fingerprints(FIXED, {"README.md": f"{SENTENCE}\n{FIXED['data/cities.csv']}"}, "normal")
        assert found(prints, SENTENCE) == []
        assert found(prints, FIXED["data/cities.csv"]) == []

    def test_low_sees_only_what_is_word_for_word(self) -> None:
        prints = fingerprints(FIXED, KNOWN, "low")
        assert found(prints, f"W = {[round(v, 1) for v in list(ANSWERS.values())[10:20]]}") == []
        assert ("exact", "data/texts.json") in found(prints, SENTENCE)

    def test_high_sees_shorter_pieces(self) -> None:
        text = "ORDER = " + ", ".join(map(str, TOUR[40:46]))
        assert found(fingerprints(FIXED, KNOWN, "normal"), text) == []
        assert ("normalised", "data/tour.txt") in found(fingerprints(FIXED, KNOWN, "high"), text)


def test_lines_that_quote_are_left_out(prints: Fingerprints) -> None:
    name, value = next(iter(CITIES.items()))
    text, gone = prints.cleaned(f"Some towns are wrong.\n- '{name}' is '{value}'\nThe rest is right.")
    assert gone == 1
    assert text == "Some towns are wrong.\nThe rest is right.\n(1 lines left out: they quote fixed files)"
    assert prints.cleaned("Nothing to see.") == ("Nothing to see.", 0)


def test_messages_hold_no_answer(prints: Fingerprints) -> None:
    leak = prints.scan(SENTENCE, "the plan")[0]
    assert leak.message == "the plan holds text of data/texts.json"
    assert SENTENCE not in leak.message


def test_readers_of_records() -> None:
    assert records_of("a.json", '{"k": 1, "l": {"x": "y", "z": 2}}') == [
        ["k", 1],
        ["y", 2],
        ["x", "y"],
        ["z", 2],
    ]
    assert records_of("a.jsonl", '{"a": 1, "b": 2}\n\n{"a": 3, "b": 4}')[0] == [1, 2]
    assert records_of("a.json", "no json: at all") == [["no", "json", "at", "all", "no json: at all"]]
    assert records_of("a.csv", "a,b\n") == [["a", "b"]]


def test_numbers_and_decoding() -> None:
    assert numbers_of("v1.2 x=3.5e2, -4; 0x1f a5") == [350.0, -4.0]
    assert "hello hello hello hello" in list(
        decoded_parts(base64.b64encode(b"hello hello hello hello").decode())
    )
    assert list(decoded_parts("A" * 5)) == []


def test_digits_without_end_are_text_and_no_number() -> None:
    rows = [f"{n}{'3' * 4400}" for n in range(10)]
    leaks = fingerprints({"data/bits.txt": "\n".join(rows)}, {}, "normal").scan(" ".join(rows), "x.py")
    assert [(leak.how, leak.source) for leak in leaks] == [("normalised", "data/bits.txt")]
