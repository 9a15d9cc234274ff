"""Record what a notebook measured: for the prose of the book and for the appendix.

A recorded value is *glued*, so that a page can insert it
(``{glue:text}`../notebooks/perceptron.ipynb::key:.2f` ``), and, where
``COURSE_RESULTS_DIR`` names a folder, written to ``<chapter>.json`` there. A notebook
quotes the kept results of the full profile beside its own, from a folder that it names.
"""

import json
import os
import platform
from pathlib import Path

import numpy as np

from helpers.data.loaders import standins_given
from helpers.runtime import profile

LIBRARIES = ("numpy", "sklearn", "torch")
QUOTED = "full_"  # keys that quote the kept results: glued, but never written again


class Recorder:
    """Collect the results of one chapter.

    Parameters
    ----------
    chapter : str
        The chapter's name, as in every room: ``"backpropagation"``.
    full_runs : str or Path, optional
        The folder that keeps the results of the full profile; it need not exist.

    Examples
    --------
    >>> record = Recorder("perceptron")
    >>> record("updates_and", 12)
    """

    def __init__(self, chapter: str, full_runs: str | Path | None = None) -> None:
        self.chapter = chapter
        self.full_runs = full_runs
        self.entries: dict[str, dict] = {}

    def __call__(
        self,
        key: str,
        value,
        *,
        reported: float | None = None,
        source: str | None = None,
        unit: str | None = None,
        data=None,
    ) -> None:
        """Record one result.

        Parameters
        ----------
        key : str
            Unique in the chapter.
        value : number, str, or list of numbers
            A list holds one value for each seed: its median is glued under `key`,
            its extremes under ``key_min`` and ``key_max``.
        reported : float, optional
            What the literature reports for the same experiment.
        source : str, optional
            Who reports it.
        unit : str, optional
            Unit of the value: ``"s"``, ``"W·h"``; none for a plain number.
        data : helpers.data.Dataset, optional
            What it was measured on.

        Raises
        ------
        ValueError
            If a number is not finite (JSON has no such numbers), a list is empty or
            nested, or, in a build, `key` was recorded before with another value. (A
            learner may run a cell again and measure another time.)
        """
        entry = _summary(key, value)
        old = self.entries.get(key, entry)
        changed = any(old.get(field) != value for field, value in entry.items())
        if changed and os.environ.get("COURSE_RESULTS_DIR"):
            raise ValueError(f"{key!r} is recorded twice in {self.chapter!r}: rename")
        _glue(key, entry["value"])
        if "min" in entry:  # a list, even of one seed: the page stays the same
            _glue(f"{key}_min", entry["min"])
            _glue(f"{key}_max", entry["max"])
        if reported is not None:
            _glue(f"{key}_reported", reported)
        entry |= {"reported": reported, "source": source, "unit": unit}
        if data is not None:
            entry |= {"data": data.source, "is_standin": data.is_standin}
            entry |= {"is_part": True} if data.is_part else {}
        self.entries[key] = entry
        self._write()

    def kept(self, key: str) -> dict | None:
        """Return the entry of the kept full run, or None where there is none.

        An entry has ``"value"``, ``"n_seeds"``, and ``"min"``, ``"max"`` and
        ``"values"`` if it was recorded as a list.
        """
        if self.full_runs is None:
            return None
        path = Path(self.full_runs) / f"{self.chapter}.json"
        if not path.is_file():  # not made yet, or no checkout: Colab, for one
            return None
        return json.loads(path.read_text("utf-8"))["results"].get(key)

    def quote(self, key: str, digits: int = 2, *, spread: bool = True) -> str:
        """Glue the kept result as text under ``full_<key>``, and return the text.

        Parameters
        ----------
        key : str
            Under which the full run recorded it.
        digits : int
            Decimal places, if it is not a whole number or a text.
        spread : bool
            Whether lowest and highest value follow the median in parentheses; of a
            single one it is said that it is one.
        """
        run = self.kept(key) or {"value": "not measured"}
        value = run["value"]
        text = f"{value:.{digits}f}" if isinstance(value, float) else str(value)
        if spread and "min" in run:
            between = f"{run['min']:.{digits}f} to {run['max']:.{digits}f}"
            text += f" ({between if run['n_seeds'] > 1 else 'one seed'})"
        self(f"{QUOTED}{key}", text)
        return text

    def _write(self) -> None:
        """Write all entries, where a folder is named; a half-written file never shows.

        A stand-in is no reproduction, nor is a part of a data set that was asked for
        whole: in the full profile both are refused. What quotes the kept results is
        not written: it is theirs.
        """
        folder = os.environ.get("COURSE_RESULTS_DIR")
        if not folder:
            return
        for key, entry in self.entries.items() if profile() == "full" else ():
            if entry.get("is_standin") or entry.get("is_part"):
                what = "a stand-in" if entry["is_standin"] else "a part of its data set"
                raise RuntimeError(
                    f"{key!r} was measured on {what}: the full profile records results "
                    "on real and whole data only (python -m helpers.data fetch all)"
                )
        target = Path(folder) / f"{self.chapter}.json"
        target.parent.mkdir(parents=True, exist_ok=True)
        record = {
            "chapter": self.chapter,
            "profile": profile(),
            "machine": f"{platform.machine()}, {os.cpu_count()} cores",
            "versions": {"python": platform.python_version()} | _versions(),
            "standins": list(standins_given()),
            "results": {
                key: entry
                for key, entry in self.entries.items()
                if not key.startswith(QUOTED)
            },
        }
        part = target.with_suffix(f".{os.getpid()}.part")
        text = json.dumps(record, indent=1, ensure_ascii=False, allow_nan=False)
        try:
            part.write_text(text + "\n", encoding="utf-8")
            part.replace(target)
        finally:
            part.unlink(missing_ok=True)


def _summary(key: str, value) -> dict:
    """Return value, spread and number of seeds as plain Python numbers."""
    if isinstance(value, str):
        return {"value": value, "n_seeds": 1}
    values = np.asarray(value, dtype=float)
    if values.size == 0:
        raise ValueError(f"{key!r}: an empty list has no median")
    if not np.isfinite(values).all():
        raise ValueError(f"{key!r}: {value} is not finite: record it as a str")
    if values.ndim > 1:
        raise ValueError(f"{key!r}: one number for each seed, not shape {values.shape}")
    if values.ndim == 0:
        plain = value.item() if hasattr(value, "item") else value
        return {"value": plain, "n_seeds": 1}
    return {
        "value": float(np.median(values)),
        "min": float(values.min()),
        "max": float(values.max()),
        "n_seeds": len(values),
        "values": values.tolist(),
    }


def _glue(key: str, value) -> None:
    """Glue a value without showing it; without myst-nb (Colab) there is no book."""
    try:
        from myst_nb import glue
    except ModuleNotFoundError:
        return
    glue(key, value, display=False)


def _versions() -> dict[str, str]:
    """Return the versions of the libraries that this process has loaded."""
    import sys

    loaded = {name: sys.modules[name] for name in LIBRARIES if name in sys.modules}
    return {name: str(module.__version__) for name, module in loaded.items()}
