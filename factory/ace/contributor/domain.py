"""Words of the factory's own domain, improving software by experiments, and words of application domains."""

from __future__ import annotations

import re

# Stems, matched at the start of a word of lower-case text.
_OWN = (
    r"agent|annotat|assert|baselin|branch|brief|budget|bug|builder|cach|change|checklist|ci\b|citation"
    r"|class(?:es)?\b|code|commit|complex|config|constraint|coverage|cycle|dead code|debug|decision"
    r"|depend|diff|dimension|docstring|document|edge case|error|eval|evidence|exception|experiment"
    r"|factory|fail|feature|file|fixture|flak|format|function|git|guard|harness|helper|history|hypothes"
    r"|implement|import|integrat|interface|invocation|keep|kept|lint|log(?:ging|ger|s)?\b|measur|merge"
    r"|metric|mock|module|mypy|noise|observab|orchestrat|parse|patch|pattern|phase|plan|playbook"
    r"|precheck|prompt|pull request|pytest|redirect|refactor|regress|release|repositor|research|revert"
    r"|review|risk|role|ruff|runner|schema|scope|score|silent|source|spec\b|specification|stack|step"
    r"|strateg|suite|task|test|threshold|token|tool|type|typing|unit|valid|verdict|verif|warning"
    r"|workflow|workspace"
)
_FOREIGN = (
    r"advert|airline|album|animation|appointment|auction|avatar|basket|billing|blog"
    r"|booking|calendar|camera|campaign|cart\b|catalog|checkout page|clinic|coin|coupon|crm\b"
    r"|crypto|currenc|customer|dashboard|dating|delivery|discount|doctor|donation"
    r"|e-commerce|ecommerce|employee|episode|erp\b|expense|farm|fitness|flight|forum|fraud|genom"
    r"|geograph|grocer|guest|hospital|hotel|insur|inventor|invoice|kitchen|landing page|lesson"
    r"|loan|login page|lyric|marketplace|meal|medical|medicin|merchant|mortgage|movie|music|newsletter"
    r"|nurse|passenger|patient|payment|payroll|pharmac|photo|playlist|podcast"
    r"|portfolio|price|pricing|product page|prescription|rating|real estate|recipe"
    r"|refund|rental|restaurant|retail|robot|salary|school|seat|sensor|shipment|shipping|shop|sms\b|song"
    r"|sport|stock|storefront|student|subscription|supplier|tax(?:es)?\b|teacher|tenant|trading"
    r"|travel|vehicle|video|wallet|warehouse|weather|website|wedding|wine"
)
_OWN_WORDS = re.compile(rf"\b(?:{_OWN})\w*")
_FOREIGN_WORDS = re.compile(rf"\b(?:{_FOREIGN})\w*")


def own_words(text: str) -> list[str]:
    """The different words of a text that belong to the factory's own domain, sorted."""
    return sorted(set(_OWN_WORDS.findall(text.lower())))


def foreign_words(text: str) -> list[str]:
    """The different words of a text that belong to an application's domain, sorted."""
    return sorted(set(_FOREIGN_WORDS.findall(text.lower())))
