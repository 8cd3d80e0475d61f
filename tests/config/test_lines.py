"""Every key that tomllib sees has a line."""

import tomllib
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from factory.config.lines import KeyPath, key_lines

TEXT = '''\
# a comment = "with = signs"
goal = "x"
a.b."c d" = 1          # dotted

[eval]
weights = { hygiene = 0.3, "growth" = [
  1, # one
  { deep = """
]]] not a header
[nor.this]
""" },
] }
[[eval.dimension]]
name = 'tests'

[[eval.dimension]]
name = "lint\\" ["
[eval.dimension.more]
x = 1979-05-27T07:32:00Z
[ spaced . "key" ]
last = \'\'\'it''s\'\'\'\'\'
end = true
'''


def test_each_form_of_key_has_its_line() -> None:
    assert key_lines(TEXT) == {
        ("goal",): 2,
        ("a",): 3,
        ("a", "b"): 3,
        ("a", "b", "c d"): 3,
        ("eval",): 5,
        ("eval", "weights"): 6,
        ("eval", "weights", "hygiene"): 6,
        ("eval", "weights", "growth"): 6,
        ("eval", "weights", "growth", 0): 7,
        ("eval", "weights", "growth", 1): 8,
        ("eval", "weights", "growth", 1, "deep"): 8,
        ("eval", "dimension"): 13,
        ("eval", "dimension", 0): 13,
        ("eval", "dimension", 0, "name"): 14,
        ("eval", "dimension", 1): 16,
        ("eval", "dimension", 1, "name"): 17,
        ("eval", "dimension", 1, "more"): 18,
        ("eval", "dimension", 1, "more", "x"): 19,
        ("spaced",): 20,
        ("spaced", "key"): 20,
        ("spaced", "key", "last"): 21,
        ("spaced", "key", "end"): 22,
    }
    assert set(key_lines(TEXT)) == set(paths(tomllib.loads(TEXT)))


def paths(value: Any, at: KeyPath = ()) -> list[KeyPath]:
    """Every path into a parsed TOML document."""
    children = (
        value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    )
    out: list[KeyPath] = []
    for key, child in children:
        out += [(*at, key), *paths(child, (*at, key))]
    return out


_strings = st.sampled_from(
    ['"a"', "'b'", '""', '"\\""', '"#"', "'\\'", '"""x"""', '"""a\n"b""" ', "'''\n]'''", '"[x]"', '""""q"""']
)
_keys = st.sampled_from(["a", "b", "c-1", '"d e"', "'f.g'", '"h\\u0041"', "1"])
_dotted = st.lists(_keys, min_size=1, max_size=3).map(" . ".join)
_scalars = st.one_of(_strings, st.sampled_from(["1", "-0.5e3", "true", "nan", "1979-05-27 07:32:00", "0x_f"]))
_values = st.recursive(
    _scalars,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3).map(lambda items: "[\n# note ]\n" + ",\n ".join(items) + " ]"),
        st.lists(st.tuples(_dotted, inner), max_size=3).map(
            lambda pairs: "{ " + ", ".join(f"{key} = {value}" for key, value in pairs) + " }"
        ),
    ),
    max_leaves=6,
)
_lines = st.one_of(
    st.tuples(_dotted, _values).map(lambda pair: f"{pair[0]} = {pair[1]} # x = 1"),
    _dotted.map(lambda key: f"[{key}]"),
    _dotted.map(lambda key: f" [[ {key} ]] # [y]"),
    st.sampled_from(["", "# [z]", "\t"]),
)


@settings(max_examples=400, deadline=None)
@given(st.lists(_lines, max_size=8), st.sampled_from(["\n", "\r\n"]))
def test_the_scanner_sees_what_tomllib_sees(lines: list[str], newline: str) -> None:
    kept: list[str] = []
    for line in lines:
        try:
            tomllib.loads("\n".join([*kept, line]))
        except tomllib.TOMLDecodeError:
            continue
        kept.append(line)
    text = newline.join("\n".join(kept).split("\n"))
    assert set(key_lines(text)) == set(paths(tomllib.loads(text)))


@given(st.text())
def test_any_text_is_scanned_without_an_exception(text: str) -> None:
    key_lines(text)
