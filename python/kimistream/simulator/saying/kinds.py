"""Kinds of question that the simulator has an answer to: a table of functions, the first that answers wins."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from math import isqrt

from ..values.contents import Media
from ..values.tokens import CJK
from .arithmetic import find_sum
from .knowledge import CAPITALS

MAX_WORDS = 20_000  # of an answer whose length the question orders

_FILLER = "The simulator cannot write but it can fill a page with as many words as you like"
_CJK = re.compile(f"[{CJK}]")


@dataclass(frozen=True)
class Question:
    """What an answer may depend on: the question, its media, the user's earlier questions, and kept reasoning."""

    text: str
    media: tuple[Media, ...] = ()
    earlier: tuple[str, ...] = ()
    kept: str = ""

    @cached_property
    def chinese(self) -> bool:
        return _CJK.search(self.text) is not None

    @property
    def quote(self) -> str:
        """The question on one line, short enough to be read out again."""
        flat = " ".join(self.text.split())
        return flat if len(flat) <= 200 else f"{flat[:200]}…"

    def say(self, english: str, chinese: str) -> str:
        return chinese if self.chinese else english


@dataclass(frozen=True)
class Answer:
    """`thought` is the middle of the reasoning, `text` what is answered."""

    thought: str
    text: str


Kind = Callable[[Question], "Answer | None"]


def media(question: Question) -> Answer | None:
    if not question.media:
        return None
    seen = question.say("; ", "；").join(_describe(item, question) for item in question.media)
    thought = question.say("There is something to look at. ", "这里有可以看的内容。")
    return Answer(thought, question.say(f"I see {seen}.", f"我看到{seen}。"))


def _describe(item: Media, question: Question) -> str:
    if item.address:
        return question.say(f"one {item.kind} at {item.address}", f"一个 {item.kind}，位于 {item.address}")
    facts = f"{item.mime}, {item.size} bytes, SHA-256 {item.sha256}"
    return question.say(f"one {item.kind} ({facts})", f"一个 {item.kind}（{facts}）")


def exact(question: Question) -> Answer | None:
    """The words after "say exactly:" and the like, so that a test can order its answer."""
    match = re.search(
        r"(?:(?:say|repeat|reply with|answer with)(?: exactly| only)?|只回答|请回答|重复)\s*[:：]\s*(.+)",
        question.text,
        re.IGNORECASE | re.DOTALL,
    )
    return match and Answer(question.say("The words are given. ", "原文已经给出。"), match[1].strip())


def compare(question: Question) -> Answer | None:
    numbers = re.findall(r"(?<![A-Za-z0-9_.])\d{1,15}(?:\.\d{1,15})?(?![A-Za-z0-9_])", question.text)
    word = re.search(r"big|larg|great|small|less|higher|lower|大|小|高|低", question.text, re.IGNORECASE)
    if len(numbers) != 2 or word is None:
        return None
    low, high = sorted(numbers, key=float)
    thought = question.say(
        f"Give both the same number of decimals: then {high} is more than {low}. ",
        f"把两个数的小数位补齐再比较：{high} 比 {low} 大。",
    )
    if word[0].lower() in ("small", "less", "lower", "小", "低"):
        return Answer(thought, question.say(f"{low} is smaller than {high}.", f"{low} 比 {high} 小。"))
    return Answer(thought, question.say(f"{high} is bigger than {low}.", f"{high} 比 {low} 大。"))


def quadratic(question: Question) -> Answer | None:
    """x² + bx + c = 0 with whole roots."""
    match = re.search(r"x(?:²|\^2)\s*([+-])\s*(\d{0,6})x\s*([+-])\s*(\d{1,9})\s*=\s*0", question.text)
    if match is None:
        return None
    b, c = int(match[1] + (match[2] or "1")), int(match[3] + match[4])
    root = isqrt(max(0, b * b - 4 * c))
    if root * root != b * b - 4 * c:
        return None
    low, high = (-b - root) // 2, (-b + root) // 2
    thought = question.say(f"The roots multiply to {c} and add up to {-b}. ", f"两根之积为 {c}，两根之和为 {-b}。")
    return Answer(thought, question.say(f"x = {low} or x = {high}.", f"x = {low} 或 x = {high}。"))


def arithmetic(question: Question) -> Answer | None:
    found = find_sum(question.text)
    if found is None:
        return None
    thought = question.say(f"This is a sum: {found[0]}. ", f"这是一道算术题：{found[0]}。")
    return Answer(thought, question.say(f"{found[0]} = {found[1]}.", f"{found[0]} = {found[1]}。"))


def capital(question: Question) -> Answer | None:
    lower = question.text.lower()
    if "capital" not in lower and "首都" not in lower:
        return None
    for country, (city, chinese_country, chinese_city) in CAPITALS.items():
        if country in lower or chinese_country in lower:
            thought = question.say("I know this one. ", "这个我知道。")
            english = f"The capital of {country.title()} is {city}."
            return Answer(thought, question.say(english, f"{chinese_country}的首都是{chinese_city}。"))
    return None


def name(question: Question) -> Answer | None:
    if not re.search(r"what(?:'s| is) my name|我叫什么|我的名字是什么", question.text, re.IGNORECASE):
        return None
    for text in reversed(question.earlier):
        match = re.search(
            r"(?:my name is|i am|i'm)\s+(\w+)|(?:我叫|我的名字是)\s*([^\s，。,.!！]+)", text, re.IGNORECASE
        )
        if match:
            known = match[1] or match[2]
            thought = question.say("They told me before. ", "用户之前说过。")
            return Answer(thought, question.say(f"Your name is {known}.", f"你叫{known}。"))
    return Answer(
        question.say("Nobody told me. ", "没有人告诉过我。"),
        question.say("You have not told me your name yet.", "你还没有告诉我你的名字。"),
    )


def count(question: Question) -> Answer | None:
    match = re.search(r"(?:count (?:from 1 )?(?:up )?to|数到)\s*(\d{1,5})", question.text, re.IGNORECASE)
    if match is None:
        return None
    last = min(int(match[1]), MAX_WORDS)
    thought = question.say(f"One number after the other, up to {last}. ", f"一个一个地数到 {last}。")
    return Answer(thought, ", ".join(map(str, range(1, last + 1))) + question.say(".", "。"))


def length(question: Question) -> Answer | None:
    """An answer as long as was asked for: "in 300 words", "写一篇500字的文章"."""
    match = re.search(r"(\d{1,5})[ -]*words?\b|(\d{1,5})\s*字", question.text, re.IGNORECASE)
    if match is None:
        return None
    wanted = min(int(match[1] or match[2]), MAX_WORDS)
    thought = question.say(f"It shall have {wanted} words. ", f"篇幅约 {wanted} 字。")
    if question.chinese:
        line = "模拟器不会写作，只能一字一句地把篇幅写满。"
        return Answer(thought, (line * (wanted // len(line) + 1))[:wanted])
    words = _FILLER.split()
    return Answer(thought, " ".join(words[index % len(words)] for index in range(wanted)) + ".")


def greeting(question: Question) -> Answer | None:
    if not re.search(
        r"^\W*(?:hi|hello|hey|good (?:morning|evening))\b|introduce yourself|who are you|你好|您好|介绍一下你|你是谁",
        question.text,
        re.IGNORECASE,
    ):
        return None
    return Answer(
        question.say("A greeting deserves a greeting. ", "打招呼就要回应。"),
        question.say(
            "Hello! I am a simulator of Kimi: my answers are made up, but they arrive as Kimi's would.",
            "你好！我是 Kimi 的模拟器：回答是编的，但到达的方式和 Kimi 一样。",
        ),
    )


def kept_reasoning(question: Question) -> Answer | None:
    if not question.kept:
        return None
    thought = question.say(f'Earlier I thought: "{question.kept}" ', f"我之前想过：“{question.kept}”")
    return Answer(thought, question.say(f"I still have it in mind: {question.kept}", f"我还记得：{question.kept}"))


def restate(question: Question) -> Answer:
    """The answer to everything else."""
    thought = question.say(
        "I am only a simulator, so I say the question again in my own words. ",
        "我只是模拟器，所以用自己的话把问题复述一遍。",
    )
    english = (
        f'You asked: "{question.quote}" A model would explain this now, step by step. '
        "This is the simulator, so it only shows how such an answer arrives."
    )
    chinese = f"你问的是：“{question.quote}”。真正的模型会在这里一步一步地解释。这里是模拟器，只展示回答是怎样到达的。"
    return Answer(thought, question.say(english, chinese))


_KNOWN: tuple[Kind, ...] = (media, exact, quadratic, arithmetic, compare, capital, name, count, length, greeting)
KINDS: tuple[Kind, ...] = (*_KNOWN, kept_reasoning, restate)


def is_known(question: Question) -> bool:
    """There is an answer to it that needs nobody's help."""
    return any(kind(question) is not None for kind in _KNOWN)
