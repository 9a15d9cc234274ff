"""`make reproduce` goes on where it was killed, and says what stands in its way."""

import json

import nbformat
import numpy as np
import pytest
import torch

from press import keep, reproduce

NOTEBOOK = """
# tag: define
def train(seed):
    (room / "calls").open("a").write(f"{seed} ")
    return torch.randn(3, generator=torch.Generator().manual_seed(seed)).sum().item()
# next
from pathlib import Path
import torch
from helpers.results import Recorder
room = Path(ROOM)
record = Recorder("tiny")
# next
first = train(1), torch.rand(1).item()
# next
assert (room / "power").exists(), "the power fails here"
# next
record("sum", [first[0], train(2)])
record("drawn", torch.rand(1).item())
"""


@pytest.fixture
def tiny(tmp_path, monkeypatch):
    """Return a folder with a course of one notebook, which needs a file `power`."""
    notebook = nbformat.v4.new_notebook()
    for source in NOTEBOOK.split("# next\n"):
        source = source.replace("ROOM", repr(str(tmp_path))).strip()
        cell = nbformat.v4.new_code_cell(source)
        cell.metadata["tags"] = ["define"] * source.startswith("# tag: define")
        notebook.cells.append(cell)
    (tmp_path / "notebooks").mkdir()
    (tmp_path / "results").mkdir()
    nbformat.write(notebook, tmp_path / "notebooks" / "tiny.ipynb")
    beginning = reproduce.beginning
    monkeypatch.setattr(
        reproduce,
        "beginning",
        lambda folder: f"{beginning(folder)}\nimport press.keep; press.keep.WORTH = -1",
    )
    (tmp_path / "helpers").symlink_to(reproduce.ROOT / "helpers")
    (tmp_path / "press").symlink_to(reproduce.ROOT / "press")
    monkeypatch.setattr(reproduce, "ROOT", tmp_path)
    monkeypatch.setattr(reproduce, "WORK", tmp_path / "work")
    monkeypatch.setattr(reproduce, "KEPT", tmp_path / "results")
    monkeypatch.delenv("COURSE_RESULTS_DIR", raising=False)
    return tmp_path


def test_a_killed_run_goes_on_and_gives_what_an_unbroken_one_gives(tiny):
    _, fault = reproduce.reproduce("tiny")
    assert "the power fails here" in fault
    assert not reproduce.is_done("tiny")
    assert not list((tiny / "results").iterdir())
    (tiny / "power").touch()
    assert reproduce.reproduce("tiny") == ("tiny", "")
    assert (tiny / "calls").read_text().split() == ["1", "2"]
    assert reproduce.is_done("tiny")
    record = json.loads((tiny / "results" / "tiny.json").read_text())
    assert record.keys() >= {"machine", "versions", "date", "seconds", "results"}
    torch.manual_seed(0)
    unbroken = [
        torch.randn(3, generator=torch.Generator().manual_seed(s)).sum().item()
        for s in (1, 2)
    ]
    assert record["results"]["sum"]["values"] == pytest.approx(unbroken)


def test_a_changed_notebook_is_not_done(tiny):
    (tiny / "power").touch()
    reproduce.reproduce("tiny")
    path = tiny / "notebooks" / "tiny.ipynb"
    notebook = nbformat.read(path, 4)
    notebook.cells[-1].source += "\n1 + 1"
    nbformat.write(notebook, path)
    assert not reproduce.is_done("tiny")


def test_data_that_are_not_to_be_had_end_the_command(tmp_path, monkeypatch):
    monkeypatch.setenv("COURSE_OFFLINE", "1")
    monkeypatch.setenv("COURSE_DATA_DIR", str(tmp_path))
    monkeypatch.delenv("COURSE_DATA_MIRROR", raising=False)
    assert {"mnist", "cifar10"} <= set(reproduce.missing_data())


def noise(network, rng, n):
    """Change a network and a generator, and return numbers."""
    with torch.no_grad():
        network.weight += torch.randn(1)
    return rng.normal(size=n) + np.random.random()  # noqa: NPY002


def test_a_kept_call_leaves_all_states_as_the_call_itself_did(tmp_path, monkeypatch):
    monkeypatch.setattr(keep, "WORTH", -1)
    runs = []
    for _ in range(2):
        torch.manual_seed(3)
        np.random.seed(3)  # noqa: NPY002
        wrapped = keep.Keeper(tmp_path)(noise)
        network, rng = torch.nn.Linear(1, 1), np.random.default_rng(3)
        values = [wrapped(network, rng, n) for n in (2, 3)]
        after = network.weight.item(), rng.normal(), torch.rand(1).item()
        runs.append(np.concatenate([*values, after]))
    assert len(list(tmp_path.glob("*.kept"))) == 2
    assert np.array_equal(*runs)


def test_what_a_kept_call_changed_in_place_is_changed_again(tmp_path, monkeypatch):
    monkeypatch.setattr(keep, "WORTH", -1)
    calls = []

    def train(parameters, tensors, untouched):
        calls.append(0)
        parameters["W"] += 1
        tensors[0].add_(2)

    for _ in range(2):
        parameters, tensors = {"W": np.zeros(2)}, [torch.zeros(2)]
        keep.Keeper(tmp_path)(train)(parameters, tensors, np.ones(2))
        assert parameters["W"].tolist() == [1, 1]
        assert tensors[0].tolist() == [2, 2]
    assert len(calls) == 1


def test_a_call_that_adds_to_a_list_is_made_again(tmp_path, monkeypatch):
    monkeypatch.setattr(keep, "WORTH", -1)
    for _ in range(2):
        losses = []
        keep.Keeper(tmp_path)(lambda log: log.append(1))(losses)
        assert losses == [1]


def test_inner_calls_are_kept_until_the_outer_one_is_done(tmp_path, monkeypatch):
    monkeypatch.setattr(keep, "WORTH", -1)
    calls = []

    def fit(n, fails):
        if fails:
            raise KeyboardInterrupt
        calls.append(n)
        return n

    for last_fails in (True, False, False):
        keeper = keep.Keeper(tmp_path)
        inner = keeper(fit)

        def several(keeper_fit=inner, fails=last_fails):
            return [keeper_fit(1, False), keeper_fit(2, fails)]

        outer = keeper(several)
        if last_fails:
            with pytest.raises(KeyboardInterrupt):
                outer()
        else:
            assert outer() == [1, 2]
    assert calls == [1, 2]
    assert [path.name for path in tmp_path.iterdir()] == ["several-0.kept"]
