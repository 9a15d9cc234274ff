"""The steps whose references carry their slips, found in the rooms of the chapters.

A new sheet is tested by existing: `helpers/checks/<chapter>/<sheet>.py`.
"""

import copy
import importlib
import re

import numpy as np
import pytest
import torch

import helpers.checks
from helpers.checks.engine import CheckFailed, Slip, Step
from helpers.checks.engine import help as levels
from press.evidence import doubles, in_one_line
from tests.course import ROOT, notebook, sheet

ROOM = ROOT / "helpers/checks"
SHEETS = sorted(
    path.relative_to(ROOM).with_suffix("").as_posix()
    for path in ROOM.glob("*/*.py")
    if path.parent.name != "engine" and path.name != "__init__.py"
)


def steps(name: str) -> list[Step]:
    """The steps of a sheet, in its order."""
    module = importlib.import_module(f"helpers.checks.{name.replace('/', '.')}")
    return [value for value in vars(module).values() if isinstance(value, Step)]


def hidden_seed(name: str, step: Step) -> int:
    """The seed of the step's hidden test, or, where it is wrapped, one of its sheet."""
    cells = notebook(ROOT / f"solutions/{name}.ipynb").cells
    found = re.findall(
        r"checks\.(\w+)\(.*seed=(\d+)", "\n".join(c.source for c in cells)
    )
    return int(dict(found).get(step.name, found[-1][1]))


SAID: dict[tuple[int, str], str] = {}
EVERY = [
    pytest.param(
        *(step, name),
        id=f"{name}-{step.name}",
        marks=pytest.mark.xdist_group(f"steps-{name.split('/')[0]}"),
    )
    for name in SHEETS
    for step in steps(name)
]
each_step = pytest.mark.parametrize(("step", "name"), EVERY)


def told(step: Step, active: str) -> str:
    """What is said about a slip; asked for once, by whichever test comes first."""
    if (id(step), active) not in SAID:
        with pytest.raises(CheckFailed) as caught:
            step(step.slipped(Slip((active,))))
        SAID[id(step), active] = in_one_line(caught.value)
    return SAID[id(step), active]


def test_there_are_steps():
    assert helpers.checks.__path__
    assert len(EVERY) > 3


@each_step
def test_the_reference_passes(step, name, capsys):
    assert "result" not in step.parts  # the name of what does not unpack
    step(step.slipped(Slip()))
    assert capsys.readouterr().out.startswith(f"✓ {step.name}: ")


@pytest.mark.parametrize("hidden", [False, True])
@each_step
def test_the_cases_tell_all_slips_apart_and_each_demand_has_one(step, name, hidden):
    assert step.audit(hidden_seed(name, step) if hidden else 0) == []


@each_step
def test_every_slip_loses_and_is_named(step, name):
    for move in step.slips(step.drawn(0)):
        assert in_one_line(move.text) in told(step, move.slip), move.slip


def spoil(value) -> bool:
    """Change an argument in place; tell whether it can be changed."""
    if isinstance(value, list) and value:
        return spoil(value[0]) or not value.append(value[0])
    number = isinstance(value, np.ndarray) and value.dtype.kind in "fiub"
    if not (number or torch.is_tensor(value)) or not len(value.reshape(-1)):
        return False
    with torch.no_grad():
        value[(0,) * value.ndim] = value[(0,) * value.ndim] == 0
    return True


@pytest.mark.parametrize(
    ("step", "name"),
    [p for p in EVERY if not (p.values[0].observe or p.values[0].factory)],
)
def test_a_changed_argument_beside_right_results_loses_and_is_named(step, name):
    first = step.drawn(0)[0].args
    for place, label in enumerate(first):
        if not spoil(copy.deepcopy(first[label])):
            continue

        def meddle(*args, place=place):
            results = copy.deepcopy(step.slipped(Slip())(*args))
            spoil(args[place])
            return results

        with pytest.raises(CheckFailed) as caught:
            step(meddle)
        said = in_one_line(caught.value)
        assert f"changed its argument {label} in place" in said


@each_step
def test_each_demand_is_a_sentence_of_the_sheet(step, name):
    cells = notebook(ROOT / f"solutions/{name}.ipynb").cells
    text = in_one_line(" ".join(c.source for c in cells if c.cell_type == "markdown"))
    for sentence in step.demands:
        assert in_one_line(sentence) in text, sentence


@each_step
def test_the_second_level_is_short_and_leads_to_the_page(step, name):
    assert 40 <= len(step.why.split()) <= 120
    page = (ROOT / f"book/{name.split('/')[0]}.md").read_text("utf-8")
    assert re.search(rf"^#+ {re.escape(step.see)}$", page, re.M), step.see


@each_step
def test_no_level_contains_a_line_of_the_solution(step, name):
    said = [told(step, m.slip) for m in step.slips(step.drawn(0))]
    said += [in_one_line(levels.why(step)), in_one_line(levels.worked(step))]
    for cell in sheet(name).cells:
        if cell.role == "answer":
            new = set(cell.source.splitlines()) - set(cell.release.splitlines())
            for line in (in_one_line(x).strip() for x in new):
                if len(line) > 15 and not line.startswith(("#", "def ")):
                    assert not any(line in text for text in said), line


@each_step
def test_two_slips_are_never_told_a_third(step, name):
    """What is named where two slips met gives just what they give."""
    count = 2 if step.observe else 4  # observers train and take their time
    for a, b, named in doubles(step, count):
        if named and not {m.slip for m in named} <= {a.slip, b.slip}:
            cases = step.drawn(0)
            made, said = (
                [step.outcome(slips, case) for case in cases]
                for slips in ((a, b), tuple(named))
            )
            assert not any(map(step.differ, made, said)), (a.slip, b.slip, named)


def test_hint_gives_a_level_with_each_call(capsys):
    from helpers.checks import perceptron

    with pytest.raises(CheckFailed):
        perceptron.update(lambda x, d, w, b, eta: (w, b, False))
    perceptron.hint()
    perceptron.hint()
    out = capsys.readouterr().out
    assert "Learning from mistakes" in out
    assert "for example, with" in out


def test_a_step_made_from_another_draws_its_own_cases():
    """Else the cases of the sheet that is checked first would serve both."""
    from helpers.checks.backpropagation import four_equations
    from helpers.checks.gradient_descent import descent

    first, second = (m.numerical_gradient.drawn(7) for m in (four_equations, descent))
    assert [c.args["eps"] for c in first] != [c.args["eps"] for c in second]


@pytest.mark.parametrize("name", list(filter(steps, SHEETS)))
def test_a_sheet_says_that_arguments_stay_as_they_were(name):
    """Each step loses where one was changed; in sheets with networks, they say it."""
    text = " ".join(c.source for c in notebook(ROOT / f"solutions/{name}.ipynb").cells)
    plainly = "Arguments stay as they were", "what was passed in stays as it was"
    assert "import torch" in text or any(said in text for said in plainly)
