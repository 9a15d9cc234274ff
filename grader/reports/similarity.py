"""Answers that resemble each other more than chance explains: for a person to look at.

Nothing here gives or takes a mark; `similarity_page` shows what is found. An answer
becomes a stream of tokens without comments, docstrings, annotations and layout. Its
*pieces* are runs of tokens, taken in each function by itself, so that the order of
functions does not matter, with local names replaced by the distance to their last use,
so that consistent renaming does not matter (Baker 1993, parameterized matching). Pieces
that the course handed out or that the reference answer has count for nothing. The
others count the more the fewer students have them; those of a third of the class count
nothing.

Sources: Schleimer, Wilkerson, Aiken, "Winnowing", SIGMOD 2003 (runs of tokens as
fingerprints); the weights by rarity and all limits are this course's own choice.
"""

import ast
import builtins
import keyword
import re
import warnings
from collections import Counter, defaultdict
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from itertools import combinations
from math import log

from grader.books.course import Course
from grader.books.names import ANSWERS
from grader.books.rebuild import rebuild
from grader.books.sheet import Cell, Sheet

LENGTH = 16  # tokens of a piece: shorter ones are alike in any two programs
LEAST = 36.0  # rare pieces in common, below which we say nothing: three or four lines
SHARE = 0.5  # of the rare pieces of the shorter answer
RENAMED = 0.7  # weight of what agrees only if local names are set aside
COMMON = 1 / 3  # of the class: what so many wrote is no evidence
WIDE = 60  # different answers with one piece, above which it is never evidence
MOST_PARSED = 50_000  # characters; longer answers are compared by their tokens
MOST_TOKENS = 4_000  # of an answer: the rest is not looked at

MARK = "\u02af"  # begins local names: a letter to Python, and to nobody else here
BEGINS = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)
# unclosed strings end with the line or the text: no run is read twice
TOKEN = re.compile(
    r'#[^\n]*|[A-Za-z]{0,2}(?:"""(?:\\[\s\S]|[^\\]|\\\Z)*?(?:"""|\Z)'
    r"|'''(?:\\[\s\S]|[^\\]|\\\Z)*?(?:'''|\Z)"
    r'|"(?:\\.|[^"\\\n])*"?' + r"|'(?:\\.|[^'\\\n])*'?)"
    r"|[^\W\d]\w*|\d[\w.]*|\*\*=?|//=?|[<>=!]=|:=|->|\S"
)


@dataclass(frozen=True)
class Match:
    """Two students' answers to one step that are suspiciously alike.

    `also` are all others who wrote (at least four fifths of) what the two have in
    common. `strength`, from 0 to 1, is to sort by: no probability of anything. `shared`
    counts the pieces in common by rarity, `share` is their part of all rare pieces of
    the shorter answer. `renamed` says that local names differ.
    """

    step: str
    students: tuple[str, str]
    also: tuple[str, ...]
    strength: float
    renamed: bool
    shared: float
    share: float
    answered: int
    unparsed: bool
    sources: tuple[str, str] = field(repr=False, default=("", ""))


@dataclass(frozen=True)
class Text:
    """An answer as tokens, by function; whether it was Python."""

    chunks: tuple[tuple[str, ...], ...]
    parsed: bool = True

    def pieces(self) -> set[int]:
        """Return its runs of tokens, whatever local names are."""
        return {piece for chunk in self.chunks for piece in _pieces(chunk)}

    def plain(self) -> set[int]:
        """Return its runs of tokens as written."""
        return {
            hash(chunk[i : i + LENGTH])
            for chunk in self.chunks
            for i in range(len(chunk) - LENGTH + 1)
        }


def similar(course: Course, name: str) -> list[Match]:
    """Return the answers of an assignment that resemble each other, strongest first."""
    assignment = course.assignment(name)
    found: list[Match] = []
    handed_in = [course.submission(s, assignment) for s in course.students(name)]
    for sheet in assignment.sheets:
        answers = {}
        for submission in handed_in:
            if sheet.name in submission.notebooks:
                cells, _ = rebuild(sheet, submission.notebooks[sheet.name])
                answers[submission.student] = {
                    c.cell.grade_id: c.source for c in cells if c.answered
                }
        found += matches(answers, sheet)
    return sorted(found, key=lambda match: -match.strength)


def matches(answers: Mapping[str, Mapping[str, str]], sheet: Sheet) -> list[Match]:
    """Return the pairs of answers worth a look, the strongest first.

    `answers` has each student's sources by the ``grade_id`` of their cells.
    """
    code = [cell.source for cell in sheet.cells if cell.cell_type == "code"]
    modules = re.findall(r"(?m)^[ \t]*(?:import|from)\b[^#\n]*", "\n".join(code))
    names = re.findall(r"\w+", " ".join(modules))
    known = frozenset([*sheet.names, *names, *dir(builtins), *keyword.kwlist])
    found: list[Match] = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # odd escapes in students' strings
        given: set[int] = set()
        for cell in sheet.cells:
            for source in {cell.source, cell.release}:
                given |= text_of(source, known, cell.cell_type == "code").pieces()
        for cell in sheet.cells:
            if cell.role in ANSWERS and cell.grade_id:
                found += _Step(cell, answers, given, known).matches()
    order = {cell.grade_id: number for number, cell in enumerate(sheet.cells)}
    return sorted(found, key=lambda m: (-m.strength, order[m.step], m.students))


# --- one answer ----------------------------------------------------------------------


def text_of(source: str, known: frozenset[str], code: bool = True) -> Text:
    """Return an answer as tokens; prose (not `code`) as words.

    Where it is no Python, names that are not `known` count as the student's own.
    """
    chunks = _parsed(source) if code and len(source) <= MOST_PARSED else None
    parsed = chunks is not None or not code
    if chunks is None:
        chunks = [_raw(source, known) if code else re.findall(r"\w+", source.lower())]
    left, cut = MOST_TOKENS, []
    for chunk in chunks:
        cut.append(tuple(chunk[:left]))
        left -= len(cut[-1])
    return Text(tuple(cut), parsed)


def _pieces(tokens: tuple[str, ...]) -> Iterator[int]:
    """Yield the runs with each local name as the distance to where it last stood."""
    seen: dict[str, int] = {}
    codes: list[str | int] = []
    for place, token in enumerate(tokens):
        if token.startswith(MARK):
            codes.append(place - seen.get(token, -LENGTH))
            seen[token] = place
        else:  # an f-string may hold local names
            codes.append(re.sub(MARK + r"\w+", MARK, token) if MARK in token else token)
    for start in range(len(codes) - LENGTH + 1):
        piece = codes[start : start + LENGTH]
        for k, code in enumerate(piece):
            if code.__class__ is int and code > k:
                piece[k] = 0  # it last stood before this piece
        yield hash(tuple(piece))


def _parsed(source: str) -> list[list[str]] | None:
    """Return the tokens of each function, and of the rest; None if it is no Python."""
    for text in (source, re.sub(r"(?m)^[ \t]*[%!?].*$", "", source)):
        try:
            tree = ast.parse(text)
            _normalize(tree)
            rest = [node for node in tree.body if not isinstance(node, BEGINS)]
            groups = [[node] for node in tree.body if isinstance(node, BEGINS)]
            texts = ["\n".join(map(ast.unparse, group)) for group in (*groups, rest)]
            return [TOKEN.findall(text) for text in texts]
        except (SyntaxError, ValueError, RecursionError, MemoryError):
            continue
    return None


def _normalize(tree: ast.Module) -> None:
    """Drop bare strings and annotations, and mark the names that the answer binds."""
    nodes = list(ast.walk(tree))
    stored = [n for n in nodes if isinstance(n, (ast.Name, ast.arg, *BEGINS))]
    local = {
        getattr(n, "id", None) or getattr(n, "arg", None) or n.name
        for n in stored
        if not isinstance(getattr(n, "ctx", None), ast.Load)
    }
    for node in nodes:
        if isinstance(node, ast.Name) and node.id in local:
            node.id = MARK + node.id
        elif isinstance(node, ast.arg):
            node.annotation, node.arg = None, MARK + node.arg
        elif isinstance(node, BEGINS):
            node.returns, node.name = None, MARK + node.name
        elif isinstance(node, ast.Global | ast.Nonlocal):
            node.names = [MARK + name for name in node.names]
        for part in ("body", "orelse", "finalbody"):
            if isinstance(statements := getattr(node, part, None), list):
                statements[:] = [_plain(s) for s in statements if not _is_bare(s)]


def _is_bare(node: ast.stmt) -> bool:
    if isinstance(node, ast.AnnAssign):
        return node.value is None
    value = node.value if isinstance(node, ast.Expr) else None
    return isinstance(value, ast.Constant) and isinstance(value.value, str)


def _plain(node: ast.stmt) -> ast.stmt:
    if isinstance(node, ast.AnnAssign):
        return ast.Assign([node.target], node.value, lineno=0)
    return node


def _raw(source: str, known: frozenset[str]) -> list[str]:
    """Return the tokens of a text that is no Python; unknown names count as local."""
    tokens = [t for t in TOKEN.findall(source) if not t.startswith("#")]
    return [
        MARK + token
        if token.isidentifier() and token not in known and before != "."
        else token
        for before, token in zip(["", *tokens], tokens, strict=False)
    ]


# --- one step ------------------------------------------------------------------------


class _Step:
    """All answers to one step; equal ones are looked at once."""

    def __init__(self, cell: Cell, answers: Mapping, given: set, known) -> None:
        self.step = cell.grade_id
        handed_in = {student: of.get(self.step, "") for student, of in answers.items()}
        empty = ("", "".join(cell.release.split()))
        self.sources = {
            student: source
            for student, source in handed_in.items()
            if "".join(source.split()) not in empty
        }
        texts = {
            source: text_of(source, known, cell.cell_type == "code")
            for source in set(self.sources.values())
        }
        groups: dict[Text, list[str]] = defaultdict(list)
        for student in sorted(self.sources):
            groups[texts[self.sources[student]]].append(student)
        self.texts = sorted(groups, key=groups.__getitem__)
        self.students = [groups[text] for text in self.texts]
        self.pieces = [text.pieces() - given for text in self.texts]
        self.limit = max(COMMON * len(self.sources), 2.0 + 1e-9)
        index: dict[int, list[int]] = defaultdict(list)
        for number, own in enumerate(self.pieces):
            for piece in own:
                index[piece].append(number)
        self.index = {piece: places for piece, places in index.items() if places[1:]}
        self.rarities = {p: self._rarity(places) for p, places in self.index.items()}

    def _rarity(self, places: list[int]) -> float:
        """Return the weight of a piece: 1 if at most two students have it."""
        students = sum(len(self.students[i]) for i in places)
        if students <= 2:
            return 1.0
        if len(places) > WIDE or students >= self.limit:
            return 0.0
        return log(self.limit / students) / log(self.limit / 2)

    def matches(self) -> Iterator[Match]:
        """Yield the pairs that are alike enough."""
        alone = [self._rarity([number]) for number in range(len(self.texts))]
        own = [
            sum(self.rarities.get(piece, alone[number]) for piece in pieces)
            for number, pieces in enumerate(self.pieces)
        ]
        shared: dict[tuple[int, int], float] = defaultdict(float)
        for number, students in enumerate(self.students):
            if len(students) > 1:
                shared[number, number] = own[number]
        for piece, places in self.index.items():
            if (weight := self.rarities[piece]) > 0:
                for pair in combinations(places, 2):
                    shared[pair] += weight
        for (a, b), weight in shared.items():
            share = weight / max(min(own[a], own[b]), 1.0)
            if weight >= LEAST and share >= SHARE:
                yield self._match(a, b, weight, share)

    def _match(self, a: int, b: int, shared: float, share: float) -> Match:
        two = self.students[a][0], self.students[b][1 if a == b else 0]
        one, other = self.texts[a].plain(), self.texts[b].plain()
        renamed = len(one & other) < SHARE * min(len(one), len(other))
        common = [
            p for p in self.pieces[a] & self.pieces[b] if self.rarities.get(p, 1.0) > 0
        ]
        have = Counter(i for piece in common for i in self.index.get(piece, (a,)))
        alike = [i for i, count in have.items() if count >= 0.8 * len(common)]
        everyone = (student for i in alike for student in self.students[i])
        strength = share * shared / (shared + LEAST) * (RENAMED if renamed else 1.0)
        return Match(
            step=self.step,
            students=two,
            also=tuple(sorted(s for s in everyone if s not in two)),
            strength=round(strength, 4),
            renamed=renamed,
            shared=round(shared, 1),
            share=round(share, 3),
            answered=len(self.sources),
            unparsed=not (self.texts[a].parsed and self.texts[b].parsed),
            sources=tuple(self.sources[s] for s in two),
        )
