"""The mutants of a reference, and what becomes of them."""

import json

from press import evidence

SOURCE = """
def share(x, n=3):
    total = x + 1
    if total < n:
        total = 2.5
    return total
"""


def test_each_place_is_changed_once_and_defaults_stay():
    lines = [line for line, _ in evidence.mutations(SOURCE)]
    assert sorted(lines) == sorted(
        [
            "total = x + 1 → pass",
            "total = 2.5 → pass",
            "total = x + 1 → total = x - 1",
            "total = x + 1 → total = x + 2",
            "if total < n: → if total <= n:",
            "total = 2.5 → total = 3.5",
        ]
    )


def test_a_mutant_is_one_change_of_the_source():
    for line, text in evidence.mutations(SOURCE):
        was, now = line.split(" → ")
        kept = evidence.ast.unparse(evidence.tree_of(SOURCE)).replace(was, now, 1)
        assert text == kept


def test_a_mutant_is_caught_by_an_error_or_by_points(capsys, monkeypatch):
    monkeypatch.setattr(evidence, "SECONDS", 2)
    visible = ["assert share(4) == 5, 'told'", 1]
    graded = ["print('Likely mistake: no limit')\n2.0 if share(1) == 2.5 else 0.0", 2]
    answers = {
        "right": SOURCE,
        "wrong": SOURCE.replace("x + 1", "x - 1"),
        "loses points": SOURCE.replace("2.5", "3.5"),
        "raises": "1 / 0",
        "has no end": "while True: pass",
        "is told nothing": SOURCE.replace("2.5", "3.5") + "print = str",
    }
    tasks = [
        {"before": ["n = 3"], "answer": answer, "checks": [visible, graded]}
        for answer in answers.values()
    ]
    evidence.judge(tasks)
    said = dict(zip(answers, json.loads(capsys.readouterr().out), strict=True))
    assert said["right"] is None
    assert said["wrong"] == "told"
    assert said["loses points"] == "Likely mistake: no limit\n"
    assert said["is told nothing"] == "0.0 of 2"
    assert said["raises"] == "division by zero"
    assert said["has no end"] == "ended with status 27"
