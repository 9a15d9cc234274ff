"""Checks of the sheet `convolutional/convolution_backward`: the way back, in NumPy."""

from collections.abc import Iterator

import numpy as np

from ..engine import Case, Step
from .convolution_by_hand import _filed, _windows

BACK = "The way back"
GOAL = "write the way back through a convolution and a pooling"
CHECKED = "check it with one number"
RATIOS = {
    "by_told": "⟨gradient, v⟩",
    "by_slope": "the measured slope",
    "by_larger": "the larger slope",
    "by_sum": "the sum of the slopes",
    "by_mean": "the mean of the slopes",
}
KERNELS = {
    "swapped": "rows and columns of the kernels are exchanged.",
    "no_stride": "the stride is ignored: place (i, j) lies at (i·s, j·s).",
}


def _turned(slip, W):
    return slip(W, flipped=W[..., ::-1, ::-1], swapped=W.swapaxes(-1, -2))


def _layers(rng, back: bool = False) -> Iterator[Case]:
    """Yield layers of many sizes; with leftovers at the end, and p where s hides it."""
    for c, k, f, h, w, s, p in (
        (1, 1, 2, 4, 5, 1, 0),
        (2, 3, 3, 6, 8, 2, 1),
        (3, 2, 2, 8, 5, 3, 0),
        (1, 2, 2, 5, 5, 3, 1),
        (2, 2, 3, 7, 6, 1, 1),
    ):
        rows, columns = ((n + 2 * p - f) // s + 1 for n in (h, w))
        delta = rng.normal(size=(k, rows, columns))
        if back:
            args = {"delta": delta, "W": rng.normal(size=(k, c, f, f)), "h": h, "w": w}
        else:
            args = {"x": rng.normal(size=(c, h, w)), "delta": delta, "f": f}
        text = f"{c} → {k} channels, {h}×{w}, f={f}, s={s}, p={p}"
        yield Case(text, args | {"stride": s, "padding": p})


# --- kernel_gradients -----------------------------------------------------------------


def _kernels(slip, x, delta, f, stride, padding):
    p, (rows, columns) = padding, delta.shape[1:]
    wide = np.pad(x, ((0, 0), (p, p), (p, p)))
    wide = slip(wide, edges=lambda: np.pad(x, ((0, 0), (p, p), (p, p)), mode="edge"))
    wide = slip(wide, no_padding=x, channels=np.pad(x, p))
    wide = slip(wide, at_end=np.pad(x, ((0, 0), (0, 2 * p), (0, 2 * p))))
    s = slip(stride, no_stride=1)
    windows = _windows(wide, f, s)[:, :rows, :columns]
    of = delta = np.asarray(delta, float)
    only = np.zeros_like(delta)
    only[:, -1, -1] = delta[:, -1, -1]
    short = delta * 0
    short[:, :-1, :-1] = delta[:, :-1, :-1]
    of = slip(of, last=only, no_delta=np.ones_like(delta), same=0 * of + of.sum(0))
    of = slip(of, short=short)
    dW = np.einsum("crsij,krs->kcij", windows, of)
    dW = _turned(slip, dW)
    dW = slip(dW, mean=dW / rows / columns, mixed=0 * dW + dW.sum(1, keepdims=True))
    dW = slip(dW, axes=dW.swapaxes(0, 1), one_slice=dW.sum(1), one_kernel=dW.sum(0))
    db = delta.sum((1, 2))
    db = slip(db, db_mean=delta.mean((1, 2)), db_all=0 * db + delta.sum())
    db = slip(db, db_last=delta[:, -1, -1], db_inputs=lambda: dW.sum((1, 2, 3)))
    db = slip(db, db_column=db[:, None], db_kept=delta, db_number=delta.sum())
    return dW, slip(db, db_rows=delta.sum(1), db_maps=delta.sum((0, 1)))


kernel_gradients = Step(
    "kernel_gradients",
    _kernels,
    _layers,
    ("dW", "db"),
    texts={
        **KERNELS,
        "flipped": "the gradient of the kernels is turned by 180°.",
        "swapped": "rows and columns of dW are exchanged.",
        "mean": "dW has the mean over the places: their sum is asked for.",
        "edges": "the padding repeats the border: it is made of zeros.",
        "no_padding": "the padding is ignored: pad x as in the way forward.",
        "channels": "the channels are padded, too: only rows and columns are.",
        "at_end": "the windows begin at x's own corner: above it and to the left of "
        "it are p rows and columns of padding.",
        "last": "only the last place counts: is the sum overwritten?",
        "short": "the last row and column of places are missing in dW: use all of δ.",
        "no_delta": "the windows are added up without their δ.",
        "same": "every kernel gets the δ of all maps: each has its own map.",
        "mixed": "every slice of dW holds the sum over the channels: each its own.",
        "axes": "the first two axes of dW are exchanged: (k, c, f, f) is asked for.",
        "one_slice": "the channels of dW are added up: a kernel has a slice for each.",
        "one_kernel": "the kernels of dW are added up: each has its own gradient.",
        "db_mean": "db has the mean over the places: their sum is asked for.",
        "db_all": "db adds up all maps: each kernel has its own bias.",
        "db_number": "db is one number: each kernel has its own bias.",
        "db_rows": "db is added up over the rows only: over the columns, too.",
        "db_maps": "db is added up over maps and rows: over rows and columns.",
        "db_last": "db has the δ of the last place alone: add up all.",
        "db_kept": "db still has one value for each place: add them up.",
        "db_inputs": "db contains the pixels: the bias is multiplied with nothing.",
        "db_column": "db has shape (k, 1): (k,) is asked for.",
    },
    demands={
        "adds up the windows, each times its $\\delta$": ["no_delta", "last", "mean"],
        "padded with zeros": ["edges", "no_padding"],
        "$\\partial C/\\partial b_q = \\sum_{ij} \\delta_{qij}$": ["db_mean", "db_all"],
        "shapes `(k, c, f, f)` and `(k,)`": ["axes", "db_column", "db_kept"],
        "at the end that no window reached": ["3 → 2 channels, 8×5, f=2, s=3, p=0"],
    },
    why="A weight of a kernel is used at every place of the map, each with another "
    "pixel. So its gradient is a sum over the places: error times the pixel that "
    "stood under the weight. The bias meets the number 1 at every place. Nothing is "
    "divided: the cost has its own mean.",
    see=BACK,
    goal=GOAL,
)


# --- input_gradient -------------------------------------------------------------------


def _back(slip, delta, W, h, w, stride, padding):
    (k, c), p, s = W.shape[:2], padding, slip(stride, no_stride=1)
    W = _turned(slip, W)
    W = slip(W, first=np.repeat(W[:1], k, 0), slices=W[:, ::-1])
    W = slip(W, one_slice=np.repeat(W[:, :1], c, 1))
    weight = slip(delta, ones=np.ones_like(delta))
    stamps = np.einsum("krs,kcij->crsij", weight, W)
    stamps = slip(stamps, last_map=np.einsum("rs,cij->crsij", weight[-1], W[-1]))
    stamps = slip(stamps, first_map=np.einsum("rs,cij->crsij", weight[0], W[0]))
    f, wide = W.shape[-1], np.zeros((c, h + 2 * p, w + 2 * p))
    counts = wide.copy()
    for i, j in np.ndindex(*delta.shape[1:]):
        place = np.s_[:, i * s : i * s + f, j * s : j * s + f]
        wide[place] = stamps[:, i, j] + slip(wide[place], over=0)
        counts[place] += 1
    wide = slip(wide, mean=wide / np.maximum(counts, 1))
    dx = slip(wide[:, p : p + h, p : p + w], corner=wide[:, :h, :w], kept=wide)
    dx = slip(dx, end=wide[:, 2 * p :, 2 * p :], to_minus_p=wide[:, p:-p, p:-p])
    dx = slip(dx, cut_twice=wide[:, p : h - p, p : w - p])
    dx = slip(dx, cut_rows=wide[:, p : p + h, :w], cut_columns=wide[:, :h, p : p + w])
    high, wide_ = ((n - 1) * s + f - 2 * p for n in delta.shape[1:])
    dx = slip(dx, short=dx[:, :high, :wide_], one_map=dx.sum(0))
    return slip(dx, last_axis=np.moveaxis(dx, 0, -1))


def _back_cases(rng) -> Iterator[Case]:
    return _layers(rng, back=True)


input_gradient = Step(
    "input_gradient",
    _back,
    _back_cases,
    texts=KERNELS
    | {
        "flipped": "the kernels lie in the image turned by 180°: a stamp is not.",
        "first_map": "only the first map stamps: those of all maps add up.",
        "to_minus_p": "a slice from p to −p is empty without padding: end it at p + h.",
        "cut_twice": "the slice ends at h − p: in the padded image x ends at p + h.",
        "mean": "where stamps overlap their mean is taken: they add up.",
        "first": "all maps stamp with the first kernel: each has its own.",
        "slices": "the slices of the kernels meet the channels in reversed order.",
        "one_slice": "the first slice of a kernel serves all channels.",
        "last_map": "only the last map's stamps are left: those of all maps add up.",
        "ones": "the stamps are not weighted by δ.",
        "over": "where stamps overlap the last one wins: they add up.",
        "corner": "the padding is cut off below and to the right only.",
        "end": "the padding is cut off above and to the left only.",
        "cut_rows": "of the columns the padding is cut off to the right only.",
        "cut_columns": "of the rows the padding is cut off below only.",
        "kept": "the padding is still there: it is no pixel of x.",
        "short": "pixels that no window reached are missing: their gradient is 0.",
        "one_map": "the channels are added up: each has its own gradient.",
        "last_axis": "the channels come last: (c, h, w) is asked for.",
    },
    demands={
        "its kernel, times its $\\delta$, where": ["ones", "flipped", "no_stride"],
        "Where stamps overlap they add up": ["over", "mean"],
        "The padding is cut off": ["corner", "kept", "end"],
        "Pixels that no window reached get 0": ["short"],
        "shape `(c, h, w)`": ["last_axis", "one_map"],
    },
    why="Forward, a place reads a window; backward, it writes to it: each pixel hears "
    "how much it mattered there, weight times error. Pixels under several windows "
    "add up what they hear, and one that no window reached hears 0. The kernel "
    "turns only if one writes the same sum as a convolution of the error map.",
    see=BACK,
    goal=GOAL,
)


# --- pool_gradient --------------------------------------------------------------------


def _pool(slip, x, delta, f, stride):
    c, h, w = x.shape
    s, dx = slip(stride, no_stride=1, size_for_s=f), np.zeros((c, h, w))
    for g, i, j in np.ndindex(*delta.shape):
        by = slip(s, size_cut=f)
        rows, columns = (slice(n * by, n * by + f) for n in (i, j))
        if by != s and not x[g, rows, columns].size:
            continue
        q = slip(g, all_maps=lambda b=x[:, rows, columns]: b.max((1, 2)).argmax())
        window = x[slip(q, first_map=0), rows, columns]
        best = window == slip(window.max(), smallest=window.min())
        best = slip(best, size=np.abs(window) == np.abs(window).max())
        order = best.ravel().argmax()
        order = slip(order, last=len(best.ravel()) - 1 - best.ravel()[::-1].argmax())
        order = slip(order, column=lambda b=best: _by_columns(b), corner=0)
        order = slip(order, from_0=order * int(window.max() > 0))
        mask = np.arange(best.size).reshape(best.shape) == order
        mask = slip(mask, exchanged=mask.T)
        mask = slip(mask.astype(float), ties=best, shared=best / best.sum())
        mask = slip(mask, everywhere=0 * mask + 1, mean=0 * mask + f**-2.0)
        value = slip(delta[g, i, j], ones=1.0, times=delta[g, i, j] * window.max())
        value = slip(value, value=window.max())
        near = np.s_[q, i : i + f, j : j + f]
        place = slip((q, rows, columns), inside=np.s_[q, :f, :f], by_1=near)
        old = dx[place]
        dx[place] = slip(old + mask * value, over=np.where(mask, value, old))
        dx[place] = slip(dx[place], erased=mask * value)
    return dx


def _by_columns(best):
    u = int(best.T.ravel().argmax())
    return u % len(best) * best.shape[1] + u // len(best)


def _pool_cases(rng) -> Iterator[Case]:
    for c, h, w, f, s, whole in (
        (1, 4, 6, 2, 2, False),
        (2, 5, 6, 3, 1, False),
        (2, 7, 6, 3, 2, True),
        (3, 5, 4, 2, 1, True),
        (1, 7, 5, 2, 3, False),
    ):
        shape = (c, (h - f) // s + 1, (w - f) // s + 1)
        x = rng.integers(-2, 3, (c, h, w)) if whole else rng.normal(size=(c, h, w)) - 1
        args = {"x": np.array(x, float), "delta": rng.normal(size=shape)}
        text = f"{c}×{h}×{w}, f={f}, s={s}" + ", with ties" * whole
        yield Case(text, args | {"f": f, "stride": s})


pool_gradient = Step(
    "pool_gradient",
    _pool,
    _pool_cases,
    texts={
        "no_stride": KERNELS["no_stride"],
        "size_for_s": "the windows begin at i·f and j·f: the stride is asked for.",
        "size_cut": "the windows begin at i·f and j·f, and some lie beyond the edge.",
        "all_maps": "the winner is looked for in all maps together: each by itself.",
        "from_0": "the search begins with 0: a window may be negative throughout.",
        "first_map": "the places of the first map serve all maps: each has its own.",
        "smallest": "the smallest pixel of the window gets δ: the largest does.",
        "size": "the signs are lost: the largest pixel is not the largest in size.",
        "exchanged": "row and column of the winner are exchanged within its window.",
        "by_1": "δ is written at i and j from the corner: at i·s and j·s.",
        "erased": "each window overwrites all its pixels, with 0 where it has no δ.",
        "last": "of equal pixels the last gets δ: the first does.",
        "column": "of equal pixels the first down the columns gets δ: read the rows.",
        "corner": "always the first corner of the window gets δ.",
        "ties": "all equal pixels of a window get δ: only the first does.",
        "shared": "equal pixels share δ: the first gets all of it.",
        "everywhere": "the whole window gets δ: only its largest pixel does.",
        "mean": "δ is spread evenly: that is the gradient of average pooling.",
        "ones": "the largest pixels get 1, not their δ.",
        "times": "δ is multiplied by the pixel: the slope of a maximum is 1.",
        "value": "the pixels' own values came in place of δ.",
        "inside": "the place is counted from the window's corner: add i·s and j·s.",
        "over": "where windows overlap the last δ wins: they add up.",
    },
    demands={
        "sends its $\\delta$ to its largest pixel": ["smallest", "everywhere", "ones"],
        "the first in reading order gets all": ["last", "ties", "shared", "column"],
        "A pixel that wins in several windows adds up": ["over"],
        "each map by itself": ["first_map", "all_maps"],
    },
    why="Move the largest pixel of a window a little, and the pooled number moves as "
    "much: slope 1. Move another one, and nothing happens: slope 0. So the error "
    "goes to the winner alone, unchanged. At a tie there is no slope; one winner is "
    "chosen, and any would do.",
    see=BACK,
    goal=GOAL,
)


# --- conv_matrix ----------------------------------------------------------------------


def _matrix(slip, K, h, w, stride):
    s, f = slip(stride, no_stride=1), len(K)
    K = _turned(slip, np.asarray(K, float))
    K = slip(K, ones=np.ones_like(K))
    rows, columns = ((n - f) // stride + 1 for n in (h, w))
    M = np.zeros((rows, columns, h, w))
    for i, j in np.ndindex(rows, columns):
        M[i, j, i * s : i * s + f, j * s : j * s + f] = K
    M = slip(M, places=M.swapaxes(0, 1), pixels=M.swapaxes(2, 3))
    M = slip(M, short=M[:-1, :-1])
    flat = M.reshape(M.shape[0] * M.shape[1], h * w)
    packed = np.zeros_like(flat)
    for n, row in enumerate(packed):
        start = n // columns * s * w + n % columns * s
        row[start : start + f * f] = K.ravel()[: h * w - start]

    def counted(in_row, in_image):
        M = np.zeros((rows * columns, h * w))
        for i, j, u, v in np.ndindex(rows, columns, f, f):
            M[i * in_row + j, (i * s + u) * in_image + j * s + v] = K[u, v]
        return M

    rolled = np.array([np.roll(flat[0], s * n) for n in range(len(flat))])
    flat = slip(flat, by_h=lambda: counted(columns, h), rolled=rolled)
    flat = slip(flat, by_rows=lambda: counted(rows, w))
    flat = slip(flat, filed=lambda: _filed(flat, rows, columns))
    flat = slip(flat, fortran=M.reshape(flat.shape, order="F"))
    return slip(flat, packed=np.array(packed), four=M, turned=flat.T)


def _matrix_cases(rng) -> Iterator[Case]:
    # wide ones: h in place of w stays within the image
    for f, h, w, s in ((2, 3, 4, 1), (3, 4, 5, 1), (2, 5, 6, 2), (2, 6, 9, 3)):
        args = {"K": rng.normal(size=(f, f)), "h": h, "w": w, "stride": s}
        yield Case(f"{h}×{w}, f={f}, s={s}", args)


conv_matrix = Step(
    "conv_matrix",
    _matrix,
    _matrix_cases,
    lists=True,
    texts={
        **KERNELS,
        "ones": "1 stands where the kernel's weights belong.",
        "places": "the places are counted down the columns: read along the rows.",
        "pixels": "the pixels are counted down the columns: read along the rows.",
        "short": "the last row and column of places are missing: is the + 1 there?",
        "by_h": "a row of the image has w pixels: h stands in its place.",
        "rolled": "each row is the one above, shifted on: a new row of places begins "
        "further on.",
        "by_rows": "a row of places has w' of them: h' stands in its place.",
        "filed": "place (i, j) goes to row i·h' + j: a row of places has w' of them.",
        "packed": "the kernel's rows stand side by side: each belongs to its pixels.",
        "fortran": "the axes are flattened in reversed order: as we read.",
        "four": "the axes are right but not flattened: a matrix is asked for.",
        "turned": "this is M⊤: each row belongs to a place, each column to a pixel.",
        "flipped": "the kernel is turned by 180°: do not turn it.",
    },
    demands={
        "`M @ x.ravel()` is the feature map": ["pixels", "flipped", "packed"],
        "without padding": ["short"],
        "shape `(h'·w', h·w)`": ["four", "turned"],
        "as we read": ["places"],
    },
    why="A convolution is linear, so it is a matrix: one row for each place, with the "
    "kernel's weights under the pixels of its window and zeros elsewhere. Its "
    "transpose takes maps to images, by the stamps of the step before; it undoes "
    "nothing. Nobody builds it for a real layer: nearly all of it is zero.",
    see=BACK,
    goal=GOAL,
    small=lambda: Case("", {"K": np.array([[2.0]]), "h": 1, "w": 3, "stride": 2}),
)


# --- directional_gap ------------------------------------------------------------------


def _gap(slip, C, x, gradient, v, eps):
    v = slip(v, unit_both=v / np.linalg.norm(v))
    eps = slip(eps, fixed=1e-5)
    u = slip(v, unit=v / np.linalg.norm(v), ones=np.ones_like(v))
    up, down, here = C(x + eps * u), C(x - eps * u), C(x)
    slope = (up - down) / (2 * eps)
    slope = slip(slope, forward=(up - here) / eps, by_eps=(up - down) / eps)
    slope = slip(slope, undivided=up - down, times=(up - down) / 2 * eps)
    half = C(x + eps / 2 * u) - C(x - eps / 2 * u)
    slope = slip(slope, backward=(here - down) / eps, half_steps=half / eps)
    told = np.sum(gradient * v)
    told = slip(told, total=np.sum(gradient), size=np.linalg.norm(gradient))
    told = slip(told, mean=np.mean(gradient * v), matrix=lambda: gradient @ v)
    told = slip(told, told_unit=told / np.linalg.norm(v))
    gap = slip(abs(slope - told), signed=slope - told, added=abs(slope + told))
    gap = slip(gap, signed_told=told - slope, by_told=gap / abs(told))
    gap = slip(gap, sizes=abs(abs(slope) - abs(told)), by_slope=gap / abs(slope))
    both = abs(slope), abs(told)
    gap = slip(gap, by_larger=gap / max(both), by_sum=gap / sum(both))
    gap = slip(gap, by_mean=2 * gap / sum(both), squared=gap**2)
    return slip(gap, told=told, slope=slope)


def _gap_cases(rng) -> Iterator[Case]:
    for shape, eps, factor in (
        ((4,), 0.1, 0.5),
        ((2, 3), 0.05, 1.5),
        ((2, 3, 4), 0.2, -0.7),  # the slopes have different signs
        ((5,), 0.3, 1.2),
        ((3, 2), 0.15, -0.4),
        ((2, 2, 2), 0.1, 0.8),
    ):
        a = rng.normal(size=shape)

        def C(x, a=a):
            return float(np.sum(np.exp(0.4 * a * x)) + np.sum(a * x**3))

        x, v = rng.normal(size=shape), rng.normal(size=shape)
        gradient = a * (0.4 * np.exp(0.4 * a * x) + 3 * x**2)
        gradient = factor * gradient + 0.02 * rng.normal(size=shape)
        args = {"C": C, "x": x, "gradient": gradient, "v": v, "eps": eps}
        yield Case(f"shape {shape}, eps = {eps}", args)


directional_gap = Step(
    "directional_gap",
    _gap,
    _gap_cases,
    texts={
        "unit": "v is made a unit vector in the difference: take it as it is.",
        "ones": "all entries move by eps: they move by eps times v.",
        "forward": "this is the forward difference: step to both sides.",
        "by_eps": "the two points are 2 eps apart: the division is by eps.",
        "backward": "this is the backward difference: step to both sides.",
        "half_steps": "the steps are ±eps/2: they are ±eps.",
        "squared": "the gap is squared: its size is asked for.",
        "undivided": "the division by 2 eps is missing.",
        "times": "eps multiplies: the product 2 eps needs parentheses.",
        "total": "the gradient is summed without v.",
        "size": "the length of the gradient stands where ⟨gradient, v⟩ belongs.",
        "unit_both": "v is made a unit vector: take it as it is.",
        "matrix": "a matrix product stands for the sum of the products of all entries.",
        "told_unit": "⟨gradient, v⟩ is divided by the length of v: take v as it is.",
        "fixed": "eps is ignored: the steps are always 1e-5.",
        "mean": "the mean of the products is taken: their sum.",
        "signed_told": "the gap has a sign (told − measured): its size is asked for.",
        **{k: f"the gap is divided by {v}: it is no ratio." for k, v in RATIOS.items()},
        "signed": "the gap has a sign: its size is asked for.",
        "added": "the two slopes are added: subtract them.",
        "slope": "only the slope by differences came: compare it with the gradient.",
        "told": "only ⟨gradient, v⟩ came: compare it with the slope by differences.",
        "sizes": "the sizes of the slopes are compared: slopes have signs.",
    },
    demands={
        "steps $\\pm\\varepsilon v$": ["forward", "by_eps", "ones", "unit"],
        "\\langle g, v \\rangle": ["total", "size"],
        "the size of their difference": ["signed", "by_slope"],
        "arrays of any shape": ["shape (2, 3, 4), eps = 0.2"],
    },
    rtol=1e-7,
    why="To check each entry by itself takes two costs for each. Move all of them at "
    "once, along one random direction: the slope must be the inner product of "
    "gradient and direction. A wrong entry hides only if the direction is at right "
    "angles to the mistake, which a random one hardly ever is.",
    see=BACK,
    goal=CHECKED,
)
