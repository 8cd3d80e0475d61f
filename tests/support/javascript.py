"""A small JavaScript project that needs nothing but node, and what it takes to work on it."""

from __future__ import annotations

from tests.support.role_model import Change

PACKAGE = """\
{
  "name": "sums",
  "version": "1.0.0",
  "description": "Sums that are right",
  "private": true,
  "scripts": { "test": "node --test" }
}
"""

SUMS = """\
function add(a, b) {
  return a + b;
}

function median(numbers) {
  const sorted = [...numbers].sort();
  return sorted[Math.floor(sorted.length / 2)];
}

module.exports = { add, median };
"""

TESTS = """\
const test = require("node:test");
const assert = require("node:assert");
const { add, median } = require("../src/sums.js");

test("adds", () => assert.strictEqual(add(1, 2), 3));
test("median of small numbers", () => assert.strictEqual(median([3, 1, 2]), 2));
test("median of large numbers", () => assert.strictEqual(median([10, 9, 1]), 9));
"""

FIX = Change(
    "Fix the order in which median sorts", "src/sums.js", ".sort()", ".sort((a, b) => a - b)", "tests"
)
"""Makes the failing test pass."""

BREAK = Change("Say add as a difference", "src/sums.js", "return a + b;", "return a - -b - 1;", "tests")
"""Breaks a test that passes."""
