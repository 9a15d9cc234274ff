"""Answers that resemble each other more than chance explains: for a person to look at.

Nothing here gives or takes a mark; `similarity_page` shows what is found. An answer
becomes a stream of tokens without comments, docstrings, annotations and layout. Its
*pieces* are runs of tokens, taken in each function by itself, so that the order of
functions does not matter: once as written, and once, longer, with local names replaced
by the distance to their last use, so that consistent renaming does not matter (Baker
1993, parameterized matching). Pieces that the course handed out or that the reference
answer has count for nothing. The others count the more the fewer students have them;
those of a third of the class count nothing.

Sources: Schleimer, Wilkerson, Aiken, "Winnowing", SIGMOD 2003 (runs of tokens as
fingerprints); the weights by rarity and all limits are this course's own choice.
"""

import ast
import builtins
import keyword
import re
import warnings
from collections import Counter, defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from itertools import combinations
from math import log

from grader.books.course import Course
from grader.books.rebuild import rebuild
from grader.books.sheet import Cell, Sheet

LENGTH = 8  # tokens of a piece as written
LONG = 16  # tokens of a renamed piece: shorter ones are alike in any two programs
LEAST = 32.0  # rare pieces in common, below which we say nothing: three or four lines
SHARE = 0.5  # of the rare pieces of the shorter answer
RENAMED = 0.7  # weight of a piece whose local names differ
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

    Attributes
    ----------
    step : str
        The ``grade_id`` of the answer cell.
    students : (str, str)
        The two whose answers stand in `sources`.
    also : tuple of str
        All others who wrote (at least four fifths of) what the two have in common.
    strength : float
        0 to 1, to sort by: no probability of anything.
    renamed : bool
        Whether they agree only after renaming of local names.
    shared : float
        Pieces in common, of `LENGTH` tokens (renamed: `LONG`), counted by rarity.
    share : float
        The part that they make of all rare pieces of the shorter answer.
    answered : int
        Students who answered this step.
    unparsed : bool
        Whether one of the answers is no valid Python.
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
class Print:
    """The pieces of an answer: as written, and with local names replaced."""

    exact: frozenset[int]
    renamed: frozenset[int]
    parsed: bool = True


NOTHING = Print(frozenset(), frozenset())


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


def matches(
    answers: Mapping[str, Mapping[str, str]], sheet: Sheet, public: Iterable[str] = ()
) -> list[Match]:
    """Return the pairs of answers worth a look, the strongest first.

    Parameters
    ----------
    answers : mapping of str to mapping of str to str
        Student → ``grade_id`` of an answer cell → source. Missing steps are no answer;
        other cells are left out.
    sheet : Sheet
        The instructor's notebook: its release and its answers are not evidence.
    public : iterable of str
        More code that everybody has read: the cells of the chapter.
    """
    known = _known(sheet)
    found: list[Match] = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # odd escapes in students' strings
        given = _given(sheet, public, known)
        for cell in sheet.cells:
            if cell.role in ("answer", "manual") and cell.grade_id:
                step = _Step(cell, answers, given, known)
                found += step.matches()
    order = {cell.grade_id: number for number, cell in enumerate(sheet.cells)}
    return sorted(found, key=lambda m: (-m.strength, order[m.step], m.students))


def _known(sheet: Sheet) -> frozenset[str]:
    """Return the names that no student chose: of the course, its modules, Python."""
    code = [cell.source for cell in sheet.cells if cell.cell_type == "code"]
    modules = re.findall(r"(?m)^[ \t]*(?:import|from)\b[^#\n]*", "\n".join(code))
    names = re.findall(r"\w+", " ".join(modules))
    return frozenset([*sheet.names, *names, *dir(builtins), *keyword.kwlist])


def _given(sheet: Sheet, public: Iterable[str], known: frozenset[str]) -> Print:
    """Return the pieces that the course itself has handed out or could hand out."""
    exact: set[int] = set()
    renamed: set[int] = set()
    texts = {(source, True) for source in public}
    for cell in sheet.cells:
        code = cell.cell_type == "code"
        texts |= {(cell.source, code), (cell.release, code)}
    for source, code in texts:
        pieces = fingerprint(source, known, code)
        exact |= pieces.exact
        renamed |= pieces.renamed
    return Print(frozenset(exact), frozenset(renamed))


# --- one answer ----------------------------------------------------------------------


def fingerprint(
    source: str, known: frozenset[str], code: bool = True, given: Print = NOTHING
) -> Print:
    """Return the pieces of an answer that are not `given`.

    `known` names are not the student's own; prose (not `code`) is compared by words.
    """
    chunks = _parsed(source) if code and len(source) <= MOST_PARSED else None
    parsed = chunks is not None
    if chunks is None:
        chunks = [_raw(source, known) if code else re.findall(r"\w+", source.lower())]
    exact: set[int] = set()
    renamed: set[int] = set()
    left = MOST_TOKENS
    for chunk in chunks:
        tokens = chunk[:left]
        left -= len(tokens)
        long = _renamed_pieces(tokens)
        theirs = bytearray(len(tokens))  # what is given but for the names
        for place, piece in enumerate(long):
            if piece in given.renamed:
                theirs[place : place + LONG] = b"\1" * LONG
        for place, piece in enumerate(_pieces(tokens)):
            if not all(theirs[place : place + LENGTH]):
                exact.add(piece)
        renamed.update(long)
    own = frozenset(exact - given.exact), frozenset(renamed - given.renamed)
    return Print(*own, parsed or not code)


def _pieces(tokens: list[str]) -> list[int]:
    plain = [token.removeprefix(MARK) for token in tokens]
    last = len(plain) - LENGTH + 1
    return [hash(tuple(plain[i : i + LENGTH])) for i in range(last)]


def _renamed_pieces(tokens: list[str]) -> list[int]:
    """Return the pieces with each local name as the distance to where it last stood."""
    seen: dict[str, int] = {}
    codes: list[str | int] = []
    for place, token in enumerate(tokens):
        if token.startswith(MARK):
            codes.append(place - seen.get(token, -LONG))
            seen[token] = place
        else:  # an f-string may hold local names
            codes.append(re.sub(MARK + r"\w+", MARK, token) if MARK in token else token)
    found = []
    for start in range(len(codes) - LONG + 1):
        piece = codes[start : start + LONG]
        for k, code in enumerate(piece):
            if code.__class__ is int and code > k:
                piece[k] = 0  # it last stood before this piece
        found.append(hash(tuple(piece)))
    return found


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
    names: list[ast.Name] = []
    local: set[str] = set()
    for node in _nodes(tree):
        if isinstance(node, ast.Name):
            names.append(node)
            if not isinstance(node.ctx, ast.Load):
                local.add(node.id)
        elif isinstance(node, ast.arg):
            local.add(node.arg)
            node.annotation, node.arg = None, MARK + node.arg
        elif isinstance(node, BEGINS):
            local.add(node.name)
            node.returns, node.name = None, MARK + node.name
        elif isinstance(node, ast.ExceptHandler) and node.name:
            local.add(node.name)
            node.name = MARK + node.name
        elif isinstance(node, ast.Global | ast.Nonlocal):
            node.names = [MARK + name for name in node.names]
    for name in names:
        if name.id in local:
            name.id = MARK + name.id


def _nodes(tree: ast.Module) -> Iterator[ast.AST]:
    """Yield all nodes but bare strings and bare annotations, which are dropped."""
    left: list[ast.AST] = [tree]
    while left:
        node = left.pop()
        yield node
        for value in vars(node).values():
            if isinstance(value, list):
                if value and isinstance(value[0], ast.stmt):
                    kept = [_plain(s) for s in value if not _is_bare(s)]
                    value[:] = kept or [ast.Pass()]
                left += [part for part in value if isinstance(part, ast.AST)]
            elif isinstance(value, ast.expr | ast.arguments):
                left.append(value)


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

    def __init__(self, cell: Cell, answers, given: Print, known) -> None:
        self.step = cell.grade_id
        handed_in = {student: of.get(self.step, "") for student, of in answers.items()}
        empty = ("", "".join(cell.release.split()))
        self.sources = {
            student: source
            for student, source in handed_in.items()
            if "".join(source.split()) not in empty
        }
        code = cell.cell_type == "code"
        own = {
            source: fingerprint(source, known, code, given)
            for source in set(self.sources.values())
        }
        groups: dict[Print, list[str]] = defaultdict(list)
        for student in sorted(self.sources):
            groups[own[self.sources[student]]].append(student)
        self.prints = sorted(groups, key=groups.__getitem__)
        self.students = [groups[pieces] for pieces in self.prints]

    def matches(self) -> Iterable[Match]:
        """Return the pairs that are alike enough."""
        best: dict[tuple[int, int], Match] = {}
        for renamed, factor in ((False, 1.0), (True, RENAMED)):
            level = _Level(
                [p.renamed if renamed else p.exact for p in self.prints],
                [len(group) for group in self.students],
                len(self.sources),
            )
            for pair, shared, share in level.pairs(LEAST / factor):
                strength = factor * share * shared / (shared + LEAST)
                if pair not in best or strength > best[pair].strength:
                    also = self._others(pair, level)
                    best[pair] = self._match(
                        pair, also, strength, renamed, shared, share
                    )
        return best.values()

    def _pair(self, pair: tuple[int, int]) -> tuple[str, str]:
        a, b = pair
        second = self.students[b][1 if a == b else 0]
        return self.students[a][0], second

    def _others(self, pair: tuple[int, int], level: "_Level") -> tuple[str, ...]:
        two = self._pair(pair)
        alike = level.others(pair)
        everyone = (s for i in alike for s in self.students[i])
        return tuple(sorted(s for s in everyone if s not in two))

    def _match(self, pair, also, strength, renamed, shared, share) -> Match:
        two = self._pair(pair)
        return Match(
            step=self.step,
            students=two,
            also=also,
            strength=round(strength, 4),
            renamed=renamed,
            shared=round(shared, 1),
            share=round(share, 3),
            answered=len(self.sources),
            unparsed=not all(self.prints[i].parsed for i in pair),
            sources=tuple(self.sources[s] for s in two),
        )


class _Level:
    """The pieces of all different answers to a step; `counts`: students of each."""

    def __init__(
        self, pieces: list[frozenset[int]], counts: list[int], answered: int
    ) -> None:
        self.pieces = pieces
        self.counts = counts
        self.limit = max(COMMON * answered, 2.0 + 1e-9)
        self.index: dict[int, list[int]] = {}  # of pieces in two answers or more
        first: dict[int, int] = {}
        for number, own in enumerate(pieces):
            for piece in own:
                before = first.setdefault(piece, number)
                if before != number:
                    self.index.setdefault(piece, [before]).append(number)
        self.rarities = {p: self._rarity(places) for p, places in self.index.items()}

    def _rarity(self, places: list[int]) -> float:
        """Return the weight of a piece: 1 if at most two students have it."""
        students = sum(self.counts[i] for i in places)
        if students <= 2:
            return 1.0
        if len(places) > WIDE or students >= self.limit:
            return 0.0
        return log(self.limit / students) / log(self.limit / 2)

    def total(self, number: int) -> float:
        """Return the weight of all pieces of an answer."""
        alone = self._rarity([number])
        return sum(self.rarities.get(piece, alone) for piece in self.pieces[number])

    def others(self, pair: tuple[int, int]) -> list[int]:
        """Return the answers that have four fifths of what these two have in common."""
        a, b = pair
        common = self.pieces[a] & self.pieces[b]
        common = {p for p in common if self.rarities.get(p, 1.0) > 0}
        found = Counter(i for piece in common for i in self.index.get(piece, (a,)))
        return [i for i, count in found.items() if count >= 0.8 * len(common)]

    def pairs(self, least: float) -> Iterator[tuple[tuple[int, int], float, float]]:
        """Yield pairs of answers, the weight that they have in common, its share."""
        own = [self.total(number) for number in range(len(self.pieces))]
        shared: dict[tuple[int, int], float] = defaultdict(float)
        for number, count in enumerate(self.counts):
            if count > 1:
                shared[number, number] = own[number]
        for piece, places in self.index.items():
            if (weight := self.rarities[piece]) > 0:
                for pair in combinations(places, 2):
                    shared[pair] += weight
        for (a, b), weight in shared.items():
            share = weight / max(min(own[a], own[b]), 1.0)
            if weight >= least and share >= SHARE:
                yield (a, b), weight, share
