"""Steps: a reference that carries its slips, and the search for the cause.

A reference hands each quantity to `slip`, with what learners put in its place::

    def output_error(slip, a, y, z):
        e = slip(a - y, sign=y - a, no_target=a)
        d = slip(sigma_prime(z), no_slope=1, sigma=lambda: sigma(z))
        return slip(e * d, divided=lambda: e / d)

It runs with no slip (the expected results), with one, and with two. A wrong value that
is dear or may raise is wrapped in a lambda; where the right one is a function, so are
the wrong ones. The student's answer and the reference are looked at by the same
observer, so that a slip may change whatever the observer writes down.

A cause is named only if it gives *all* that was observed of the student's answer, and
no other with as few slips does. `Step.audit` tests the check itself.
"""

import copy
import itertools
import time
import warnings
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from functools import partial
from typing import Any, ClassVar

import numpy as np

from . import message, operators, watch
from .operators import Move
from .running import CheckFailed, Unwritten, kind_of_error, quiet, run, stir
from .values import Raised, floats, form_fault, is_list, is_row, kept, numeric, same

MOST_SECONDS = 2.0  # of a processor, for all explanations but the named ones
SINGLE = (2e-4, 2e-5)  # rtol and atol of float32, which no sheet forbids
ROUNDING = (1e-12, 1e-15)  # of an argument that is changed and put back
REMEMBERED = 3  # outcomes of a slip in a case, by what they read of the student
ENOUGH = 5  # numbers, or what proves as much: see `proof`


@dataclass(frozen=True)
class Case:
    """One call of the student's function.

    `scales` names sizes (for factors such as 1/m), `aids` names quantities that may
    have been forgotten or returned (such as σ′(z)); the arguments count as aids.
    Arguments whose names begin with _ are the observer's alone.
    """

    label: str
    args: Mapping[str, Any]
    scales: Mapping[str, float] = field(default_factory=dict)
    aids: Mapping[str, Any] = field(default_factory=dict)


class Noted(Mapping):
    """What was observed of the student; `read` notes what is looked at."""

    def __init__(self, like: Mapping, read: dict) -> None:
        self.like, self.read = like, read

    def __getitem__(self, key: str) -> Any:
        self.read[key] = self.like.get(key)
        return self.like[key]

    def __iter__(self) -> Iterator[str]:
        return iter(self.like)

    def __len__(self) -> int:
        return len(self.like)


class Slip:
    """What a reference gets first; `like` is what was observed of the student.

    An outcome depends on `read`, what the reference has read of it (under "": whether
    there was anything).
    """

    def __init__(self, active: Sequence[str] = (), like: Any = None) -> None:
        self.active, self._like = set(active), like
        self.sites: dict[str, tuple] = {}
        self.read: dict[str, Any] = {}

    @property
    def like(self) -> Noted | None:
        """What was observed of the student, if there is any."""
        self.read[""] = self._like is not None
        return None if self._like is None else Noted(self._like, self.read)

    def __call__(self, right: Any, /, **wrong: Any) -> Any:
        """Return `right`, or what the active slip puts in its place."""
        if not wrong.keys() <= self.sites.keys():
            for name in wrong:
                self.sites.setdefault(name, tuple(wrong))
        for name in self.active:
            if name in wrong:
                value = wrong[name]
                return value() if callable(value) and not callable(right) else value
        return right


def split(value: Any, parts: Sequence[str]) -> dict:
    """Return a result by the names of its parts; what does not unpack is `result`."""
    if not parts:
        return {"": value}
    unpacks = is_list(value) or (isinstance(value, np.ndarray) and value.ndim > 0)
    if unpacks and len(value) == len(parts):
        return dict(zip(parts, value, strict=True))
    return {"result": value}


def stacked(value: Any) -> Any:
    """Return a list of numbers or arrays as the array that it makes.

    >>> stacked([np.zeros(2), np.ones(2)]).shape
    (2, 2)
    """
    return np.array(value) if is_list(value) and floats(value) is not None else value


def single(value: Any) -> bool:
    """Tell whether an array, or one in a list of arrays, has single precision."""
    if is_list(value):
        return any(map(single, value))
    dtype = value.dtype if isinstance(value, np.ndarray | np.generic) else None
    return dtype is not None and dtype.kind == "f" and dtype.itemsize == 4


def returned(
    free: Callable, replay: Callable, case: Case, parts: Sequence[str]
) -> dict:
    """Observe a function: its results by name, and which arguments it changes.

    An observer gets the answer twice: `free` may take its own choices, `replay` takes
    those that were observed of the student (the order of rows, say). For the student
    both are the answer.
    """
    args = copy.deepcopy(dict(case.args))
    seen = split(kept(replay(*args.values())), parts)
    changed = [k for k in args if not same(args[k], case.args[k], *ROUNDING)]
    return seen | {"changed": changed}


@dataclass
class Step:
    """A graded step: its reference, its cases, and what its sheet demands.

    Parameters
    ----------
    name : str
        Of the student's function or class.
    reference : callable
        ``reference(slip, *args)``, or, with `factory`, ``reference(slip)``, which
        returns what the student writes (a class, say).
    cases : callable or sequence
        ``cases(rng)`` yields `Case`; with `pick` it is drawn from until every two
        outcomes of slips differ in `pick` cases (for results of few bits).
    parts : sequence of str
        The names of the entries of a returned tuple.
    texts : mapping
        What is said about each slip, by its name.
    demands : mapping
        For each sentence of the sheet that demands something: the slips that disregard
        it. Where that cannot be a slip, the label of the case or of the fact.
    mistakes : sequence of (str, callable)
        Whole wrong functions, where a slip cannot say it.
    observe : callable, optional
        ``observe(free, replay, case) → dict``; keys that begin with _ are notes, and
        `fault` is the name of the one fault that it finds: no two slips explain it.
    tell : callable, optional
        ``tell(got, want)`` states a fact about two observations, no guess.
    warn : str
        The failure's text where right values come with a floating-point warning.
    why, see : str
        The second level of help: why it matters, and the label of the page's place.
    goal : str
        The words of that goal of the chapter's page which the step serves.
    lists : bool
        A list of numbers or arrays counts as the array that it makes.
    small : callable, optional
        The third level: a `Case` of small numbers, other than the exercise's.
    """

    name: str
    reference: Callable
    cases: Callable[[np.random.Generator], Iterator[Case]] | Sequence[Case]
    parts: Sequence[str] = ()
    texts: Mapping[str, str] = field(default_factory=dict)
    demands: Mapping[str, Sequence[str]] = field(default_factory=dict)
    mistakes: Sequence[tuple[str, Callable]] = ()
    observe: Callable | None = None
    factory: bool = False
    tell: Callable[[dict, dict], str] | None = None
    warn: str = ""
    pick: int = 0
    lists: bool = False
    rtol: float = 1e-6
    atol: float = 1e-8
    why: str = ""
    see: str = ""
    goal: str = ""
    small: Callable[[], Case] | None = None
    ahead: ClassVar[bool] = False  # whether to think of wrong answers at a right one
    _drawn: dict = field(default_factory=dict, init=False, repr=False)
    _found: dict = field(default_factory=dict, init=False, repr=False)

    def __str__(self) -> str:
        """Return its name: a test that runs for each step is called so."""
        return self.name

    def __call__(self, answer: Callable, seed: int = 0) -> None:
        """Check an answer.

        Raises
        ------
        CheckFailed
            With the message for the student.
        RuntimeError
            The check's own reference fails: a fault of the course.
        """
        self.judge(answer, self.drawn(seed))

    def judge(
        self, answer: Callable, cases: Sequence[Case], all_cases: Sequence[Case] = ()
    ) -> None:
        """Check an answer in these cases; look for the cause in `all_cases`, if given.

        Raises as a call of the step does.
        """
        seen, warned = self._seen(answer, cases)
        want = self.expected(cases, seen)
        if any(map(self.differ, seen, want)):
            wider = all_cases or cases
            whole = self._seen(answer, wider)[0] if all_cases else seen
            cause = self.explain(wider, whole, self.expected(wider, whole))
            note = self._unsteady(answer, cases[: 1 if self.observe else None], seen)
            text = message.report(self, cases, seen, want, cause, note)
            raise message.failed(self, text, seen, want)
        for case, right in zip(cases, want, strict=True):
            if self.warn and case.label in warned and _finite(right):
                raise message.failed(self, message.warned(self, case))
        message.passed(self.name, len(cases))
        if self.ahead:
            for move in self.slips(cases):
                self.outcome((move,), cases[0], seen[0])

    def expected(self, cases: Sequence[Case], seen: Sequence) -> list[dict]:
        """Return what the reference gives; `seen` is what was observed of the student.

        Raises
        ------
        RuntimeError
            The reference fails: a fault of the course.
        """
        likes = [s if isinstance(s, dict) else None for s in seen]
        want = [self.outcome((), c, like) for c, like in zip(cases, likes, strict=True)]
        for outcome in want:
            if isinstance(outcome, Raised):
                raise RuntimeError(f"the check's reference fails: {outcome.message}")
        return want

    # --- observing -------------------------------------------------------------------

    def drawn(self, seed: int) -> list[Case]:
        """Return the cases of a seed; with `pick`, those that tell all slips apart."""
        if not callable(self.cases):
            return list(self.cases)
        if seed not in self._drawn:
            stream = self.cases(np.random.default_rng(seed))
            self._drawn[seed] = list(self._picked(stream) if self.pick else stream)
        return self._drawn[seed]

    def _seen(self, answer: Callable, cases: Sequence[Case]) -> tuple[list, list[str]]:
        """Observe the student's answer in all cases; say where warnings came."""
        seen, warned = [], []

        for case in cases:

            def watched(*args: Any, case: Case = case) -> Any:
                named = dict(zip(case.args, args, strict=True))
                unflagged = bool(self.warn) and not watch.flags()
                with quiet():
                    floating = unflagged and watch.overflows(answer, args)
                value, told = run(answer, named, self.name)
                warned.extend([case.label] * bool(floating or told))
                return value

            try:
                if self.observe:
                    look = partial(self.observe, answer, answer, case)
                    seen.append(run(look, {}, self.name)[0])
                else:
                    seen.append(self._look(watched, watched, case))
            except Unwritten:
                raise
            except CheckFailed as failure:
                seen.append(Raised(str(failure)))
        return seen, warned

    def _look(self, free: Callable, replay: Callable, case: Case) -> dict:
        """Observe an answer, or the reference, in one case."""
        if self.observe:
            return self.observe(free, replay, case)
        seen = returned(free, replay, case, self.parts)
        if self.lists:
            seen |= {k: stacked(v) for k, v in seen.items() if k != "changed"}
        return seen

    def outcome(self, moves: Sequence[Move], case: Case, like: Any = None) -> Any:
        """Observe the reference with these moves; an exception is an outcome, too.

        Moves of results are not the reference's: the search applies them. What one
        slip, or none, gives is remembered, with what it read of the student.
        """
        slips = [m.slip for m in moves if m.slip]
        plain = len(moves) < 2 and len(slips) == len(moves)
        key = (*slips, id(case))
        for _, read, outcome in self._found.get(key, ()) if plain else ():
            known = {"": like is not None} | (like or {})
            if all(same(known.get(k), v, 0, 0) for k, v in read.items()):
                return outcome
        whole = next((m.instead for m in moves if m.instead), None)
        try:
            for move in moves:
                if move.args:
                    case = replace(case, args=move.args(dict(case.args)))
            with quiet():
                if whole and self.observe is None:
                    return self._look(whole, whole, case) | {"changed": []}
                free, replay = Slip(slips), Slip(slips, like)
                outcome = self._look(self.slipped(free), self.slipped(replay), case)
                if plain:  # with its case, whose id stays its own
                    found = self._found.setdefault(key, [])
                    found[:] = [(case, replay.read, outcome), *found[: REMEMBERED - 1]]
                return outcome
        except Exception as error:
            return Raised(f"✗ {self.name}: {kind_of_error(error)}: {error}")

    def slipped(self, slip: Slip) -> Callable:
        """Return the reference with these slips, as a student would write it."""
        return self.reference(slip) if self.factory else partial(self.reference, slip)

    def differ(self, got: Any, want: Any) -> set[str]:
        """Return the parts in which an observation is not what is asked for."""
        if isinstance(got, Raised) or isinstance(want, Raised):
            return set() if same(got, want, 0, 0) else {"*"}
        keys = [k for k in {**want, **got} if k[:1] != "_"]
        return {k for k in keys if not self._right(got, want, k)}

    def _right(self, got: dict, want: dict, part: str) -> bool:
        if part not in got or part not in want:
            return False
        if part == "changed" or self.observe:
            return self._agree(got[part], want[part])
        fault = form_fault(got[part], want[part])
        return not fault and self._agree(got[part], want[part])

    def _agree(self, got: Any, want: Any) -> bool:
        rtol, atol = (self.rtol, self.atol)
        if single(got):
            rtol, atol = max(rtol, SINGLE[0]), max(atol, SINGLE[1])
        return same(got, want, rtol, atol)

    # --- slips, and the test of the check itself -------------------------------------

    def slips(self, cases: Sequence[Case]) -> list[Move]:
        """Return the slips that the reference carries, found by running it."""
        slip = Slip()
        with quiet():
            for case in cases:
                self._look(self.slipped(slip), self.slipped(slip), case)
        texts = self.texts
        return [Move(texts.get(n, n), site, slip=n) for n, site in slip.sites.items()]

    def singles(self, cases: Sequence[Case]) -> list[Move]:
        """Return all named mistakes: slips, and whole wrong functions."""
        whole = [Move(text, "whole", instead=f) for text, f in self.mistakes]
        return [*self.slips(cases), *whole]

    def _picked(self, stream: Iterator[Case]) -> Iterator[Case]:
        first = list(itertools.islice(stream, 2))
        moves = [(), *((m,) for m in self.singles(first))]
        left = dict.fromkeys(itertools.combinations(range(len(moves)), 2), self.pick)
        for case in itertools.chain(first, itertools.islice(stream, 60)):
            numbers = {i for pair in left for i in pair}
            seen = {i: self.outcome(moves[i], case) for i in numbers}
            new = {p for p in left if self.differ(seen[p[0]], seen[p[1]])}
            left = {p: n - (p in new) for p, n in left.items() if n > (p in new)}
            if new:
                yield case
            if not left:
                return

    def audit(self, seed: int = 0) -> list[str]:
        """Return the faults of the check, such as slips that its cases do not tell."""
        cases = self.drawn(seed)
        runs = {"the right answer": [self.outcome((), case) for case in cases]}
        like = runs["the right answer"]
        singles = self.singles(cases)
        for move in singles:
            name = move.slip or move.text
            runs[name] = [
                self.outcome((move,), c, s) for c, s in zip(cases, like, strict=True)
            ]
        least = max(1, self.pick)
        faults = [
            f"not told apart: {a} | {b}"
            for (a, x), (b, y) in itertools.combinations(runs.items(), 2)
            if sum(map(bool, map(self.differ, x, y))) < least
        ]
        known = {m.slip for m in singles if m.slip}
        labels = {case.label for case in cases}
        faults += [
            f"a demand without a case: {sentence}: {name}"
            for sentence, names in self.demands.items()
            for name in names
            if name not in known | labels
        ]
        faults += [f"a slip without a text: {n}" for n in known if n not in self.texts]
        return faults + [
            f"a text of no slip: {n}" for n in self.texts if n not in known
        ]

    # --- the cause -------------------------------------------------------------------

    def explain(self, cases: Sequence, seen: Sequence, want: Sequence) -> str:
        """Return the one cause that gives all observations, or nothing."""
        search = _Search(self, cases, seen, want)
        with np.errstate(all="ignore"), warnings.catch_warnings():
            warnings.simplefilter("ignore")  # a mean of nothing, say
            return search.cause()

    def _unsteady(self, answer: Callable, cases: Sequence[Case], seen: list) -> str:
        """Say so when a second call with the same arguments gives another result."""
        for case, first in zip(cases, seen, strict=False):
            with quiet():  # which puts the states back
                stir(20_001)
                again = self._seen(answer, [case])[0][0]
            if isinstance(first, Raised) or isinstance(again, Raised):
                continue
            for k in first:
                exact = k in again and same(again[k], first[k], 1e-12, 1e-12)
                if k[:1] != "_" and not exact:
                    return message.UNSTEADY
        return ""


class _Search:
    """The search for what explains all observations of one answer."""

    def __init__(self, step: Step, cases: Sequence, seen: Sequence, want: Sequence):
        self.step, self.cases, self.seen, self.want = step, cases, seen, want
        self.wrong = [step.differ(s, w) for s, w in zip(seen, want, strict=True)]
        # a failing case with values first: it rules out most
        self.order = sorted(
            range(len(cases)),
            key=lambda i: (not self.wrong[i], isinstance(seen[i], Raised)),
        )
        self.known: dict = {}
        self.end = np.inf

    def cause(self) -> str:
        """Try one slip, one number for all, one operator, then two at once."""
        singles = self.step.singles(self.cases)
        if found := self.first([(m,) for m in singles if self.fits((m,))]):
            return self.shared(found)
        if text := self.in_one_part(singles):
            return text
        parts = self.step.parts or ("",)
        number = constant(self.seen, parts)
        if number and not constant(self.want, parts):
            return f"every result is {number}, whatever the arguments."
        self.end = time.process_time() + MOST_SECONDS
        if self.step.observe:
            return self.two(singles, [])
        if len(self.want) < 2 and self.numbers(self.want, np.ones_like) < 3:
            return ""  # one number fits too many stories
        if not self.numbers(self.seen, np.isfinite):
            return ""  # and NaN fits any
        others = [
            *operators.result_moves(self.cases, self.want, self.step.parts),
            *operators.argument_moves(self.cases),
        ]
        found = [(m,) for m in others if self.in_time() and self.fits((m,), firm=True)]
        if found:
            return self.shared(found[:1])
        return self.two(singles, others) or self.in_one_part(singles, alone=False)

    def two(self, singles: Sequence[Move], others: Sequence[Move]) -> str:
        """Return two mistakes that explain all together, if only one pair does."""
        i = self.order[0]
        if set().union(*self.wrong) == {"fault"}:
            return ""
        # where cases are picked for single slips, whole numbers may fit other pairs
        of = (lambda a: a % 1 > 0) if self.step.pick > 1 else proof
        if not self.step.observe and self.numbers(self.seen, of) < ENOUGH:
            return ""
        harm = {m: self.step.differ(self.run((m,), i), self.want[i]) for m in singles}
        rank = {m: (not self.wrong[i] <= harm[m], self.apart(m, i)) for m in singles}
        near = sorted(singles, key=rank.get)
        pairs = itertools.combinations([m for m in near if m.slip], 2)
        if self.step.observe:  # what neither of them spoils, both together do not
            pairs = (p for p in pairs if self.wrong[i] <= harm[p[0]] | harm[p[1]])
        # beside a whole wrong function only a factor: more would explain too much
        factors = tuple(operators.factors(self.cases[0].scales))
        for level in (
            pairs,
            itertools.product(near, [m for m in others if m.text.endswith(factors)]),
            itertools.product([m for m in near if m.slip], others),
        ):
            found: list[tuple] = []
            for pair in level:
                if not self.in_time() or len(self.first(found)) > 1:
                    break
                if pair[0].site != pair[1].site and self.fits(pair, firm=True):
                    found.append(pair)
            if found:
                return self.shared(self.first(found))
        return ""

    def apart(self, move: Move, i: int) -> float:
        """Return how far what a mistake gives is from what was observed in a case."""
        value, seen, far = self.run((move,), i), self.seen[i], 0.0
        if isinstance(value, Raised) or isinstance(seen, Raised):
            return np.inf
        for part in self.wrong[i] & value.keys() & seen.keys():
            g, w = numeric(value[part]), numeric(seen[part])
            if g is not None and w is not None:
                gap = np.mean(np.abs(g - w)) if g.shape == w.shape else np.inf
                far += np.nan_to_num(gap, nan=np.inf, posinf=np.inf)
        return far

    def in_time(self) -> bool:
        """Tell whether there is time left to search."""
        return time.process_time() < self.end

    def first(self, found: list[tuple]) -> list[tuple]:
        """Keep the first of whole wrong functions: they overlap, and are in order."""
        whole = [moves for moves in found if moves[0].instead]
        return [*(m for m in found if not m[0].instead), *whole[:1]]

    def in_one_part(self, singles: Sequence[Move], alone: bool = True) -> str:
        """Return the only mistake that gives a wrong part of the results in all cases.

        With `alone` only if no other part is wrong; else it must prove enough.
        """
        wrong = set().union(*self.wrong)
        parts = [part for part in self.step.parts if part in wrong]
        if alone and (len(parts) != 1 or wrong - {"changed"} != set(parts)):
            return ""
        for part in parts:
            if not alone and self.numbers(self.seen, proof, {part}) < ENOUGH:
                continue
            found = self.first([(m,) for m in singles if self.explains(m, part)])
            if found and (alone or len(found) == 1):
                text = found[0][0].text
                named = alone or text.startswith(f"{part}:")
                return text if named else f"{part}: {text}"
        return ""

    def explains(self, move: Move, part: str) -> bool:
        """Tell whether a mistake gives this part of the results, and a wrong one."""
        return all(self.gives((move,), i, part, self.seen[i]) for i in self.order) and (
            # else its form is wrong, and not its values
            not all(self.gives((move,), i, part, self.want[i]) for i in self.order)
        )

    def gives(self, moves: tuple, i: int, part: str, observed: Any) -> bool:
        """Tell whether this part of the results is what was observed in a case."""
        both = self.run(moves, i), observed
        if not all(isinstance(v, dict) and part in v for v in both):
            return False
        return self.step._agree(observed[part], both[0][part])

    def numbers(self, seen: Sequence, of: Callable, parts: Any = None) -> float:
        """Add up what `of` says of the numbers in wrong parts, or in these of them."""
        count = 0
        for i, observed in enumerate(seen):
            for part in self.wrong[i] if parts is None else self.wrong[i] & parts:
                value = observed.get(part) if isinstance(observed, dict) else None
                flat = value if is_list(value) and not is_row(value) else [value]
                arrays = [a for a in map(numeric, flat) if a is not None]
                count += sum(float(np.sum(of(a))) for a in arrays)
        return count

    def run(self, moves: tuple, i: int) -> Any:
        """Return what the reference gives with these moves, remembering single ones."""
        inner = tuple(m for m in moves if not m.result)
        if not inner:
            value = self.want[i]
        elif len(inner) > 1:
            return self.step.outcome(moves, self.cases[i], self.like(i))
        else:
            key = (inner, i)
            if key not in self.known:
                self.known[key] = self.step.outcome(inner, self.cases[i], self.like(i))
            value = self.known[key]
        for move in moves:
            if move.result and isinstance(value, dict):
                try:
                    value = move.result(value, self.cases[i])
                    if self.step.parts and "result" in value:
                        rest = {k: v for k, v in value.items() if k != "result"}
                        value = rest | split(value["result"], self.step.parts)
                except Exception:
                    return Raised("")
        return value

    def like(self, i: int) -> Any:
        return self.seen[i] if isinstance(self.seen[i], dict) else None

    def fits(self, moves: tuple, firm: bool = False) -> bool:
        """Tell whether these moves give all that was observed, and prove something."""
        proof = False  # that both raise proves less than values do
        for i in self.order:
            value, seen = self.run(moves, i), self.seen[i]
            if isinstance(value, Raised) or isinstance(seen, Raised):
                both = isinstance(value, Raised) and isinstance(seen, Raised)
                whole = any(m.instead for m in moves)  # maybe in another library
                if not both or not (whole or value.kind[0] == seen.kind[0]):
                    return False
                proof |= not firm and bool(seen.kind[1]) and value.kind == seen.kind
                continue
            if self.gap(value, seen):
                return False
            # what leaves the expected result as it is explains nothing
            proof |= bool(self.wrong[i]) and self.gap(value, self.want[i])
        return proof

    def gap(self, value: dict, seen: dict) -> bool:
        """Tell whether an outcome is another than what was observed.

        That arguments were changed in place is a mistake of its own, beside others.
        """
        keys = [k for k in {**value, **seen} if k[:1] != "_"]
        for k in keys:
            if k == "changed" and not value.get(k):
                continue
            if k not in value or k not in seen:
                return True
            if not self.step._agree(seen[k], value[k]):
                return True
        return False

    def shared(self, found: Sequence[tuple]) -> str:
        """Return the only explanation, or what all have in common, or both of two."""
        common = [m.text for m in found[0] if all(m in other for other in found)]
        if len(common) == 2:
            first, second = common
            return f"two things at once: {first} Moreover, {second}"
        texts = list(dict.fromkeys(f[0].text for f in found if len(f) == 1))
        if not common and len(found[0]) == 1 and len(texts) == 2:
            return " Or: ".join(texts)
        return common[0] if common else ""


def proof(numbers: np.ndarray) -> np.ndarray:
    """Return what each number proves: 1 with a fraction, 1/4 for 0, more if large."""
    whole = np.clip(np.log2(2 + np.abs(numbers)) / 4, 0.25, 1.5)
    return np.where(numbers % 1 == 0, whole, np.isfinite(numbers))


def constant(seen: Sequence, parts: Sequence[str]) -> str:
    """Return the one number that these parts consist of in all cases, as text."""
    if len(seen) < 3 or not all(
        isinstance(s, dict) and s.keys() >= set(parts) for s in seen
    ):
        return ""
    arrays = [floats(s[part]) for s in seen for part in parts]
    if any(a is None or not a.size for a in arrays):
        return ""
    flat = np.concatenate([a.ravel() for a in arrays])
    return f"{flat[0]:.4g}" if np.all(flat == flat[0]) else ""


def _finite(observed: Any) -> bool:
    """Tell whether all that is expected is finite: else a warning may be right."""
    values = [v for k, v in observed.items() if k != "changed" and k[:1] != "_"]
    arrays = [floats(v) for v in values]
    return all(a is None or bool(np.isfinite(a).all()) for a in arrays)


def verify(
    name: str,
    function: Callable,
    cases: Sequence[Case],
    reference: Callable,
    *,
    mistakes: Sequence[tuple[str, Callable]] = (),
    parts: Sequence[str] = (),
    warn: str = "",
    rtol: float = 1e-6,
    atol: float = 1e-8,
) -> None:
    """Check `function` on all cases against `reference`: a `Step` without slips.

    `reference` and the mistakes take the case's arguments. `parts` names the entries
    of a returned tuple; `warn`, if given, is the failure's text when the function
    causes a floating-point warning.
    """
    Step(
        name,
        lambda slip, *args: reference(*args),
        cases,
        parts,
        mistakes=mistakes,
        warn=warn,
        rtol=rtol,
        atol=atol,
    )(function)
