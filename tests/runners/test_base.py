from __future__ import annotations

import json

import pytest

from factory.runners.base import AgentResult


def test_a_result_comes_back_from_its_file_and_text() -> None:
    result = AgentResult(
        "done",
        "text",
        answer={"verdict": "PROCEED"},
        tokens_in=5,
        tokens_out=2,
        cost_usd=0.5,
        model="m",
        session="s",
        duration_s=1.5,
    )
    data = json.loads(json.dumps(result.to_data()))
    assert "text" not in data
    assert AgentResult.from_data(data | {"v": 1, "role": "ceo"}, "text") == result


@pytest.mark.parametrize(("into", "out", "tokens"), [(None, None, None), (3, None, 3), (0, 0, 0), (3, 4, 7)])
def test_tokens_are_unknown_only_where_nothing_is_known(
    into: int | None, out: int | None, tokens: int | None
) -> None:
    assert AgentResult("done", tokens_in=into, tokens_out=out).tokens == tokens
