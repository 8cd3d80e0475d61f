"""Which files hold tests and the product both."""

from __future__ import annotations

import pytest

from factory.evals.own_tests import of_the_product


@pytest.mark.parametrize(
    ("importer", "text", "expected"),
    [
        ("pkg/__init__.py", "from pkg.core import add\n", True),
        ("pkg/__init__.py", "from .core import add\n", True),
        ("pkg/__init__.py", "from . import core\n", True),
        ("pkg/sub/a.py", "from .. import core\n", True),
        ("pkg/sub/a.py", "def f():\n    from ..core import add\n", True),
        ("run.py", "import pkg.core as c\n", True),
        ("pkg/a.py", "import core\n", True),
        ("pkg/sub/a.py", "from . import core\n", False),
        ("pkg/a.py", "import score, core.more\n", False),
        ("pkg/a.py", "import pkg\n", False),
        ("pkg/core.py", "import pkg.core\n", False),
        ("tests/test_core.py", "import pkg.core\n", False),
        ("pkg/broken.py", "import pkg.core\n(", False),
    ],
)
def test_a_module_that_is_imported_where_no_test_is(importer: str, text: str, expected: bool) -> None:
    texts = {"src/pkg/core.py": "", f"src/{importer}": text}
    found = of_the_product(["src/pkg/core.py"], texts, importers=texts)
    assert found == ({"src/pkg/core.py"} if expected else set())


def test_what_the_product_imports_by_way_of_another_such_module() -> None:
    texts = {
        "p/a.py": "import p.b\n",
        "p/b.py": "import p.a\n",
        "p/c.py": "import p.a\n",
        "run.py": "import p.a\n",
    }
    assert of_the_product(["p/a.py", "p/b.py", "p/c.py"], texts, importers=["run.py"]) == {"p/a.py", "p/b.py"}


def test_a_script_that_asks_for_vitest() -> None:
    texts = {"src/sum.ts": "if (import.meta.vitest) {}\n", "test.js": "test()\n"}
    assert of_the_product(list(texts), texts, importers=texts) == {"src/sum.ts"}
