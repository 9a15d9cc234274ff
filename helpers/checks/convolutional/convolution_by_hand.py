"""Checks of the sheet `convolutional/convolution_by_hand`: convolution in NumPy.

Each step is a reference that carries its slips (`helpers.checks.engine`). The visible
cell and the hidden test differ in the seed only.
"""

from collections.abc import Iterator
from itertools import accumulate

import numpy as np

from ..engine import Case, Step

PATCH = np.array([[1, 2, 0, 1], [3, 1, 2, 0], [0, 2, 4, 1], [1, 0, 1, 3]])
SHARPEN = np.array([[0, -1, 0], [-1, 5, -1], [0, -1, 0]])
WHOLE = "the fractions are cut off: integers (an integer array?)."
SAME = "entries in the same place are multiplied."


def _windows(x, f, s=1, step=None):
    """Return the windows of x (…, h, w): (…, rows, columns, f, f).

    There are as many as stride s has places; `step`, if given, is how far they move
    down and across.
    """
    rows, columns = ((n - f) // s + 1 for n in x.shape[-2:])
    view = np.lib.stride_tricks.sliding_window_view(x, (f, f), axis=(-2, -1))
    down, across = step or (s, s)
    return view[..., ::down, ::across, :, :][..., :rows, :columns, :, :]


def _step(slip, s):
    """Return how far the windows move down and across, for `_windows`."""
    return slip((s, s), corner=(1, 1), down_only=(s, 1), across_only=(1, s))


# --- output_size ----------------------------------------------------------------------


def _size(slip, n, f, s, p, d):
    pads = slip(2 * p, once=p, no_padding=0, minus=-2 * p)
    wide = d * (f - 1) + 1
    wide = slip(wide, no_dilation=f, gap_behind=d * f, gap_once=f + d - 1)
    wide = slip(wide, gaps_more=f + d * (f - 1), reach=wide - 1)
    lost = slip(wide, lost_one=2, no_kernel=0, one_more=wide + 1)
    steps = n + pads - lost
    s = slip(s, no_stride=1)
    places = slip(steps // s, up=-(-steps // s), nearest=round(steps / s))
    found = slip(
        places + 1, no_one=places, inside=(steps + 1) // s, after=round(steps / s + 1)
    )
    up = (n - 1) * s - pads + wide
    return slip(found, as_stride=(n + pads - f) // (s * d) + 1, transposed=up)


def _size_cases(rng) -> Iterator[Case]:
    given = [(28, 5, 1, 0, 1), (28, 5, 1, 2, 2), (28, 2, 2, 0, 1), (25, 2, 2, 1, 3)]
    given.append((9, 2, 2, 0, 1))
    while len(given) < 14:
        ends = (1, 8), (1, 5), (0, 4), (1, 5)
        f, s, p, d = (int(rng.integers(*of)) for of in ends)
        given.append((int(rng.integers(d * (f - 1) + 1, 70)), f, s, p, d))
    for of in given:
        args = dict(zip("nfspd", of, strict=True))
        yield Case(", ".join(f"{k}={v}" for k, v in args.items()), args)


output_size = Step(
    "output_size",
    _size,
    _size_cases,
    texts={
        "once": "the padding counts once: it is added on both sides, 2p.",
        "no_padding": "the padding is ignored.",
        "minus": "the padding is subtracted; it is added.",
        "no_dilation": "the dilation is ignored: these are the places of a window of "
        "neighbors.",
        "gap_behind": "d · f pixels are counted: behind the last one there is no gap.",
        "gap_once": "one gap is counted: there is one between any two of the pixels.",
        "gaps_more": "gaps of d pixels are counted: between pixels that stand d apart "
        "there are d − 1.",
        "reach": "d (f − 1) is how far the last pixel is from the first: the window "
        "covers one more.",
        "lost_one": "always one pixel is lost, whatever the window covers.",
        "no_kernel": "the window's pixels are ignored.",
        "one_more": "one pixel too many is subtracted: subtract what the window "
        "covers. The 1 is added after the division.",
        "no_stride": "the stride is ignored.",
        "as_stride": "d multiplies the stride: it widens the window, to d (f − 1) + 1.",
        "transposed": "this is the size of a transposed convolution, the way up.",
        "up": "the division rounds up: a window that does not fit is left out.",
        "nearest": "the division rounds to the nearest: it rounds down.",
        "after": "the division rounds to the nearest whole number: it rounds down.",
        "no_one": "the + 1 is missing.",
        "inside": "the 1 is added before the division: it comes after it.",
    },
    demands={
        "the number of places that such a window has": ["no_kernel", "no_one"],
        "its pixels stand $d$ apart": ["no_dilation", "gap_once", "gaps_more"],
        "padding on each side": ["once", "no_padding"],
        "`s`: stride": ["no_stride"],
        "$\\lfloor (n + 2p - f)/s \\rfloor + 1$": ["up", "nearest", "inside"],
        "from the first to the last": ["gap_behind", "reach"],
    },
    why="Count the places of the window's first pixel. It stands at 0, at s, at 2s, as "
    "long as the window still fits, so the last place is at most n + 2p minus what the "
    "window covers. With a dilation that is more than its own pixels: f of them have f "
    "− 1 gaps between them. How often s goes into the last place is the number of "
    "steps, and the places are one more: the first one needs no step. What is left "
    "over at the end is not looked at. A padding of p pixels adds p at each end.",
    see="Padding, stride, size",
    goal="predict every size in a network",
    small=lambda: Case("", {"n": 8, "f": 2, "s": 2, "p": 0, "d": 3}),
)


# --- cross_correlate ------------------------------------------------------------------


def _correlate(slip, x, K, d):
    integers, x = x.dtype.kind == "i", x.astype(float)
    K, f = np.asarray(K, float), len(K)
    K = slip(K, flipped=K[::-1, ::-1], swapped=K.T, up_down=K[::-1], sides=K[:, ::-1])
    K = slip(
        K, no_kernel=np.ones_like(K), first=K * (np.arange(f * f) == 0).reshape(f, f)
    )
    image = slip(x, padded=np.pad(x, f // 2), image_turned=x.T)
    lost = d * (f - 1)
    image = slip(image, same=np.pad(x, (lost // 2, lost - lost // 2)))
    image = slip(image, same_end=np.pad(x, (lost - lost // 2, lost // 2)))
    windows = _windows(image, d * (f - 1) + 1)[..., ::d, ::d]
    near, (rows, columns) = _windows(image, f), windows.shape[:2]
    windows = slip(windows, no_dilation=near, near_alone=near[:rows, :columns])
    fewer = windows[: rows - d + 1, : columns - d + 1]
    behind = _windows(np.pad(image, ((0, d * rows), (0, d * columns))), f)[::d, ::d]
    windows = slip(windows, as_stride=near[::d, ::d], gap_behind=fewer)
    windows = slip(windows, stride_0=behind[:rows, :columns])
    products = windows * K
    z, runs = products.sum((-2, -1)), 0
    for part in np.moveaxis(products.reshape(*z.shape, -1), -1, 0):
        runs = np.trunc(runs + part)
    cut = {"of_x": np.trunc(z), "of_x_runs": runs}
    cut["of_x_each"] = np.trunc(products).sum((-2, -1))
    z = slip(z, **{k: v if integers else z for k, v in cut.items()})
    z = slip(z, mean=z / f**2, matrix=(K @ windows).sum((-2, -1)))
    z = slip(z, matrix_right=(windows @ K).sum((-2, -1)))
    inner = np.zeros_like(z)
    inner[:-1, :-1] = z[:-1, :-1]
    z = slip(z, short=z[:-1, :-1], zeros_last=inner, turned=z.T)
    z = slip(z, whole=np.trunc(z))
    return slip(z, stride=z[::2, ::2], relu=np.maximum(z, 0))


def _correlate_cases(rng) -> Iterator[Case]:
    for text, K in (("", SHARPEN), (" and a kernel of fractions", SHARPEN / 7)):
        page = {"x": PATCH.copy(), "K": K.copy(), "d": 1}
        yield Case("the patch of the page" + text, page)
    for h, w, f, d in ((7, 8, 3, 2), (7, 8, 2, 3), (7, 6, 1, 2), (9, 5, 4, 1)):
        args = {"x": rng.normal(size=(h, w)), "K": rng.normal(size=(f, f)), "d": d}
        yield Case(f"{h}×{w} with a {f}×{f} kernel, d={d}", args)


cross_correlate = Step(
    "cross_correlate",
    _correlate,
    _correlate_cases,
    texts={
        "flipped": "the kernel is turned by 180°: this is the convolution of "
        "mathematics, not the cross-correlation.",
        "swapped": "rows and columns of the kernel are exchanged.",
        "up_down": "the kernel is upside down.",
        "sides": "left and right of the kernel are exchanged.",
        "no_kernel": "every place gets the sum of the window without the kernel.",
        "first": "only one product of the window is taken.",
        "no_dilation": "the dilation is ignored: the window is one of neighbors.",
        "near_alone": "the size is right, but the window is one of neighbors.",
        "as_stride": "the window moves by d pixels: by one, its pixels stand d apart.",
        "stride_0": "the window moves by d pixels, and meets zeros beyond the image.",
        "gap_behind": "the last places are missing: behind the last pixel is no gap.",
        "padded": "the image was padded: without padding the map is smaller.",
        "same": 'the map keeps the size of the image ("same"): no padding here.',
        "same_end": "the image was padded until the map has its size: do not pad it.",
        "image_turned": "rows and columns of the image are exchanged.",
        "mean": "the mean of the products is taken: it is their sum.",
        "matrix": "kernel and window are multiplied as matrices (@): " + SAME,
        "matrix_right": "window and kernel are multiplied as matrices (@): " + SAME,
        "short": "the last row and the last column of places are missing.",
        "zeros_last": "the loops end one place too early: the last places are 0.",
        "turned": "rows and columns of the map are exchanged.",
        "whole": WHOLE,
        "of_x": "for an image of integers the fractions are cut off (the type of x?).",
        "of_x_runs": "for an image of integers the sum loses its fractions at every "
        "step (the type of x?).",
        "of_x_each": "for an image of integers every product loses its fractions (the "
        "type of x?).",
        "stride": "the window moves by two pixels: one at a time is asked for.",
        "relu": "negative sums are set to 0: no activation is asked for.",
    },
    demands={
        "both of integers or fractions": ["of_x", "of_x_runs"],
        "without padding": ["padded"],
        "one pixel at a time": ["stride"],
        "The kernel is not turned": ["flipped", "swapped"],
        "meet pixels that stand $d$ apart": ["no_dilation", "near_alone", "as_stride"],
        "with the sizes of step 1": ["short", "zeros_last", "turned"],
    },
    why="A kernel is a small pattern, and the map says how well each place of the "
    "image fits it: multiply entry by entry, and add up. The place of a window is that "
    "of its first corner, so i and j run over as many places as fit, the last one "
    "included. A dilation lets the same few weights see a larger part of the image. "
    "Mathematics turns the kernel before it slides and calls that a convolution; the "
    "libraries do not, and call it so all the same. The kernels are learned anyway.",
    see="By hand: nine products and a sum",
    goal="compute a convolution and a pooling by hand",
    small=lambda: Case(
        "",
        {
            "x": np.array([[1.0, 2, 0], [0, 1, 3], [2, 1, 1]]),
            "K": np.array([[1.0, 0], [3, 2]]),
            "d": 2,
        },
    ),
)


# --- conv2d ---------------------------------------------------------------------------


def _padded(slip, x, p, zero=0.0):
    """Return x (c, h, w) with p pixels at its edges, 0 or −∞."""
    around = ((0, 0), (p, p), (p, p))
    edge = slip(around, end=((0, 0), (0, p), (0, p)), start=((0, 0), (p, 0), (p, 0)))
    edge = slip(edge, rows_only=((0, 0), (p, p), (0, 0)), no_padding=((0, 0),) * 3)
    edge = slip(edge, columns_only=((0, 0), (0, 0), (p, p)))
    edge = slip(edge, twice=((0, 0), (2 * p, 2 * p), (2 * p, 2 * p)))
    edge = slip(edge, all_end=((0, 0), (0, 2 * p), (0, 2 * p)), channels=((p, p),) * 3)
    wide = np.pad(np.asarray(x, float), edge, constant_values=zero)
    if zero == 0:  # a border that counts twice never wins
        wide = slip(wide, edges=lambda: np.pad(x, edge, mode="edge"))
    wide = slip(wide, mirror=lambda: np.pad(x, edge, mode="reflect"))
    return slip(wide, ones=lambda: np.pad(x, edge, constant_values=1.0))


def _conv2d(slip, x, W, b, stride, padding):
    c, f, k = len(x), W.shape[-1], len(W)
    W = slip(W, flipped=W[..., ::-1, ::-1], swapped=W.transpose(0, 1, 3, 2))
    W = slip(W, first_kernel=np.repeat(W[:1], k, axis=0), slices=W[:, ::-1])
    W = slip(W, first_slice=np.repeat(W[:, :1], c, axis=1))
    bias = slip(b, no_bias=0 * b, bias_minus=-b, bias_first=0 * b + b[0])
    bias = slip(bias, bias_channels=c * b, bias_products=c * f * f * b)
    s = slip(stride, no_stride=1)
    wide = _padded(slip, x, padding)
    wide = wide[: len(x)]
    windows = _windows(wide, f, s, _step(slip, s))
    products = np.einsum("crsij,kcij->kcrs", windows, W)
    z = slip(products.sum(1), channel=products[:, 0], average=products.mean(1))
    z = slip(z, mean=z / (c * f * f), last=products[:, -1])
    z = z + bias[:, None, None]
    z = slip(z, relu=np.maximum(z, 0), turned=z.transpose(0, 2, 1))
    z = slip(z, last_axis=z.transpose(1, 2, 0), whole=np.trunc(z))
    apart = products + b[:, None, None, None]
    return slip(z, apart=apart, short=z[:, :-1, :-1], batch=z[None], one_map=z.sum(0))


def _conv2d_cases(rng) -> Iterator[Case]:
    for c, k, f, height, width, stride, padding in (
        (1, 1, 3, 6, 5, 1, 0),
        (3, 2, 3, 6, 7, 1, 0),
        (2, 4, 2, 7, 6, 2, 0),
        (2, 3, 3, 5, 6, 1, 1),
        (3, 2, 3, 9, 8, 3, 2),
        (1, 3, 1, 4, 5, 2, 1),
    ):
        x, W = rng.normal(size=(c, height, width)), rng.normal(size=(k, c, f, f))
        args = {"x": x, "W": W, "b": rng.normal(size=k)}
        args |= {"stride": stride, "padding": padding}
        text = f"{c} → {k} channels, {height}×{width}, f={f}, s={stride}, p={padding}"
        yield Case(text, args)


EDGES = {
    "no_padding": "the padding is ignored.",
    "end": "the padding lies below and to the right only: it goes on all sides.",
    "start": "the padding lies above and to the left only: it goes on all sides.",
    "rows_only": "rows are padded and columns are not: both are.",
    "columns_only": "columns are padded and rows are not: both are.",
    "all_end": "all 2p rows and columns lie below and to the right: p on each side.",
    "channels": "the axis of the channels is padded, too: only rows and columns are.",
    "twice": "the padding has 2p pixels on each side: p on each side is asked for.",
    "no_stride": "the stride is ignored: the window moves by one.",
    "corner": "the sizes are right, yet the window moves by one pixel, not by s.",
    "down_only": "across the columns the window moves by one pixel, not by s.",
    "across_only": "down the rows the window moves by one pixel, not by s.",
    "turned": "rows and columns of the maps are exchanged.",
    "last_axis": "the channels come last: the shape is (channels, rows, columns).",
    "short": "the last row and column of places are missing: is the + 1 there?",
    "batch": "there is an axis of length 1 in front: one image has none.",
}
conv2d = Step(
    "conv2d",
    _conv2d,
    _conv2d_cases,
    texts=EDGES
    | {
        "edges": "the padding repeats the border: it is made of zeros.",
        "mirror": "the padding mirrors the image: it is made of zeros.",
        "ones": "the padding is made of ones: it is made of zeros.",
        "flipped": "the kernels are turned by 180°: do not turn them.",
        "swapped": "rows and columns of the kernels are exchanged.",
        "first_kernel": "the first kernel makes all maps.",
        "slices": "the slices of the kernels meet the channels in reversed order.",
        "first_slice": "the first slice of a kernel serves all channels: each has one.",
        "no_bias": "the bias is missing.",
        "bias_minus": "the bias is subtracted; it is added.",
        "bias_first": "all maps get the first bias: each kernel has its own.",
        "bias_channels": "the bias is added once for each input channel: once in all.",
        "bias_products": "the bias is added to every product: once for each sum.",
        "channel": "only the first input channel is used: add up all.",
        "last": "only the last input channel is used: are the sums overwritten?",
        "average": "the mean over the channels is taken: their sum.",
        "mean": "the mean of the products is taken: their sum.",
        "relu": "negative sums are set to 0: no activation is asked for.",
        "whole": WHOLE,
        "apart": "the input channels are not added up.",
        "one_map": "the maps of all kernels are added up: each has its own.",
    },
    demands={
        "a slice for each of the $c$ channels": ["first_slice", "slices"],
        "All products are added up": ["channel", "apart", "mean"],
        "then the bias of the kernel": ["no_bias", "bias_channels", "bias_first"],
        "The padding is made of zeros": ["edges", "mirror", "ones"],
        "on all four sides of every channel": ["end", "rows_only"],
        "shape `(k, h', w')`": ["last_axis", "short", "batch"],
    },
    why="Each kernel has as many slices as the image has channels, and looks at all of "
    "them at once: f · f · c products and one bias make one number of its map. So k "
    "kernels make k maps. The window's corner lies at i times the stride, while i "
    "counts the places: to count by the stride and to move by it are two things. Zeros "
    "around the image let the window stand half outside without adding anything to the "
    "sum.",
    see="Channels, and weights that are shared",
    goal="write a convolutional layer in NumPy",
)


# --- max_pool2d -----------------------------------------------------------------------


def _pool(slip, x, f, stride, padding):
    wide = _padded(slip, slip(x, absolute=np.abs(x)), padding, -np.inf)
    none = np.isinf(wide)
    wide = slip(wide, zero=np.where(none, 0, wide), low=np.where(none, -1, wide))
    rest = [(0, -(n - f) % stride) for n in wide.shape[1:]]
    wide = slip(wide, ceiling=np.pad(wide, ((0, 0), *rest), constant_values=-np.inf))
    s = slip(stride, no_stride=1, stride_f=f)
    windows = _windows(wide, f, s, _step(slip, s))
    axes, finite = (-2, -1), np.where(np.isfinite(windows), windows, 0)
    z = slip(windows.max(axes), smallest=windows.min(axes), mean=finite.mean(axes))
    real = np.isfinite(windows).sum(axes)
    z = slip(z, mean_inside=finite.sum(axes) / np.maximum(real, 1))
    z = slip(z, sum=finite.sum(axes), index=windows.reshape(*z.shape, -1).argmax(-1))
    z = slip(z, mixed=0 * z + z.max(0), clipped=np.maximum(z, 0))
    z = slip(z, rows_max=windows.max(-1), first=windows[..., 0, 0])
    z = slip(z, by_f=lambda: _far(wide, f, *z.shape[1:]), short=z[:, :-1, :-1])
    others = {"turned": z.swapaxes(1, 2), "last_axis": np.moveaxis(z, 0, 2)}
    return slip(z, mixed_flat=z.max(0), batch=z[None], **others)


def _far(wide, f, rows, columns):
    """Return the largest of windows that begin at i·f, j·f, as if f were the stride."""
    parts = [[wide[:, f * i :, f * j :] for j in range(columns)] for i in range(rows)]
    z = [[part[:, :f, :f].max((1, 2)) for part in row] for row in parts]
    return np.array(z).transpose(2, 0, 1)


def _pool_cases(rng) -> Iterator[Case]:
    for c, height, width, f, stride, padding, shift in (
        (1, 4, 6, 2, 2, 0, 0),
        (3, 7, 8, 2, 3, 0, 0),
        (2, 8, 7, 3, 2, 0, 0),
        (2, 7, 5, 3, 2, 1, 0),
        (2, 6, 5, 2, 2, 1, -9),
        (2, 7, 9, 3, 1, 1, -9),
    ):
        args = {"x": rng.normal(size=(c, height, width)) + shift, "f": f}
        args |= {"stride": stride, "padding": padding}
        text = f"{c}×{height}×{width}, f={f}, s={stride}, p={padding}"
        yield Case(text + ", all negative" * (shift < 0), args)


max_pool2d = Step(
    "max_pool2d",
    _pool,
    _pool_cases,
    texts=EDGES
    | {
        "mirror": "the padding mirrors the image: a padding must never win.",
        "ones": "the padding is made of ones, which win among small numbers.",
        "zero": "the padding is made of zeros (or of numbers next to 0), and a zero "
        "wins among negative numbers: −∞ never does.",
        "low": "the padding is −1, which wins among smaller numbers: −∞ never does.",
        "absolute": "the sign is lost: absolute values are compared.",
        "ceiling": "windows that stick out at the end count, too: only whole ones do.",
        "stride_f": "the stride is ignored: the window moves by f.",
        "by_f": "the windows begin at i·f and j·f: the stride gives the sizes alone.",
        "smallest": "the smallest number of each window is taken.",
        "mean": "this is average pooling.",
        "mean_inside": "the mean of the pixels of each window is taken: the largest.",
        "sum": "the sum of each window is taken.",
        "index": "the place of the largest number came (argmax), not the number.",
        "mixed": "the channels are mixed: each is pooled by itself.",
        "mixed_flat": "the channels are mixed, and their axis is gone.",
        "clipped": "negative numbers are set to 0.",
        "rows_max": "the largest of each row of a window came: of the whole window.",
        "first": "the first number of each window is taken: the largest is asked for.",
    },
    demands={
        "the largest number of each window": ["smallest", "mean", "index"],
        "each channel by itself": ["mixed", "mixed_flat"],
        "The padding must never win, not even where all numbers are negative": ["zero"],
        "windows that do not fit are left out": ["ceiling"],
    },
    why="Max pooling asks whether a pattern was found anywhere in the window, and "
    "forgets where. So the largest number wins, and a padding must never be it: zeros "
    "do no harm behind a ReLU, where nothing is negative, and are wrong as soon as "
    "something is. The channels are different patterns, and each keeps its own map. A "
    "window that would stick out at the end is left out, as in the formula for the "
    "size.",
    see="Pooling",
    goal="compute a convolution and a pooling by hand",
)


# --- im2col ---------------------------------------------------------------------------


def _im2col(slip, x, f, stride):
    used = slip(x, channel=x[:1])
    s = slip(stride, no_stride=1)
    windows = _windows(used, f, s, _step(slip, s))
    apart = _windows(used, stride * (f - 1) + 1)[..., ::stride, ::stride]
    windows = slip(windows, dilated=apart)
    order = slip(
        (1, 2, 0, 3, 4), columns_first=(2, 1, 0, 3, 4), alternate=(1, 2, 3, 4, 0)
    )
    order = slip(order, swapped=(1, 2, 0, 4, 3), fortran=(1, 2, 4, 3, 0))
    order = slip(order, in_place=(0, 1, 2, 3, 4))
    places = windows.shape[1] * windows.shape[2]
    rows = windows.transpose(order).reshape(places, -1)
    blocks = windows.transpose(1, 2, 0, 3, 4)
    flat = blocks.reshape(places, len(used), f, f)
    rows = slip(rows, turned=rows.T, blocks=blocks, flat=flat, one_row=rows.ravel())
    grid = blocks.reshape(*blocks.shape[:2], -1)
    kept = grid[:-1, :-1].reshape(-1, grid.shape[-1])
    rows = slip(rows, grid=grid, short=kept)
    few = [-(-(n - f) // stride) for n in x.shape[1:]]  # as range(0, n - f, stride)
    rows = slip(rows, early=grid[: few[0], : few[1]].reshape(-1, grid.shape[-1]))
    rows = slip(rows, by_rows=lambda: _filed(rows, *windows.shape[1:3]))
    return slip(rows, channel_rows=windows.reshape(len(used) * places, -1))


def _filed(flat, rows, columns):
    """Return `flat` with place (i, j) in row i · rows + j, not i · columns + j."""
    filed = np.zeros_like(flat)
    for n, row in enumerate(flat):
        filed[n // columns * rows + n % columns] = row
    return filed


def _im2col_cases(rng) -> Iterator[Case]:
    for c, height, width, f, s in ((1, 4, 5, 3, 1), (2, 5, 4, 2, 1), (3, 7, 6, 3, 2)):
        args = {"x": rng.normal(size=(c, height, width)), "f": f, "stride": s}
        yield Case(f"{c}×{height}×{width}, f={f}, s={s}", args)


im2col = Step(
    "im2col",
    _im2col,
    _im2col_cases,
    texts={
        "channel": "only the first channel is used.",
        "no_stride": "the stride is ignored.",
        **{k: EDGES[k] for k in ("corner", "down_only", "across_only")},
        "dilated": "the window moves by one, and its pixels stand s apart: it moves by "
        "s, over neighbors.",
        "columns_first": "the places go down the columns first: they go along the "
        "rows, as we read.",
        "alternate": "within a row the channels alternate: first comes all of channel "
        "0, then all of channel 1, as in W.reshape(k, −1).",
        "swapped": "rows and columns within a window are exchanged.",
        "fortran": "each window is read in reversed order of its axes (order F): "
        "channel, row, column is asked for.",
        "in_place": "the same numbers cut in the wrong places: move the axes of the "
        "places (rows, columns) to the front before reshape.",
        "turned": "a window must be a row: here the windows are columns.",
        "blocks": "the windows are not yet rows: the shape is (places, c·f·f).",
        "flat": "the windows are not yet flat: the shape is (places, c·f·f).",
        "one_row": "all windows came in one row: each place gets its own.",
        "grid": "rows and columns of places are two axes: (places, c·f·f).",
        "short": EDGES["short"],
        "early": "the loops end too early: a window may begin at n − f.",
        "by_rows": "place (i, j) goes to row i·h' + j: a row of places has w' of them.",
        "channel_rows": "each channel gets rows of its own: a row holds all channels.",
    },
    demands={
        "Returns one row for each place": ["turned", "grid", "short"],
        "The places go along the rows of the image": ["columns_first"],
        "channel, row, column": ["alternate", "swapped", "fortran"],
    },
    why="A convolution is many small sums of products, and a matrix product is made of "
    "just such sums. Write every window as a row and every kernel as a column, and one "
    "product gives all maps at once: libraries are fast because of that, and pay with "
    "memory, as a pixel stands in many rows. It works only if the numbers of a window "
    "lie in the same order as those of a kernel; the axes that count the places must "
    "come first.",
    see="From loops to a matrix product",
    goal="turn it into one matrix product",
    small=lambda: Case(
        "", {"x": np.array([[[1.0, 2, 3], [4, 5, 6]]]), "f": 2, "stride": 1}
    ),
)


# --- n_parameters ---------------------------------------------------------------------


def _parameters(slip, c, k, f):
    entries = slip(f * f, side=f, double=2 * f)
    kernel = slip(c * entries, no_channels=entries, channels_plus=c + entries)
    biases = slip(k, no_bias=0, one_bias=1, bias_inputs=c, bias_slices=k * c)
    biases = slip(biases, bias_both=k + c)
    weights = slip(k * kernel, one_kernel=kernel, kernels_plus=k + kernel)
    return slip(weights + biases, turned=k * (f * f + c))


def _parameters_cases(rng) -> Iterator[Case]:
    given = [(1, 6, 5), (6, 16, 5), (3, 16, 3)]
    given += [tuple(map(int, rng.integers(2, 40, size=3))) for _ in range(5)]
    for c, k, f in given:
        yield Case(f"c={c}, k={k}, f={f}", {"c": c, "k": k, "f": f})


n_parameters = Step(
    "n_parameters",
    _parameters,
    _parameters_cases,
    texts={
        "side": "a kernel has f·f entries, not f.",
        "double": "a kernel has f·f entries, not 2f.",
        "no_channels": "the factor c is missing: a slice for each input channel.",
        "channels_plus": "c is added: a kernel has c slices of f·f entries.",
        "no_bias": "the biases are left out.",
        "one_bias": "one bias for the whole layer: each kernel has its own.",
        "bias_inputs": "a bias for each input channel: each kernel has one.",
        "bias_slices": "a bias for each slice of each kernel: each kernel has one.",
        "bias_both": "input channels get biases, too: each kernel has one, alone.",
        "one_kernel": "the factor k, the number of kernels, is missing.",
        "turned": "c is added to f·f: it is a factor, and 1 is added for the bias.",
        "kernels_plus": "k is added: there are k kernels, a factor.",
    },
    demands={
        "all weights and biases": ["no_bias", "one_bias", "bias_inputs"],
        "from $c$ to $k$ channels": ["no_channels", "one_kernel"],
        "with kernels of $f \\times f$": ["side", "double"],
    },
    why="The size of the image does not occur: the same kernel serves every place, and "
    "that is why a convolution needs so few weights. A kernel covers f × f pixels in "
    "each of c channels and has one bias, whatever it looks at; there are k of them, "
    "one for each map that comes out. Compare that with a linear layer between the "
    "same numbers of pixels, which has a weight for each pair.",
    see="Channels, and weights that are shared",
    goal="say what sharing weights saves, what it assumes",
    small=lambda: Case("", {"c": 2, "k": 3, "f": 2}),
)


# --- receptive_field ------------------------------------------------------------------


def _field(slip, layers):
    field, jump, fields, jumps = slip(1, from_0=0), 1, [], []
    for f, s in layers:
        grown = slip(jump * s, plus=jump + s - 1, previous=s)
        used = slip(jump, no_jump=1, own=s, before=grown)
        wide = slip(f, no_less=f + 1, two_less=f - 1, no_pooling=1 if f == s else f)
        field += (wide - 1) * used
        jump = grown
        fields.append(field)
        jumps.append(jump)
    sizes = [f for f, _ in layers]
    fields = slip(fields, products=np.cumprod(sizes).tolist(), alone=sizes)
    growth = np.diff([1, *fields]).tolist()
    fields = slip(fields, growth=growth, sums=np.cumsum(sizes).tolist(), jumps=jumps)
    fields = slip(fields, areas=[a * a for a in fields], input=[1, *fields])
    fields = slip(fields, reversed=fields[::-1], no_last=fields[:-1])
    fields = slip(fields, backward=_seen(layers[::-1]), forward=_seen(layers))
    return slip(fields, last=lambda: fields[-1])


def _seen(layers):
    """Return how many neurons one sees: of the layers that come, from the last back."""
    return [*accumulate(layers, lambda r, fs: (r - 1) * fs[1] + fs[0], initial=1)][1:]


def _field_cases(rng) -> Iterator[Case]:
    stacks = {
        "LeNet-5": [(5, 1), (2, 2), (5, 1), (2, 2), (5, 1)],
        "three 3×3": [(3, 1)] * 3,
        "strides 2, 3 and 2": [(3, 2), (4, 3), (3, 2)],
    }
    for i in (1, 2):
        sizes, strides = rng.integers(2, 6, size=4), rng.integers(1, 4, size=4)
        stacks[f"random {i}"] = list(zip(sizes.tolist(), strides.tolist(), strict=True))
    for label, layers in stacks.items():
        yield Case(label, {"layers": layers})


receptive_field = Step(
    "receptive_field",
    _field,
    _field_cases,
    texts={
        "from_0": "the field starts at 1 pixel, not at 0.",
        "plus": "strides multiply: the jump is their product.",
        "previous": "the jump is the last stride alone: it is the product of all.",
        "no_jump": "the jump is ignored: strides before move neighbors apart.",
        "own": "the growth is multiplied by the layer's own stride: by the product of "
        "the strides before it.",
        "before": "the jump grows before it is used: a layer's own stride moves its "
        "windows apart and does not widen them.",
        "no_less": "the field grows by f: it grows by f − 1 jumps.",
        "two_less": "the field grows by f − 2 jumps: by f − 1.",
        "products": "the kernel sizes are multiplied.",
        "alone": "each layer is looked at by itself: the field grows on.",
        "growth": "these are the growths of the field, not the fields.",
        "sums": "the kernel sizes are added up: the field grows by f − 1 jumps.",
        "jumps": "these are the jumps, the products of the strides, not the fields.",
        "areas": "these are pixels in a square: those along one side are asked for.",
        "input": "the list begins with the input's own pixel: leave the 1 out.",
        "reversed": "the list is in reversed order: it goes from the input on.",
        "forward": "(r − 1)·s + f goes from the output back: from the input on, add "
        "f − 1 jumps.",
        "no_pooling": "the poolings (f = s) do not widen the field: they count, too.",
        "backward": "the layers are taken from the last one back: begin at the input.",
        "no_last": "the last layer is left out.",
        "last": "only the field of the last layer is returned: one for each layer.",
    },
    demands={
        "along one side": ["areas"],
        "reach a neuron of each layer": ["alone", "no_jump", "before"],
        "Pooling counts like a convolution": ["no_pooling"],
        "kernel and stride, from the input on": ["reversed", "own"],
        "a list with one `int` for each layer": ["last", "input", "no_last"],
    },
    why="A neuron of the second layer sees f neurons of the first, and each of them "
    "sees f pixels, most of them shared. So the field does not multiply, it grows: by "
    "f − 1 neighbors more, each of which lies as many pixels away from the next one as "
    "the strides before have made it. That distance, the jump, is the product of the "
    "earlier strides; a layer's own stride counts only for the layers behind it.",
    see="What can a neuron see?",
    goal="what a neuron can see",
    small=lambda: Case("", {"layers": [(2, 3), (2, 1)]}),
)
