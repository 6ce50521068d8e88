"""Ways to spoil a model file, each drawn from a random generator."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from copy import deepcopy
from functools import cache
from random import Random
from typing import Any

from toolkit.errors import ModelError
from toolkit.model import example_text, list_examples
from toolkit.yamlfile import read_yaml

Loc = tuple[str | int, ...]

HOSTILE = [
    "'; drop table leads; --",
    '"; drop table activities; --',
    "x' or '1'='1",
    "${jndi:ldap://x}",
    "{{7*7}}",
    "%s%s%n",
    "$1",
    "?",
    "\\'; delete from leads where 1=1; /*",
    "l) as x; drop schema main cascade; select (1",
    "<script>alert(1)</script>",
    "=cmd|' /C calc'!A0",
    "\x1f",
    "a\nb",
    "__import__('os').system('x')",
]
WRONG: list[Any] = [
    None, True, False, 0, -1, 1.5, 10**12, -(10**299), 1e308, "", " ", "x", "no", "30d", [], [[]],
    [None], {}, {"x": None}, {"": 1}, [1, "a"], "9" * 5000, {"any": [{}]}, {"when": {"a": 1}},
    "2026-13-01", "9999-12-31", {"min": 1}, [{"from": 1}],
]  # fmt: skip
NUMBERS = [
    "9" * 299, "9" * 5000, "-" + "9" * 300, "1e308", "1e309", "-1e400", "0x" + "f" * 99, "0x" + "f" * 300,
    "0o" + "7" * 99, ".5", "5.", "1e-400", "4.9e-324", "1" + "0" * 20 + ".0", "1_000", "\u0663", "\u0661\u0660", "\u2167",
    "1e99999999999", ".nan", "-.inf", "+1", "--1", "0b11", "010", "1:30", "1000001", "2147483648",
    "9223372036854775808", "NaN", "Infinity",
]  # fmt: skip
LOOKALIKES = {
    "a": "\u0430", "e": "\u0435", "o": "\u03bf", "i": "\u0456", "c": "\u0441", "p": "\u0440", "s": "\u0455", "n": "\uff4e", "m": "\uff4d", "l": "\u04cf",
}  # fmt: skip
INVISIBLE = ["\u200b", "\u00a0", "\u202e", "\ufeff", "\u0301", "\u00ad", "\u2028", "\t"]
SNIPPETS = [
    "{", "}", "[", "]", ":", ", ", "\n", "  ", "- ", "'", '"', "null", "no", "1e9", "&a ", "*a", "|", ">",
    "!!x ", "!<x> ", "? ", "%", "@", "`", "#", "---\n", "...\n", "\x00", "\x85", "\u2028", "\r", "\t",
    "é", "\ufeff", "min: 1", "when: {}", "cases: []", "<<: {}", "9" * 400, "%YAML 9.9\n---\n", "\\",
]  # fmt: skip
PATTERNS = [
    "(a+)+$", "(a|a)*$", "(a*)*b", "(.*)*x", "(a{0,200}){0,20}$", "((a{200}){200}){200}",
    "(((){200}){200}){200}", "(a?){200}a{200}", "(" * 29 + "a" + ")" * 29, "(" * 400, "[" * 400, "a" * 501,
    "(a|aa)+$", "(.|.|.)*x", r"(\w+\s?)*$", r"^(([a-z])+.)+[A-Z]([a-z])+$", "(?=a)", r"(a)\1", "(?i)(?i)",
    "a{,}", "a{1,2}{3}", "[z-a]", "[]", "[^]", "\\", "(?P<x>a)", "a**", "\ud800",
]  # fmt: skip


@cache
def data_of(name: str) -> Any:
    return read_yaml(example_text(name), error=ModelError)[0]


def copy_of(name: str) -> Any:
    return json.loads(json.dumps(data_of(name)))


def places(data: Any, at: Loc = ()) -> Iterator[Loc]:
    """Every place in plain data."""
    yield at
    if isinstance(data, dict | list):
        for step in data if isinstance(data, dict) else range(len(data)):
            yield from places(data[step], (*at, step))


def get(data: Any, at: Loc) -> Any:
    for step in at:
        data = data[step]
    return data


def put(data: Any, at: Loc, value: Any) -> Any:
    """The data with another value at a place; the data itself is changed."""
    if not at:
        return value
    get(data, at[:-1])[at[-1]] = value
    return data


def text_of(data: Any) -> str:
    """JSON is YAML; one entry a line, so that places differ."""
    return json.dumps(data, indent=1, ensure_ascii=False) + "\n"


def some(draw: Random) -> str:
    return draw.choice(list_examples())


def strings(data: Any) -> list[Loc]:
    return [at for at in places(data) if isinstance(get(data, at), str)]


# --- kinds of damage ----------------------------------------------------------------------------


def bytes_anywhere(draw: Random) -> bytes:
    raw = bytearray(example_text(some(draw)).encode())
    if draw.random() < 0.2:
        return draw.randbytes(draw.randint(0, 400))
    for _ in range(draw.randint(1, 8)):
        raw[draw.randrange(len(raw))] = draw.randrange(256)
    if draw.random() < 0.2:
        return draw.choice([b"\xff\xfe", b"\xef\xbb\xbf", b"\x00\x00\xfe\xff"]) + bytes(raw)
    return bytes(raw)


def truncation(draw: Random) -> str:
    text = example_text(some(draw))
    return text[: draw.randrange(len(text))]


def nesting(draw: Random) -> str:
    deep: Any = draw.choice([{"title": "vp"}, "x", 1, {}, []])
    shape = draw.choice(["not", "any", "all", "list", "field"])
    for _ in range(draw.choice([1, 5, 19, 30, 41, 120])):
        deep = {"list": [deep], "not": {"not": deep}, "field": {"a": deep}}.get(
            shape, {shape: [deep]}
        )
    data = copy_of(some(draw))
    return text_of(put(data, draw.choice(list(places(data))), deep))


def aliases(draw: Random) -> str:
    text = example_text(some(draw))
    bomb = "".join(
        f"{b}: &{b} [{', '.join([f'*{a}'] * 9)}]\n"
        for a, b in zip("abcdefgh", "bcdefghi", strict=True)
    )
    start = draw.choice(["a: &a [x]\n", "? &a x\n: 1\n", "&a a: 1\n", "<<: *a\n", "a: &a [*a]\n"])
    return draw.choice([start + bomb + text, text + start + bomb, text.replace(": ", ": &a ", 3)])


def numbers(draw: Random) -> str:
    data = copy_of(some(draw))
    mark = "@@here@@"
    return text_of(put(data, draw.choice(list(places(data))), mark)).replace(
        f'"{mark}"', draw.choice(NUMBERS)
    )


def repeated_keys(draw: Random) -> str:
    lines = example_text(some(draw)).splitlines()
    at = draw.randrange(len(lines))
    again = draw.choice([lines[at], lines[at].upper(), lines[at].replace(": ", " : ", 1)])
    return "\n".join([*lines[: at + 1], again, *lines[at + 1 :]])


def wrong_type(draw: Random) -> str:
    data = copy_of(some(draw))
    for _ in range(draw.choice([1, 1, 1, 4])):
        data = put(data, draw.choice(list(places(data))), deepcopy(draw.choice(WRONG)))
    return text_of(data)


def lookalike_keys(draw: Random) -> str:
    data = copy_of(some(draw))
    keyed = [at for at in places(data) if at and isinstance(at[-1], str)]
    *rest, key = draw.choice(keyed)
    own = get(data, tuple(rest))
    spot = draw.randrange(len(key) + 1)
    changed = {
        0: "".join(LOOKALIKES.get(letter, letter) for letter in key),
        1: key[:spot] + draw.choice(INVISIBLE) + key[spot:],
        2: key.upper(),
        3: key + draw.choice(HOSTILE),
        4: key * 3_000,
    }[draw.randrange(5)]
    own[changed] = own.pop(key) if draw.random() < 0.7 else own[key]
    return text_of(data)


def hostile_text(draw: Random) -> str:
    data = copy_of(some(draw))
    for at in draw.sample(strings(data), draw.randint(1, 6)):
        data = put(data, at, draw.choice(HOSTILE))
    return text_of(data)


def patterns(draw: Random) -> str:
    data = copy_of(draw.choice([name for name in list_examples() if name != "hubspot_like"]))
    test = {draw.choice(["matches", "like", "contains_word"]): draw.choice(PATTERNS)}
    whens = [at for at in places(data) if at and at[-1] in {"when", "where"}]
    return json.dumps(put(data, draw.choice(whens), {"title": test}))


def splices(draw: Random) -> str:
    one, other = example_text(some(draw)), example_text(some(draw))
    text = one[: draw.randrange(len(one))] + other[draw.randrange(len(other)) :]
    lines = text.splitlines(keepends=True)
    if draw.random() < 0.5:
        draw.shuffle(lines)
        text = "".join(lines)
    for _ in range(draw.randint(0, 5)):
        at = draw.randrange(len(text) + 1)
        text = text[:at] + draw.choice(SNIPPETS) + text[at + draw.choice([0, 0, 1, 5, 40]) :]
    return text


DAMAGE: dict[str, Callable[[Random], str | bytes]] = {
    made.__name__: made
    for made in (
        bytes_anywhere, truncation, nesting, aliases, numbers, repeated_keys, wrong_type,
        lookalike_keys, hostile_text, patterns, splices,
    )
}  # fmt: skip
