"""Sums in a question: "17 * 23", "What is 2 + 3 times 4?", "12 乘以 5"."""

from __future__ import annotations

import ast
import operator
import re
from collections.abc import Callable, Mapping
from fractions import Fraction

MAX_LENGTH = 200  # characters of an expression; keeps the numbers, and the recursion, small

_WORDS: Mapping[str, str] = {
    "multiplied by": "*",
    "divided by": "/",
    "plus": "+",
    "minus": "-",
    "times": "*",
    "乘以": "*",
    "除以": "/",
    "加上": "+",
    "减去": "-",
    "加": "+",
    "减": "-",
    "乘": "*",
    "×": "*",
    "÷": "/",
}
_WORD = re.compile(r"\s*(" + "|".join(map(re.escape, _WORDS)) + r")\s*(?=[-(\d])", re.IGNORECASE)
_OPERAND = r"\(*\s*-?\d+(?:\.\d+)?\s*\)*"
# Not next to letters or to a further "-" or "/" without blanks: neither "x2 + 3" nor a date is a sum.
_EXPRESSION = re.compile(rf"(?<![A-Za-z0-9_.\-/]){_OPERAND}(?:\s*[-+*/]\s*{_OPERAND})+(?![A-Za-z0-9_\-/]|\.\d)")
_DATE = re.compile(r"\d{4}[-/]\d{1,2}[-/]\d{1,2}|\d{1,2}/\d{1,2}/\d{2,4}")
_OPERATORS: Mapping[type[ast.operator], Callable[[Fraction, Fraction], Fraction]] = {
    ast.Add: operator.add,
    ast.Sub: operator.sub,
    ast.Mult: operator.mul,
    ast.Div: operator.truediv,
}


def find_sum(text: str) -> tuple[str, str] | None:
    """The first sum in the text and its value ("17 × 23", "391"); None where there is none that can be done."""
    plain = _WORD.sub(lambda match: f" {_WORDS[match[1].lower()]} ", _DATE.sub(" ", text))
    for match in _EXPRESSION.finditer(plain):
        if len(match[0]) <= MAX_LENGTH:
            try:
                value = _evaluate(ast.parse(match[0].strip(), mode="eval").body)
            except (SyntaxError, ZeroDivisionError):
                continue
            return re.sub(r"\s+", " ", match[0].strip()).replace("*", "×"), decimal(value)
    return None


def decimal(value: Fraction) -> str:
    """Exact where that takes up to ten places, rounded to ten otherwise."""
    if value.denominator == 1:
        return str(value.numerator)
    return f"{float(value):.10f}".rstrip("0").rstrip(".")


def _evaluate(node: ast.expr) -> Fraction:
    if isinstance(node, ast.Constant) and isinstance(node.value, (int, float)):
        return Fraction(str(node.value))
    if isinstance(node, ast.UnaryOp) and isinstance(node.op, ast.USub):
        return -_evaluate(node.operand)
    if isinstance(node, ast.BinOp) and type(node.op) in _OPERATORS:
        return _OPERATORS[type(node.op)](_evaluate(node.left), _evaluate(node.right))
    raise SyntaxError("not a sum")
