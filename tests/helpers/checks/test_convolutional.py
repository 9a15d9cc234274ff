"""The references of the chapter's checks against another derivation, in NumPy."""

from collections import Counter

import numpy as np
import pytest

from helpers.checks.convolutional import (
    color_outputs,
    conv2d,
    conv_matrix,
    cross_correlate,
    directional_gap,
    feature_sizes,
    im2col,
    input_gradient,
    kernel_gradients,
    max_pool2d,
    mnist_outputs,
    most_confused,
    n_parameters,
    output_size,
    pool_gradient,
    predict,
    receptive_field,
    train_step,
)
from helpers.checks.convolutional.cifar10_cnn import _mirrored_step, _tensor_step
from helpers.checks.engine import Slip

pytest.importorskip("torch")


def outcomes(step):
    """The cases of a step with what its plain reference gives."""
    return [(case.args, step.outcome((), case)) for case in step.drawn(5)]


def walked(x, f, stride, padding, fill, reduce):
    """Put a window down, place after place: maps of reduce(window) for x (c, h, w)."""
    edge = ((0, 0), (padding, padding), (padding, padding))
    x = np.pad(np.asarray(x, float), edge, constant_values=fill)
    rows, columns = (range(0, n - f + 1, stride) for n in x.shape[1:])
    return np.array(
        [[reduce(x[:, i : i + f, j : j + f]) for j in columns] for i in rows]
    )


def convolved(x, W, b, stride=1, padding=0):
    maps = [
        walked(x, K.shape[-1], stride, padding, 0, lambda v, K=K: (v * K).sum()) + c
        for K, c in zip(W, b, strict=True)
    ]
    return np.array(maps)


def pooled(x, f, stride, padding):
    z = walked(x, f, stride, padding, -np.inf, lambda v: v.max((1, 2)))
    return z.transpose(2, 0, 1)


def log_softmax(z):
    return z - np.logaddexp.reduce(z, axis=1, keepdims=True)


def test_places_are_counted_one_after_the_other():
    for args, got in outcomes(output_size):
        n, f, s, p, d = args.values()
        places = [[i + d * a for a in range(f)] for i in range(-p, n + p, s)]
        assert got[""] == sum(max(place) < n + p for place in places)


def test_convolution_and_pooling_walk_over_the_image():
    for args, got in outcomes(cross_correlate):
        d, side = args["d"], args["d"] * (len(args["K"]) - 1) + 1
        K = np.zeros((side, side))  # zeros between the entries
        K[::d, ::d] = args["K"]
        want = convolved(args["x"][None], K[None, None], [0])[0]
        np.testing.assert_allclose(got[""], want)
    for args, got in outcomes(conv2d):
        np.testing.assert_allclose(got[""], convolved(*args.values()))
    for args, got in outcomes(max_pool2d):
        np.testing.assert_allclose(got[""], pooled(*args.values()))


def test_rows_of_windows_make_a_convolution_a_product():
    for args, got in outcomes(im2col):
        x, f, stride = args.values()
        W = np.random.default_rng(0).normal(size=(4, len(x), f, f))
        want = convolved(x, W, np.zeros(4), stride).reshape(4, -1).T
        np.testing.assert_allclose(got[""] @ W.reshape(4, -1).T, want)


def test_parameters_are_those_of_arrays_that_are_made():
    for args, got in outcomes(n_parameters):
        c, k, f = args.values()
        assert got[""] == np.empty((k, c, f, f)).size + np.empty(k).size


def test_fields_are_walked_back_from_one_neuron_to_the_pixels():
    for args, got in outcomes(receptive_field):
        fields = []
        for depth in range(1, len(args["layers"]) + 1):
            low = high = 0
            for f, s in reversed(args["layers"][:depth]):
                low, high = low * s, high * s + f - 1
            fields.append(high - low + 1)
        assert got[""] == fields


def test_sizes_are_those_of_maps_that_are_made():
    for args, got in outcomes(feature_sizes):
        x, sizes = np.zeros((1, args["n"], args["n"])), []
        for f in (4, 2):
            x = convolved(x, np.zeros((1, 1, f, f)), [0])
            sizes.append(x.shape[-1])
            x = pooled(x, 2, 2, 1)
            sizes.append(x.shape[-1])
        assert got[""] == sizes


@pytest.mark.parametrize(
    ("step", "padding", "out"),
    [(mnist_outputs, (0, 1), log_softmax), (color_outputs, (1, 0), lambda z: z)],
)
def test_the_networks_compute_what_numpy_does(step, padding, out):
    from helpers.checks.engine.observers import built, seeded, shapes_of

    values = seeded(shapes_of(built(step.reference(Slip())))).values()
    W1, b1, W2, b2, W3, b3, W4, b4 = (v.astype(float) for v in values)
    for args, got in outcomes(step)[1:]:
        x = args["x"][0]
        for W, b in ((W1, b1), (W2, b2)):
            a = np.maximum(convolved(x, W, b, 1, padding[0]), 0)
            x = pooled(a, 2, 2, padding[1])
        z = np.maximum(x.ravel() @ W3.T + b3, 0) @ W4.T + b4
        np.testing.assert_allclose(got["outputs"], out(z[None]), 1e-3, 1e-3)


def test_three_steps_are_those_of_the_written_gradient():
    for args, got in outcomes(train_step):
        W, b = args["_W"], args["_b"]
        for i, rows in enumerate(args["_rows"]):
            x, target = args["x"][rows], np.eye(3)[args["y"][rows]]
            log_p = log_softmax(x @ W.T + b)
            assert got["losses"][i] == pytest.approx(
                -(log_p * target).sum() / len(x), rel=1e-4
            )
            delta = (np.exp(log_p) - target) / len(x)
            W, b = W - args["_eta"] * delta.T @ x, b - args["_eta"] * delta.sum(0)
            theta = np.concatenate([W.ravel(), b])
            seen = got["weights after each step"][i]
            np.testing.assert_allclose(seen, theta, 1e-4, 1e-5)


def test_predictions_are_the_largest_of_each_row():
    for args, got in outcomes(predict):
        guess = (args["x"] @ args["_W"].T + args["_b"]).argmax(1)
        assert got["result"].tolist() == guess.tolist()


def test_tensors_are_made_pixel_by_pixel():
    for args, got in outcomes(_tensor_step):
        for i, row, column, c in np.ndindex(args["images"].shape):
            value = args["images"][i, row, column, c] / 255 - 0.5
            assert got[""][i, c, row, column] == pytest.approx(value)


def test_mirror_images_are_made_column_by_column():
    for args, got in outcomes(_mirrored_step):
        x, width = args["x"], args["x"].shape[3]
        columns = [x[..., width - 1 - j] for j in range(width)]
        both = np.concatenate([x, np.stack(columns, 3)])
        np.testing.assert_array_equal(got["x"], both)
        np.testing.assert_array_equal(got["y"], np.tile(args["y"], 2))


def test_the_commonest_mistake_is_that_of_the_list():
    for args, got in outcomes(most_confused):
        pairs = zip(args["labels"], args["predicted"], strict=True)
        (pair, _), *_ = Counter(p for p in pairs if p[0] != p[1]).most_common(1)
        assert (got["true class"], got["predicted class"]) == pair


def slope(C, x, eps=1e-5):
    """The gradient of C at x by central differences, entry by entry."""
    found = np.zeros(x.shape)
    for place in np.ndindex(*x.shape):
        moved = np.zeros(x.shape)
        moved[place] = eps
        found[place] = (C(x + moved) - C(x - moved)) / (2 * eps)
    return found


def test_the_way_back_is_that_of_finite_differences():
    for args, got in outcomes(kernel_gradients):
        x, delta, f, *more = args.values()
        W, b = np.zeros((len(delta), len(x), f, f)), np.zeros(len(delta))
        dW = slope(lambda W: np.sum(delta * convolved(x, W, b, *more)), W)  # noqa: B023
        db = slope(lambda b: np.sum(delta * convolved(x, W, b, *more)), b)  # noqa: B023
        np.testing.assert_allclose(got["dW"], dW, 1e-6, 1e-8)
        np.testing.assert_allclose(got["db"], db, 1e-6, 1e-8)
    for args, got in outcomes(input_gradient):
        delta, W, h, w, *more = args.values()
        b, x = np.zeros(len(W)), np.zeros((W.shape[1], h, w))
        dx = slope(lambda x: np.sum(delta * convolved(x, W, b, *more)), x)  # noqa: B023
        np.testing.assert_allclose(got[""], dx, 1e-6, 1e-8)
    for args, got in outcomes(pool_gradient):
        x, delta, f, stride = args.values()
        first = -1e-4 * np.arange(x.size).reshape(x.shape)  # breaks ties as we read
        dx = slope(lambda x: np.sum(delta * pooled(x, f, stride, 0)), x + first)  # noqa: B023
        np.testing.assert_allclose(got[""], dx, 1e-6, 1e-8)


def test_the_matrix_convolves_and_its_transpose_goes_back():
    for args, got in outcomes(conv_matrix):
        K, h, w, stride = args.values()
        rng, M = np.random.default_rng(1), got[""]
        x, delta = rng.normal(size=(h, w)), rng.normal(size=len(M))
        z = convolved(x[None], K[None, None], [0], stride)
        np.testing.assert_allclose(M @ x.ravel(), z.ravel())
        back = input_gradient.reference(
            Slip(), delta.reshape(z.shape), K[None, None], h, w, stride, 0
        )
        np.testing.assert_allclose(M.T @ delta, back.ravel(), atol=1e-12)
        assert M @ x.ravel() @ delta == pytest.approx(x.ravel() @ (M.T @ delta))


def test_the_gap_of_a_right_gradient_is_small():
    for args, got in outcomes(directional_gap):
        C, x, gradient, v, eps = args.values()
        along = slope(lambda t: C(x + t[0] * v), np.zeros(1), eps)[0]  # noqa: B023
        assert got[""] == pytest.approx(abs(along - np.vdot(gradient, v)))
        right = slope(C, x)
        assert directional_gap.reference(Slip(), C, x, right, v, 1e-5) < 1e-6
