"""Recording results: what is glued, what is written, what is refused."""

import inspect
import json
import math
import platform
import statistics
import sys
from pathlib import Path
from types import SimpleNamespace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from helpers.results import Recorder
from tests import ROOT

numbers = st.floats(-1e9, 1e9)


@pytest.fixture(autouse=True)
def glued(monkeypatch):
    """Catch what is glued: (value, display) by key; nothing is written by default."""
    caught = {}

    def glue(name, variable, display=True):
        caught[name] = (variable, display)

    monkeypatch.setitem(sys.modules, "myst_nb", SimpleNamespace(glue=glue))
    monkeypatch.delenv("COURSE_RESULTS_DIR", raising=False)
    monkeypatch.delenv("COURSE_PROFILE", raising=False)
    return caught


@pytest.fixture
def folder(monkeypatch, tmp_path):
    """Name a folder that does not exist yet."""
    monkeypatch.setenv("COURSE_RESULTS_DIR", str(tmp_path / "deep" / "results"))
    return tmp_path / "deep" / "results"


def written(folder, chapter="chapter"):
    """Read the record strictly: NaN and Infinity are not JSON."""

    def refuse(name):
        raise AssertionError(f"{name} is not JSON")

    text = (folder / f"{chapter}.json").read_text(encoding="utf-8")
    return json.loads(text, parse_constant=refuse)


def of(source, *, is_standin=False, is_part=False):
    """What a result was measured on, as far as the recorder looks at it."""
    return SimpleNamespace(source=source, is_standin=is_standin, is_part=is_part)


def entry(value, **options):
    record = Recorder("chapter")
    record("key", value, **options)
    return record.entries["key"]


# --- values and seeds ----------------------------------------------------------------


def test_a_list_over_four_seeds_has_median_extremes_and_count():
    kept = entry([0.9, 0.1, 0.4, 0.2])
    assert {k: kept[k] for k in ("value", "min", "max", "n_seeds")} == {
        "value": pytest.approx(0.3),
        "min": 0.1,
        "max": 0.9,
        "n_seeds": 4,
    }


def test_the_value_of_each_seed_is_kept_in_order():
    assert entry([0.9, 0.1, 0.4])["values"] == [0.9, 0.1, 0.4]


@given(st.lists(numbers, min_size=1, max_size=12))
def test_median_and_extremes_are_those_of_the_standard_library(values):
    kept = entry(values)
    assert kept["value"] == pytest.approx(statistics.median(values), rel=1e-12)
    assert (kept["min"], kept["max"]) == (min(values), max(values))
    assert kept["n_seeds"] == len(values)


@given(st.lists(numbers, min_size=1, max_size=8), st.randoms())
def test_the_order_of_the_seeds_does_not_matter(values, random):
    shuffled = random.sample(values, len(values))
    kept = [(e["value"], e["min"], e["max"]) for e in (entry(values), entry(shuffled))]
    assert kept[0] == kept[1]


@pytest.mark.parametrize(
    ("value", "plain"),
    [(12, 12), (np.int64(12), 12), (np.float64(0.5), 0.5), ("494,710", "494,710")],
)
def test_a_single_value_becomes_a_plain_one_of_one_seed(value, plain):
    kept = entry(value)
    assert (kept["value"], type(kept["value"])) == (plain, type(plain))
    assert kept["n_seeds"] == 1


def test_an_array_over_seeds_is_a_list_over_seeds():
    assert entry(np.array([1.0, 3.0, 2.0])) == entry([1.0, 3.0, 2.0])


# --- glue ----------------------------------------------------------------------------


def test_a_list_is_glued_as_median_and_extremes_and_shows_nothing(glued):
    entry([3, 1, 5])
    assert glued == {
        "key": (3.0, False),
        "key_min": (1.0, False),
        "key_max": (5.0, False),
    }


def test_a_list_of_one_seed_is_glued_under_the_same_keys(glued):
    entry([7])
    assert {key: value for key, (value, _) in glued.items()} == {
        "key": 7,
        "key_min": 7,
        "key_max": 7,
    }


def test_a_reported_value_is_glued_beside_ours(glued):
    entry(0.71, reported=0.69)
    assert glued == {"key": (0.71, False), "key_reported": (0.69, False)}


def test_the_real_glue_takes_these_arguments(monkeypatch):
    monkeypatch.delitem(sys.modules, "myst_nb")  # the fixture's
    glue = pytest.importorskip("myst_nb").glue
    inspect.signature(glue).bind("key", 1.0, display=False)


def test_without_myst_nb_the_record_is_kept_all_the_same(monkeypatch):
    monkeypatch.setitem(sys.modules, "myst_nb", None)  # makes the import fail
    assert entry(3)["value"] == 3


# --- what is refused -----------------------------------------------------------------


@pytest.mark.parametrize(
    ("first", "second"),
    [(1.0, 2.0), ([1, 2, 3], [0, 2, 4]), ([1, 2, 3], 2.0), ("a", "b")],
    ids=["numbers", "the same median", "list and number", "words"],
)
def test_in_a_build_a_key_names_one_value(folder, first, second):
    record = Recorder("chapter")
    record("key", first)
    with pytest.raises(ValueError, match="'key' is recorded twice in 'chapter'"):
        record("key", second)


@pytest.mark.parametrize("value", [1.0, [1, 2, 3], "a"])
def test_a_cell_that_runs_again_may_record_the_same_value(value):
    record = Recorder("chapter")
    record("key", value)
    record("key", value)
    assert list(record.entries) == ["key"]


def test_a_learner_who_runs_a_cell_again_records_the_new_value(glued):
    record = Recorder("chapter")
    record("seconds", 1.0)
    record("seconds", 2.0)
    assert record.entries["seconds"]["value"] == glued["seconds"][0] == 2.0


def test_the_refused_value_does_not_replace_the_first(folder, glued):
    record = Recorder("chapter")
    record("key", 1.0)
    with pytest.raises(ValueError, match="twice"):
        record("key", 2.0)
    assert record.entries["key"]["value"] == glued["key"][0] == 1.0


@pytest.mark.parametrize(
    ("value", "words"),
    [
        ([], "empty list"),
        (math.nan, "not finite"),
        ([1.0, math.inf], "not finite"),
        ([[1.0, 2.0], [3.0, 4.0]], "one number for each seed"),
    ],
)
def test_a_value_that_says_nothing_is_refused_by_its_key(value, words, glued):
    with pytest.raises(ValueError, match=f"'key': .*{words}"):
        entry(value)
    assert glued == {}


# --- the file ------------------------------------------------------------------------


def test_without_a_folder_nothing_is_written(monkeypatch, tmp_path):
    monkeypatch.chdir(tmp_path)
    entry(1.0)
    assert list(tmp_path.iterdir()) == []


def test_the_file_says_what_was_measured_with_what(folder):
    record = Recorder("chapter")
    record("accuracy", [0.7, 0.6, 0.8], reported=0.69, source="one run", unit="1")
    content = written(folder)
    assert content["chapter"] == "chapter"
    assert content["profile"] == "quick"
    assert content["versions"]["python"] == platform.python_version()
    assert content["versions"]["numpy"] == np.__version__
    assert content["results"]["accuracy"] == {
        "value": 0.7,
        "min": 0.6,
        "max": 0.8,
        "n_seeds": 3,
        "values": [0.7, 0.6, 0.8],
        "reported": 0.69,
        "source": "one run",
        "unit": "1",
    }


def test_the_file_names_the_data(folder):
    Recorder("chapter")("key", 1, data=of("MNIST"))
    assert written(folder)["results"]["key"]["data"] == "MNIST"
    assert written(folder)["results"]["key"]["is_standin"] is False


def test_the_file_grows_with_each_record_and_leaves_no_part(folder):
    record = Recorder("chapter")
    record("first", 1)
    record("second", 2)
    assert list(written(folder)["results"]) == ["first", "second"]
    assert [path.name for path in folder.iterdir()] == ["chapter.json"]


def test_a_reader_of_the_earlier_file_never_sees_half_of_the_next(folder):
    record = Recorder("chapter")
    record("first", 1)
    with (folder / "chapter.json").open(encoding="utf-8") as reader:
        record("second", 2)
        assert list(json.load(reader)["results"]) == ["first"]


def test_units_with_greek_letters_are_written_in_utf_8(folder):
    Recorder("chapter")("key", 1, unit="µs, η")
    assert "µs, η".encode() in (folder / "chapter.json").read_bytes()


def test_a_write_that_fails_leaves_the_earlier_file_whole(folder, monkeypatch):
    record = Recorder("chapter")
    record("first", 1)

    def half(path, text, **_):
        path.write_bytes(text.encode()[: len(text) // 2])
        raise OSError(28, "No space left on device", str(path))

    monkeypatch.setattr(Path, "write_text", half)
    with pytest.raises(OSError, match="No space left"):
        record("second", 2)
    assert list(written(folder)["results"]) == ["first"]
    assert [path.name for path in folder.iterdir()] == ["chapter.json"]


@pytest.mark.parametrize("profile", ["quick", "full"])
def test_the_profile_is_written(profile, folder, monkeypatch):
    monkeypatch.setenv("COURSE_PROFILE", profile)
    Recorder("chapter")("key", 1)
    assert written(folder)["profile"] == profile


DIGITS = of("8×8 digits enlarged", is_standin=True)
ONE_BATCH = of("CIFAR-10, 1 of 5 training batches", is_part=True)


@pytest.mark.parametrize(
    ("given", "what"),
    [(DIGITS, "a stand-in"), (ONE_BATCH, "a part of its data set")],
)
def test_the_full_profile_takes_real_and_whole_data_only(
    given, what, folder, monkeypatch
):
    monkeypatch.setenv("COURSE_PROFILE", "full")
    with pytest.raises(RuntimeError, match=f"'key' was measured on {what}"):
        Recorder("chapter")("key", 1, data=given)
    assert not folder.exists()


@pytest.mark.parametrize(
    ("given", "mark"), [(DIGITS, "is_standin"), (ONE_BATCH, "is_part")]
)
def test_the_quick_profile_marks_what_is_made_up_or_not_whole(given, mark, folder):
    Recorder("chapter")("key", 1, data=given)
    assert written(folder)["results"]["key"][mark] is True


# --- the kept results of the full profile --------------------------------------------


@pytest.fixture
def kept(monkeypatch, tmp_path):
    """Keep what a full run recorded; return the folder."""
    monkeypatch.setenv("COURSE_RESULTS_DIR", str(tmp_path))
    monkeypatch.setenv("COURSE_PROFILE", "full")
    record = Recorder("chapter")
    record("accuracy", [0.91, 0.925, 0.94])
    record("alone", [0.5])
    record("seeds", 3)
    record("verdict", "is better than")
    monkeypatch.delenv("COURSE_RESULTS_DIR")
    monkeypatch.delenv("COURSE_PROFILE")
    return tmp_path


def test_a_notebook_reads_the_kept_results_of_its_chapter(kept):
    assert Recorder("chapter", kept).kept("accuracy")["max"] == 0.94
    assert Recorder("chapter", kept).kept("another") is None
    assert Recorder("no_run_yet", kept).kept("accuracy") is None
    assert Recorder("chapter", kept / "missing").kept("accuracy") is None
    assert Recorder("chapter").kept("accuracy") is None


def test_a_kept_result_is_quoted_with_its_spread(kept, glued):
    record = Recorder("chapter", kept)
    assert record.quote("accuracy", 3) == "0.925 (0.910 to 0.940)"
    assert record.quote("alone") == "0.50 (one seed)"
    assert record.quote("seeds") == "3"
    assert record.quote("verdict") == "is better than"
    assert record.quote("another") == "not measured"
    assert glued["full_accuracy"] == ("0.925 (0.910 to 0.940)", False)


def test_a_kept_result_is_quoted_without_its_spread(kept):
    assert Recorder("chapter", kept).quote("accuracy", 1, spread=False) == "0.9"


def test_what_is_quoted_is_not_recorded_again(kept, folder):
    record = Recorder("chapter", kept)
    record.quote("accuracy")
    record("accuracy", [0.5, 0.6])
    assert list(written(folder)["results"]) == ["accuracy"]


def test_the_kept_results_of_the_book_quote_nothing():
    for path in (ROOT / "book/results").glob("*.json"):
        keys = json.loads(path.read_text())["results"]
        assert not [key for key in keys if key.startswith("full_")], path.name
