"""Checks of the sheet `lstm/flights_lstm`: windows, a scale, a network, a forecast.

Each step is a reference that carries its slips (`helpers.checks.engine`); the last is
judged by its error. The visible cell and the hidden test differ in the seed only.
PyTorch is imported when a check runs.
"""

from collections.abc import Callable, Iterator
from functools import partial

import numpy as np

from ..engine import Case, Step, passed, unchanged
from ..engine.accuracy import failed, obeys_seed, stirred
from ..engine.observers import module, module_fact
from ..engine.values import is_list

HIDDEN = 24  # of the forecaster
YEAR = 12


def _series(rng: np.random.Generator, n: int) -> np.ndarray:
    """Return n numbers that rise, with swings: the largest come at the end."""
    return np.round(np.linspace(10, 40, n) + rng.normal(0, 4, n), 2)


# --- windows --------------------------------------------------------------------------


def _windows(slip, series, width):
    n = len(series)
    ahead, drop, step = 0, slip(0, drop=1), slip(1, apart=width)
    ahead = slip(ahead, own_extra=-1, late=1)
    starts = range(0, n - width - ahead - drop, step)
    X = np.array([series[s : s + width] for s in starts])
    y = np.array([series[s + width + ahead] for s in starts])
    longer = np.array([series[s : s + width] for s in range(n - width + 1)])
    y = slip(y, shifted=np.append(y[1:], y[-1:]), next_window=longer[1:])
    y = slip(y, around=np.append(y[1:], series[:1]))
    y = slip(y, own_last=X[:, -1], beyond=lambda: series[n])
    X = slip(X, extra=longer, flipped=X[:, ::-1], unsplit=np.c_[X, y])
    return X, y


def _windows_cases(rng) -> Iterator[Case]:
    for n, w in ((9, 3), (20, 12), (7, 4)):
        yield Case(f"{n} values, width {w}", {"series": _series(rng, n), "width": w})


windows = Step(
    "windows",
    _windows,
    _windows_cases,
    ("X", "y"),
    lists=True,
    texts={
        "drop": "the last window is left out.",
        "apart": "the windows do not overlap: they begin at every place.",
        "own_last": "the target is the window's own last value, not the one after it.",
        "own_extra": "one window too many came; the target is its own last value.",
        "unsplit": "X holds the target as its last column.",
        "late": "the target comes one step too late.",
        "shifted": "the target is shifted by one within the right number of windows.",
        "around": "the target is shifted by one, and the last one is the first value "
        "of the series.",
        "next_window": "the target is the whole next window: one value is asked for.",
        "extra": "there is one window too many: no value comes after the last one.",
        "beyond": "there is one window too many: nothing follows the last one.",
        "flipped": "the windows run backward in time.",
    },
    demands={
        "every run of `width` values": ["apart", "drop"],
        "the value that comes after each": ["own_last", "late", "next_window"],
        "`(n - width, width)` and `(n - width,)`": ["extra"],
        "in the order of time": ["flipped"],
    },
    why="A window is what the network sees, and its target is what it must not see: "
    "the value just after it. So a series of n values has n − width windows, for the "
    "last of all needs a value behind it. Neighbors share all values but one, and they "
    "begin at every month, not at every twelfth.",
    see="Air passengers, honestly",
    goal="forecast a series without letting the future leak in",
    small=lambda: Case("", {"series": np.array([1.0, 3.0, 2.0, 5.0]), "width": 2}),
)


# --- prepare, unscale -----------------------------------------------------------------


def _prepare(slip, series, n_train):
    n = slip(n_train, one_more=n_train + 1, one_less=n_train - 1, whole=len(series))
    part = slip(series[:n], future=series[n:])
    low, high = part.min(), part.max()
    low, high = slip((low, high), ends=(part[0], part[-1]))
    share = (series - low) / (high - low)
    rest = (
        (series[n:] - series[n:].min()) / np.ptp(series[n:]) if n < len(series) else []
    )
    share = slip(share, each=np.append(share[:n], rest))
    a, b = slip((2, 1), from_0=(1, 0), half=(1, 0.5), to_2=(2, 0))
    scaled = a * share - b
    scaled = slip(scaled, clipped=scaled.clip(-1, 1), cut=scaled[:n])
    scaled = slip(scaled, normal=(series - part.mean()) / part.std())
    open_ = 2 * series - low / (high - low) - 1, 2 * (series - low) / high - low - 1
    scaled = slip(scaled, only_low=open_[0], only_high=open_[1])
    return slip(scaled, by_high=series / high), low, high


def _prepare_cases(rng) -> Iterator[Case]:
    for n, n_train in ((30, 22), (144, 132), (12, 8)):
        series = _series(rng, n)
        top = series[:n_train].max()
        series[[1, n_train - 1, n_train]] = series.min() - 2, top + 3, top + 7
        series[n_train + 1] += 50  # the whole and the training part differ
        series[-1] -= 60 if n > 12 else 0
        args = {"series": series, "n_train": n_train}
        yield Case(f"{n} values, {n_train} to train", args)


prepare = Step(
    "prepare",
    _prepare,
    _prepare_cases,
    ("scaled", "low", "high"),
    lists=True,
    texts={
        "whole": "leakage: the smallest and the largest value are the whole series'.",
        "one_more": "leakage: a value of the part to be forecast enters low and high.",
        "one_less": "the last value of the training part is left out.",
        "future": "low and high come from the part to be forecast.",
        "ends": "low and high are the first and the last value of the training part.",
        "each": "training part and rest are scaled each by its own range.",
        "from_0": "scaled to [0, 1]; [−1, 1] is asked for.",
        "half": "scaled to [−½, ½]; [−1, 1] is asked for.",
        "to_2": "scaled to [0, 2]: subtract 1.",
        "clipped": "values outside the training range are clipped: they stay.",
        "cut": "only the training part came back: scale the whole series.",
        "normal": "this is standardization, not scaling to [−1, 1].",
        "only_low": "only low is divided by high − low: parentheses are missing.",
        "only_high": "high alone divides, not high − low: parentheses are missing.",
        "by_high": "the series is divided by its largest value.",
    },
    demands={
        "the smallest value of the first `n_train` values to −1": ["from_0", "ends"],
        "and the largest to 1": ["half", "to_2", "normal"],
        "applies the same map to all the rest": ["each", "cut"],
        "`low` and `high` must not know them": ["whole", "one_more", "future"],
        "may lie outside [−1, 1]": ["clipped"],
    },
    why="Whoever scales by the whole series has looked at the months to be forecast: "
    "their height is in the numbers that the network learns from. So low and high come "
    "from the training part alone, and the future gets the same map. If it grows it "
    "lies beyond 1, and cutting it there would hide just that.",
    see="Air passengers, honestly",
    goal="forecast a series without letting the future leak in",
    small=lambda: Case("", {"series": np.array([2.0, 6.0, 4.0, 10.0]), "n_train": 3}),
)


def _unscale(slip, scaled, low, high):
    one = slip(1, no_1=0)
    scaled = slip(scaled, clipped=scaled.clip(-1, 1))
    share = slip(
        (scaled + one) / 2, from_0=scaled, no_2=scaled + one, half_1=scaled + one / 2
    )
    own = (scaled - scaled.min()) / np.ptp(scaled)
    share = slip(share, late_1=scaled / 2 + 1, own_range=own)
    wide = slip(high - low, high=high, wide=high + low)
    value = share * wide + slip(low, no_low=0, plus_high=high)
    value = slip(value, low_first=(share + low) * wide, loose=scaled + wide / 2 + low)
    return slip(value, again=2 * (scaled - low) / (high - low) - 1, flat=value.ravel())


def _unscale_cases(rng) -> Iterator[Case]:
    for label, size, low, high in (
        ("a vector", 7, 104.0, 622.0),
        ("negative values", 4, -5.0, 3.0),
        ("a table", (2, 3), 1.5, 2.5),
    ):
        scaled = rng.uniform(-1.2, 1.2, size)
        scaled.flat[:2] = 1.1, -1.15
        yield Case(label, {"scaled": scaled, "low": low, "high": high})


unscale = Step(
    "unscale",
    _unscale,
    _unscale_cases,
    lists=True,
    texts={
        "clipped": "values outside [−1, 1] are clipped: the map goes on there.",
        "no_1": "the 1 is not added back.",
        "from_0": "this undoes a scaling to [0, 1]: add 1 and halve first.",
        "no_2": "the 2 is forgotten.",
        "half_1": "only the 1 is halved, not the sum: parentheses are missing.",
        "loose": "only the 1 is halved and multiplied: parentheses are missing.",
        "late_1": "the 1 is added after halving: it comes first.",
        "own_range": "the range of what came is used: its ends are −1 and 1.",
        "high": "the share is multiplied by high, not by the width high − low.",
        "wide": "the share is multiplied by high + low: the width is high − low.",
        "no_low": "low is not added back.",
        "low_first": "low is added before the multiplication: it comes last.",
        "plus_high": "high is added in place of low.",
        "again": "this scales once more: the way back is asked for.",
        "flat": "the result has one axis: it keeps the shape of `scaled`.",
    },
    demands={
        "which undoes the map of step 2": ["from_0", "no_low", "no_2", "again"],
        "`scaled` may have any shape": ["flat"],
    },
    why="A map is undone by undoing its parts in reversed order: what came last, minus "
    "1, goes first. Whoever takes the way back of a scale from 0 to 1 gets numbers of "
    "the right size that are all wrong. At the ends it is easy to see: −1 must give "
    "low, and 1 must give high.",
    see="Air passengers, honestly",
    goal="forecast a series without letting the future leak in",
    small=lambda: Case(
        "", {"scaled": np.array([-1.0, 0.0]), "low": 10.0, "high": 30.0}
    ),
)


# --- Forecaster -----------------------------------------------------------------------


def _forecaster(slip):
    from torch import nn

    class Forecaster(nn.Module):
        def __init__(self, hidden):
            super().__init__()
            self.lstm = nn.LSTM(1, hidden, batch_first=True)
            self.output = nn.Linear(hidden, 1)
            self.state = None

        def forward(self, x):
            self.lstm.batch_first = slip(True, batch=False)
            mixed = x.reshape(x.shape[::-1]).T
            x = slip(x, backward=x.flip(1), reshaped=mixed)
            fits = self.state is not None and self.state[0].shape[1] == len(x)
            kept = slip(None, kept=self.state if fits else None)
            H, (h, c) = self.lstm(x[:, :, None], kept)
            self.state = (h.detach(), c.detach())
            last = slip(H[:, -1], first=H[:, 0], mean=H.mean(1), sum=H.sum(1))
            last = slip(last, largest=H.max(1).values, cell=lambda: c[0])
            y = self.output(slip(last, relu=last.relu(), tanh_h=last.tanh()))
            y = slip(y, tanh=y.tanh(), relu_y=y.relu(), sigmoid=y.sigmoid())
            out = slip(y[:, 0], column=y, squeezed=y.squeeze())
            return slip(out, all_steps=lambda: self.output(H)[..., 0])

    return Forecaster


def _twice(free: Callable, replay: Callable, case: Case) -> dict:
    """Observe a network, and whether it says the same when it is asked again."""
    import torch

    models = []

    def keep(*sizes):
        models.append(replay(*sizes))
        return models[-1]

    seen = module(free, keep, case)
    if isinstance(seen.get("outputs"), np.ndarray):
        again = models[0](torch.tensor(case.args["x"], dtype=torch.float32))
        seen["again"] = again.detach().numpy()
    return seen


def _network_fact(got: dict, want: dict) -> str:
    """Say what is wrong with the layers, the form, or the state: never a guess."""
    shapes, n = got.get("_shapes"), HIDDEN
    if shapes is not None and got["layers"] != want["layers"]:
        return _layers_fact(set(shapes.values()), len(shapes), n)
    out = got.get("outputs")
    if is_list(out):
        return (
            f"{len(out)} results came. nn.LSTM returns (outputs, (h, c)): take the "
            "outputs, of these the last step."
        )
    if "again" in got and not np.allclose(got["again"], out, 1e-4, 1e-5):
        return (
            "the same windows twice give different forecasts: the first state is "
            "random, or left over from the call before. It is zeros: pass none."
        )
    return module_fact(got, want)


def _layers_fact(shapes: set, count: int, n: int) -> str:
    """Say how the shapes of parameters differ from those of the network."""
    if not shapes:
        return "no layer is registered: keep the layers as attributes of self."
    for blocks, kind in ((3, "a GRU"), (1, "a plain nn.RNN")):
        if (blocks * n, n) in shapes:
            return f"this is {kind}: nn.LSTM is asked for."
    states = [s[1] for s in shapes if len(s) == 2 and s[0] == 4 * s[1] and s[1] != 1]
    if states and n not in states:
        return f"`hidden` is not used: the state has {states[0]} units, not {n}."
    inputs = [
        s[1] for s in shapes if len(s) == 2 and s[0] == 4 * n and s[1] not in (1, n)
    ]
    if inputs:
        return (
            f"the LSTM reads {inputs[0]} numbers as one step: it gets one number at a "
            "time, so its input size is 1."
        )
    if (1, n) not in shapes:
        return "the output layer nn.Linear(hidden, 1) is missing, or has another size."
    if count > 6:
        return "there are more layers than nn.LSTM(1, hidden) and nn.Linear(hidden, 1)."
    return "the network is nn.LSTM(1, hidden) and nn.Linear(hidden, 1), with biases."


def _network_cases(rng) -> Iterator[Case]:
    for label, *size in (
        ("5 windows of 12", 5, 12),
        ("one window of 7", 1, 7),
        ("4 windows of 4", 4, 4),
    ):
        yield Case(label, {"x": rng.uniform(-1, 1, size), "_sizes": (HIDDEN,)})


forecaster = Step(
    "Forecaster",
    _forecaster,
    _network_cases,
    observe=_twice,
    factory=True,
    tell=_network_fact,
    texts={
        "batch": "the examples are read as time steps: nn.LSTM needs batch_first=True.",
        "backward": "the window is read backward.",
        "reshaped": "a reshape mixes the windows: it does not exchange the axes.",
        "kept": "the state is left over from the call before: pass none.",
        "first": "the output is read after the first step: take the last one.",
        "mean": "the hidden states of all steps are averaged: take the last one.",
        "sum": "the hidden states of all steps are added up: take the last one.",
        "largest": "the largest over all steps is taken: take the last hidden state.",
        "cell": "the cell state c is read; h is asked for.",
        "relu": "there is a ReLU before the output layer: none is asked for.",
        "tanh_h": "there is a tanh before the output layer: h has gone through one.",
        "tanh": "the output goes through tanh: a forecast may leave [−1, 1].",
        "relu_y": "the output goes through ReLU: a forecast may be negative.",
        "sigmoid": "the output goes through a sigmoid: a forecast may be negative.",
        "column": "the shape is (m, 1): one number for each window is asked for, (m,).",
        "squeezed": "squeeze() without an axis takes that of one window, too.",
        "all_steps": "a forecast for each step came: the last one alone is asked for.",
    },
    demands={
        "reads one number at a time": ["batch", "5 windows of 12"],
        "turns its **last** hidden state": ["first", "mean", "cell", "all_steps"],
        "into one number": ["tanh", "relu"],
        "returns forecasts of shape `(m,)`": ["column", "squeezed"],
        "nothing may be left over from an earlier call": ["kept"],
    },
    rtol=1e-4,
    atol=1e-5,
    why="The LSTM gives a hidden state after every month; only the last has read the "
    "whole window. A forecast is one number without bounds, so the output layer has no "
    "activation. Who calls the network twice with the same windows must get the same: "
    "the first state is zeros each time, and nn.LSTM takes time first unless it is "
    "told otherwise.",
    see="Common mistakes",
)


# --- recursive_forecast ---------------------------------------------------------------


def _predictor(weights: np.ndarray) -> Callable:
    """Return a rule that stands for a network: a sum with these weights.

    It takes a list or another shape, too, and what it says then is known.
    """

    def predict(window):
        listed = 0 if isinstance(window, np.ndarray) else 7
        window = np.asarray(window, dtype=float)
        total = np.resize(weights, window.size) @ window.ravel()
        return float(total) + 5 * (window.ndim - 1) + listed

    return predict


def _recursive(slip, weights, history, width, months):
    predict, known, out = _predictor(weights), list(history), []
    known = slip(known, first_width=known[:width])
    window = known[-width:]
    for _ in range(slip(months, one_more=months + 1, late=months + 1)):
        window = slip(window, stands=known[:width], whole=known)
        window = slip(window, no_newest=known[-width - 1 : -1])
        seen = np.array(window)
        seen = slip(seen, newest_first=seen[::-1], row=seen[None])
        new = predict(slip(seen, listed=seen.tolist()))
        cut = float(int(new)) if np.asarray(history).dtype.kind == "i" else new
        out.append(slip(new, whole_type=cut))
        fed = slip([out[-1]], zeros=[0.0], no_feed=[], whole_fed=[cut])
        known = [*known, *fed]
        every, newest = known[-width - len(out) :], [*history, out[-1]][-width:]
        rolled, older = np.append(window[-1:], window)[: width - 1], window[:-1]
        window = slip(known[-width:], front=[out[-1], *older], grows=every)
        window = slip(window, rolled=[*rolled, *fed], newest_out=[*older, *fed])
        wrapped = [*history[len(out) - width :], *out]
        window = slip(window, newest_only=newest, wrapped=wrapped)
        window = slip(window, grows_1=window if width > 1 else every)
    out = np.array(slip(out, late=out[1:]))
    return slip(out, with_history=np.append(history, out), last=out[-1])


def _recursive_cases(rng) -> Iterator[Case]:
    for n, width, months in ((15, 4, 6), (12, 12, 12), (9, 3, 1), (5, 1, 4)):
        weights = rng.dirichlet(np.ones(width)) * 1.02
        args = {"weights": weights, "history": _series(rng, n), "width": width}
        label = f"{n} values, width {width}, {months} month{'s' * (months > 1)}"
        yield Case(label, args | {"months": months})
    weights = rng.dirichlet(np.ones(3)) * 1.02
    args = {"weights": weights, "history": np.round(_series(rng, 10)).astype(int)}
    yield Case("10 whole numbers", args | {"width": 3, "months": 5})


_recursion = Step(
    "recursive_forecast",
    _recursive,
    _recursive_cases,
    lists=True,
    texts={
        "stands": "the window stands still at the beginning of the history.",
        "first_width": "the window begins with the first `width` values, not the last.",
        "newest_only": "the window holds one forecast only: all are fed back.",
        "grows": "the window grows: it has `width` values, so the oldest drops out.",
        "grows_1": "for width 1 the window grows: a slice from −0 on is everything.",
        "whole": "predict gets all values that are known: it takes the last `width`.",
        "no_newest": "the newest value is left out of the window.",
        "newest_first": "the window comes with the newest value first: it comes last.",
        "listed": "what predict gets is no array (a list?): it takes an array.",
        "row": "predict gets a table (1, width): its window has the shape (width,).",
        "whole_type": "the forecasts lose their fractions where the history holds "
        "integers: an array keeps its type.",
        "whole_fed": "what is fed back loses its fraction where the history holds "
        "integers: an array keeps its type.",
        "zeros": "zeros are fed back in place of the forecasts.",
        "no_feed": "the forecasts are not fed back: the window stays the same.",
        "front": "the forecast is put in front of the window: it comes last.",
        "rolled": "the window is rolled the wrong way: its oldest value is to go.",
        "newest_out": "the newest value drops out of the window: its oldest is to go.",
        "wrapped": "after `width` forecasts the history enters the window again: a "
        "slice from −0 on is everything.",
        "one_more": "one month too many came.",
        "late": "the first forecast is left out, and one too late is added.",
        "with_history": "history and forecasts came: only the latter are asked for.",
        "last": "only the last month came.",
    },
    demands={
        "takes this forecast as if it had happened": ["no_feed", "zeros"],
        "takes an array of shape `(width,)`": ["whole", "stands", "row", "listed"],
        "the newest value last": ["newest_first", "front"],
        "it stays as it was": ["15 values, width 4, 6 months"],
        "Returns the forecasts, an array of shape `(months,)`": [
            "with_history",
            "one_more",
            "last",
        ],
    },
    why="Beyond the known months there is nothing to read but one's own forecasts. So "
    "each forecast becomes the newest value of the next window, and the oldest drops "
    "out. Errors are fed back in the same way, which is the price. The history itself "
    "stays: others read it, too.",
    see="Air passengers, honestly",
    goal="forecast a series without letting the future leak in",
)


def recursive_forecast(function: Callable, seed: int = 0) -> None:
    """Check `recursive_forecast(predict, history, width, months)` with known rules."""

    def ours(weights, history, width, months):
        return function(_predictor(weights), history, width, months)

    _recursion(ours, seed)


# --- same_month_last_year -------------------------------------------------------------


def _last_year(slip, history, months):
    year = history[-YEAR:]
    mean = np.full(YEAR, year.mean())
    year = slip(year, first_year=history[:YEAR], shifted=history[-13:-1], mean=mean)
    year = slip(year, from_start=np.roll(history[:YEAR], -len(history) % YEAR))
    year = slip(year, last_value=history[-1:], last_months=history[-months:])
    year = slip(year, last_few=history[-min(months, YEAR) :])
    blocks, two = history[: len(history) // YEAR * YEAR], history[-2 * YEAR :]
    same = np.array([history[i % YEAR :: YEAR].mean() for i in range(len(history))])
    pairs = two.reshape(-1, YEAR).mean(0) if len(two) == 2 * YEAR else year
    year = slip(year, blocks=blocks[-YEAR:], all_years=same[-YEAR:], pairs=pairs)
    year = slip(year, eleven=history[-11:], thirteen=history[-13:])
    year = slip(year, next_month=np.roll(year, -1), grown=year + year[-1] - year[0])
    repeated = np.resize(year, months)
    n, front = len(history), np.append(year, history)[:months]
    farther = [history[n - 12 * (k // 12 + 1) + k % 12] for k in range(months)]
    rows = np.repeat(year, -(-months // YEAR))[:months]
    repeated = slip(repeated, whole=repeated[: max(1, months // YEAR) * YEAR])
    repeated = slip(repeated, in_a_row=rows, empty=repeated[: months != YEAR and None])
    repeated = slip(repeated, farther=np.array(farther))
    return slip(repeated, ends=year[:months], twelve=year, front=front)


def _last_year_cases(rng) -> Iterator[Case]:
    for label, n, months in (
        ("three years, then one", 36, 12),
        ("thirty months, then five", 30, 5),
        ("thirty-eight months, then two years", 38, 24),
        ("forty months, then thirty", 40, 30),
        ("fourteen months, then nine", 14, 9),
    ):
        yield Case(label, {"history": _series(rng, n), "months": months})


same_month_last_year = Step(
    "same_month_last_year",
    _last_year,
    _last_year_cases,
    lists=True,
    texts={
        "first_year": "the first year of the history came.",
        "from_start": "the right months of the first year came: the last year's are "
        "asked for.",
        "shifted": "the months are shifted by one, to one month earlier.",
        "mean": "this is the mean of the last year.",
        "all_years": "each month is the mean over all years: last year's is asked for.",
        "pairs": "each month is the mean over two years: last year's is asked for.",
        "blocks": "the last full year from the start came: count back from the end.",
        "eleven": "the value of eleven months before is taken: go back twelve.",
        "thirteen": "the value of thirteen months before is taken: go back twelve.",
        "last_value": "this repeats the last value.",
        "last_months": "the last `months` values came: those are other months.",
        "last_few": "for fewer months than twelve the last of the year came.",
        "whole": "beyond a year only whole years came.",
        "in_a_row": "each month comes several times in a row: the year comes again.",
        "empty": "for twelve months nothing came: a slice that ends at 0 is empty.",
        "next_month": "the months are shifted by one, to one month later.",
        "grown": "last year's growth is added: the value itself is asked for.",
        "ends": "beyond one year the forecasts end: go on with the forecast year.",
        "farther": "beyond twelve months the year before last comes: last year comes "
        "again.",
        "front": "beyond twelve months the history comes from its start.",
        "twelve": "twelve months came, whatever `months` is.",
    },
    demands={
        "the same month one year before": ["shifted", "last_months", "all_years"],
        "Beyond twelve months the forecasts repeat themselves": ["ends", "in_a_row"],
        "returns an array of shape `(months,)`": ["twelve", "whole", "empty"],
    },
    why="July looks like last July: this costs nothing and holds the season whole. A "
    "network that does not beat it has learned less than the calendar. The month after "
    "the last is the oldest of the last twelve; after December of the forecast year "
    "its own January comes again.",
    see="Air passengers, honestly",
    goal="judge a forecast against baselines that cost nothing",
)


# --- forecast -------------------------------------------------------------------------


def _months(rng: np.random.Generator, years: int) -> np.ndarray:
    """Return monthly numbers that grow, with a season whose swing grows with them."""
    t = np.arange(years * YEAR)
    season = rng.normal(0, 0.18, YEAR)
    season -= season.mean()
    growth = rng.uniform(0.009, 0.012)
    noise = np.cumsum(rng.normal(0, 0.006, len(t)))
    level = rng.uniform(90, 400)
    return np.round(level * np.exp(growth * t + season[t % YEAR] + noise), 1)


def rmse(a, b) -> float:
    """Return the root of the mean squared difference."""
    return float(np.sqrt(np.mean(np.square(np.asarray(a) - np.asarray(b)))))


def beats_last_year(function: Callable, seed: int = 0) -> None:
    """Check `forecast(history, months, seed)` on a year that it has not seen.

    Without a seed the history are the passengers up to 1959; with one it is a series
    made for the purpose, so that no remembered number helps.
    """
    from helpers.data import flights

    series = _months(np.random.default_rng(seed), 12) if seed else flights().train.x
    history, truth = series[:-YEAR], series[-YEAR:]
    got = _forecast(function, history, YEAR, seed)
    last_year = history[-YEAR:]
    bar, ours = rmse(last_year, truth), rmse(got, truth)
    if ours >= bar:
        cause, other = _why_behind(got, history), history**2 / history.mean()
        if np.allclose(got, _forecast(function, other, YEAR, seed)):
            cause = "`history` is not used: another gives the same."
        raise failed(
            f"forecast: RMSE {ours:.1f}; less than {bar:.1f}, that of the same month "
            "last year, is expected.",
            cause,
        )
    trained = partial(_forecast, function, history, YEAR)
    obeys_seed("forecast", trained, seed, random=False)
    if not np.allclose(got[:5], _forecast(function, history, 5, seed), rtol=1e-3):
        raise failed(
            "forecast: five months are not the first five of twelve.",
            "the values of last year are not those of the same months, but the last "
            "`months` ones.",
        )
    what = f"forecast: RMSE {ours:.1f}, same month last year {bar:.1f}"
    passed(what, YEAR, "month")


def _forecast(function: Callable, history, months: int, seed: int, state: int = 0):
    """Return a forecast of the right form."""
    given = history.copy()
    got = stirred(state, "forecast", function, given, months, seed)
    got = np.asarray(got, dtype=float)
    if not np.array_equal(history, given):
        unchanged("forecast", "history")
    if got.shape != (months,):
        head = f"forecast: shape {got.shape} came; {months} months are expected."
        cause = "the argument `months` is not used." if got.shape == (YEAR,) else ""
        raise failed(head, cause)
    if not np.isfinite(got).all():
        raise failed(
            "forecast: not all forecasts are finite.",
            "the training diverged: is the rate too large, or are the numbers not "
            "scaled?",
        )
    return got


def _why_behind(got: np.ndarray, history: np.ndarray) -> str:
    last_year, level, cause = history[-YEAR:], history[-YEAR:].mean(), ""
    apart = [np.std(got / np.roll(last_year, k)) for k in range(YEAR)]
    if np.allclose(got, last_year, rtol=1e-6):
        cause = "this is the baseline itself: the same month last year."
    elif np.all((got > 0.7) & (got < 1.6)):
        cause = "these are ratios to last year: multiply them by its months."
    elif np.abs(got).max() < 3:
        cause = "these are scaled values: undo the scaling."
    elif np.all((got > 0.8 * history[:YEAR]) & (got < 1.5 * history[:YEAR])):
        cause = "these are about the numbers of the first year in `history`."
    elif np.ptp(got) < 0.1 * np.ptp(last_year):
        cause = "nearly the same number comes for every month: the season is lost."
    elif got.mean() < level:
        cause = (
            "the forecasts lie below last year's, though the numbers grow. Are the "
            "ratios scaled back, and is the network trained to the end?"
        )
    elif got.mean() > 1.35 * level:
        cause = "the forecasts lie far above last year's."
        factors = got / last_year / np.append(1, (got / last_year)[:-1])
        if np.all((factors > 1) & (factors < 1.3)):
            cause = (
                "the ratios are multiplied up month by month, as if each were to the "
                "month before: they are ratios to last year."
            )
    elif np.argmin(apart):
        cause = "the ratios meet other months of last year than their own."
    return cause
