"""All visible checks of an exercise against one run of its reference: lower is better.

    python benchmarks/checks.py [--only EXERCISE] [--rounds 3] [--short]

The reference is what a learner runs who has solved everything: the imports, the
answers and the cells that use them. What is loaded once, whoever comes first (the
optimizers' part of PyTorch, the embedded digits), counts as imports. The last line has
the exercise whose checks are the dearest. A step that takes more than half a second is
named, and misses the bar, unless it is judged by the accuracy of the student's own
training: that takes the time that it takes (`TRAINED`).
"""

import json
import os
import subprocess
import sys
from collections import defaultdict
from pathlib import Path
from statistics import median

from _ratio import finish, options, table

ROOT = Path(__file__).resolve().parents[1]
sys.path.insert(0, str(ROOT))

from press.live import pack  # noqa: E402
from tests.course import EXERCISES, reference  # noqa: E402

BAR = 3.0
MOST = 0.5  # seconds of one step's visible checks
TRAINED = {
    "convolutional/cifar10_cnn: colorcnn_learn_check",
    "convolutional/mnist_cnn: digitcnn_learn_check",
    "fully_connected/cifar10_fcn: cifar_learn_check",
    "fully_connected/cifar10_fcn: cifar_improve_check",
}
PROGRAM = """
import contextlib, io, json, os, sys, tempfile
from time import perf_counter
from helpers.data.bundled import bundled
os.chdir(tempfile.mkdtemp())
names, times = {"__name__": "__main__"}, {}
for name, source in json.load(sys.stdin):
    with contextlib.redirect_stdout(io.StringIO()):
        start = perf_counter()
        exec(compile(source, name, "exec"), names)
        if len(times) == 0:  # the imports: what they load later counts as theirs
            bundled("digits")
            if torch := sys.modules.get("torch"):
                weight = torch.nn.Parameter(torch.zeros(1))
                weight.sum().backward()
                torch.optim.SGD([weight], lr=1.0).step()
        times[name] = perf_counter() - start
print(json.dumps(times))
"""


def main() -> None:
    """Measure and report."""
    settings = options(__doc__, rounds=3, only="")
    wanted = [name for name in EXERCISES if settings.only in name]
    if settings.short:
        wanted = wanted[:1]
    seconds, ratios = defaultdict(list), defaultdict(list)
    for _ in range(settings.rounds):
        for exercise in wanted:
            checks, others = run(exercise)
            ratios[exercise].append(sum(checks.values()) / others)
            for name, took in checks.items():
                seconds[f"{exercise}: {name}"].append(took)
    slow = {name: took for name, took in seconds.items() if median(took) > MOST}
    trained = {name: took for name, took in slow.items() if name in TRAINED}
    if trained:
        print("steps that wait for the student's own training:")
        table(trained)
    slow = {name: took for name, took in slow.items() if name not in TRAINED}
    if slow:
        print(f"steps whose checks take more than {MOST} s:")
        table(slow)
    for exercise, values in sorted(ratios.items(), key=lambda item: median(item[1])):
        print(f"{exercise}: checks / reference {median(values):.2f}")
    worst = max(map(median, ratios.values()))
    value = max(worst, BAR + 0.01) if slow else worst
    finish("checks", value, BAR, short=settings.short, lower_is_better=True)


def run(exercise: str) -> tuple[dict[str, float], float]:
    """Return the seconds of each visible check, and of all other cells together."""
    answers = reference(exercise)
    cells = pack.sheet(ROOT / "exercises" / f"{exercise}.ipynb")["cells"]
    cells = [cell for cell in cells if cell["role"] != "own"]
    process = subprocess.run(
        [sys.executable, "-c", PROGRAM],
        input=json.dumps([(c["id"], answers.get(c["id"], c["source"])) for c in cells]),
        env=os.environ | {"OMP_NUM_THREADS": "1", "PYTHONPATH": str(ROOT)},
        check=True,
        stdout=subprocess.PIPE,
        text=True,
    )
    times = json.loads(process.stdout)
    checks = {c["id"]: times.pop(c["id"]) for c in cells if c["role"] == "check"}
    return checks, sum(times.values())


if __name__ == "__main__":
    main()
