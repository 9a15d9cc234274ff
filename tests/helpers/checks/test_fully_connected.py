"""The references of the chapter's checks against another derivation, in NumPy."""

import statistics
from itertools import pairwise

import numpy as np
import pytest

from helpers.checks.engine import Slip
from helpers.checks.fully_connected import (
    autograd,
    cifar10_fcn,
    cross_validation,
    two_hidden_layers,
)
from helpers.checks.fully_connected.cifar10_fcn import class_accuracy, color_net
from helpers.checks.fully_connected.two_hidden_layers import (
    accuracy,
    count_parameters,
    train,
    two_hidden_outputs,
)

pytest.importorskip("torch")


def outcomes(step):
    """The cases of a step with what its plain reference gives."""
    return [(case.args, step.outcome((), case)) for case in step.drawn(5)]


def log_softmax(z):
    return z - np.logaddexp.reduce(z, axis=1, keepdims=True)


def test_local_slopes_are_those_of_pytorch():
    import torch

    for args, got in outcomes(autograd.local):
        given = [torch.tensor(v, dtype=torch.float64) for v in args["inputs"]]
        given = [v.requires_grad_() for v in given]
        value = getattr(torch, args["op"])(*given)
        value.backward()
        assert got["value"] == pytest.approx(value.item())
        assert got["slopes"] == pytest.approx([v.grad.item() for v in given])


def test_a_record_asks_where_pytorch_asks_and_leads_back_to_its_gradients():
    import torch

    for args, got in outcomes(autograd.record):
        nodes = [
            torch.tensor(v, dtype=torch.float64, requires_grad=need)
            for v, need in zip(args["inputs"], args["needs"], strict=True)
        ]
        for op, numbers, graph in args["program"]:
            with torch.set_grad_enabled(graph):
                nodes.append(getattr(torch, op)(*(nodes[i] for i in numbers)))
        assert got["asks"] == [node.requires_grad for node in nodes]
        assert got["values"] == pytest.approx([node.item() for node in nodes])
        last = max(i for i, node in enumerate(nodes) if node.requires_grad)
        nodes[last].backward()
        graph = {"parents": got["parents"], "slopes": got["slopes"], "last": last}
        slopes = autograd.backward.reference(Slip(), **graph)
        for i, node in enumerate(nodes[: len(args["inputs"])]):
            found = 0.0 if node.grad is None else node.grad.item()
            assert slopes[i] == pytest.approx(found)


def test_gradients_are_sums_over_all_paths():
    for args, got in outcomes(autograd.backward):
        n = len(args["parents"])
        A = np.zeros((n, n))  # A[p, i] = ∂i/∂p
        for i, (parents, slopes) in enumerate(
            zip(args["parents"], args["slopes"], strict=True)
        ):
            np.add.at(A, (list(parents), [i] * len(parents)), slopes)
        paths = sum(np.linalg.matrix_power(A, k) for k in range(n))
        np.testing.assert_allclose(got[""], paths[:, args["last"]], atol=1e-12)


def test_a_right_gradient_has_an_error_that_falls_with_the_square_of_eps():
    (args, _), *_ = outcomes(autograd.direction_error)
    errors = [
        autograd.direction_error.reference(Slip(), **args | {"eps": eps})
        for eps in (0.02, 0.01)
    ]
    assert errors[0] / errors[1] == pytest.approx(4, rel=0.05)


@pytest.mark.filterwarnings("ignore:The .grad attribute")
def test_the_predictions_are_what_pytorch_does():
    import torch

    def asked(line, name, x, w):
        names = {"x": torch.tensor(x), "w": torch.tensor(w, requires_grad=True)}
        try:
            exec(line, names)
        except RuntimeError:
            return "error"
        grad = names[name].grad
        return None if grad is None else grad.item()

    lines = {
        "for _ in range(3): ((w * x) ** 2).backward()": "w",
        "z = w * x; (z**2).backward()": "z",
        "z = w * x; (z * z.detach()).backward()": "w",
        "z = w.exp(); z += x; z.backward()": "w",
        "z = w * x; z += 1; z.backward()": "w",
        "C = (w * x) ** 2; C.backward(); C.backward()": "w",
    }
    for args, got in outcomes(autograd.predictions):
        answers = [asked(line, name, **args) for line, name in lines.items()]
        for part, answer in zip(autograd.PARTS, answers, strict=True):
            if isinstance(answer, float):
                answer = pytest.approx(answer, rel=1e-5)
            assert got[part] == answer


def loaded(step):
    """The module of a reference with the weights that an observer loads, as arrays."""
    from helpers.checks.engine.observers import built, seeded, shapes_of

    model = built(step.reference(Slip()))
    return [v.astype(float) for v in seeded(shapes_of(model)).values()]


def test_parameters_are_those_of_arrays_that_are_made():
    for args, got in outcomes(count_parameters):
        pairs = pairwise(args["sizes"])
        made = [(np.empty((n, p)), np.empty(n)) for p, n in pairs]
        assert got[""] == sum(W.size + b.size for W, b in made)


def test_the_networks_compute_what_numpy_does():
    W1, b1, W2, b2, W3, b3 = loaded(two_hidden_outputs)
    for args, got in outcomes(two_hidden_outputs):
        a = args["x"].reshape(len(args["x"]), -1)
        a = 1 / (1 + np.exp(-(a @ W1.T + b1)))
        z = np.maximum(a @ W2.T + b2, 0) @ W3.T + b3
        np.testing.assert_allclose(got["outputs"], log_softmax(z), 1e-4, 1e-4)
    W1, b1, W2, b2 = loaded(color_net)
    for args, got in outcomes(color_net):
        a = np.maximum(args["x"].reshape(len(args["x"]), -1) @ W1.T + b1, 0)
        np.testing.assert_allclose(got["outputs"], a @ W2.T + b2, 1e-4, 1e-4)


def test_the_accuracy_is_the_share_of_right_rows():
    for args, got in outcomes(accuracy):
        guess = (args["x"] @ args["_W"].T + args["_b"]).argmax(1)
        assert got["result"] == pytest.approx(np.mean(guess == args["y"]))
        rows, m = list(range(len(guess))), args["m"]
        assert got["minibatches"] == [rows[i : i + m] for i in range(0, len(rows), m)]


def test_the_training_is_momentum_written_out():
    for args, got in outcomes(train):
        theta = np.concatenate([args["_W"].ravel(), args["_b"]])
        v, losses, steps, n = 0 * theta, [], [], args["_W"].size
        for order in got["_orders"]:
            total = 0.0
            for i in range(0, len(order), args["m"]):
                x, y = (args[k][order[i : i + args["m"]]] for k in "xy")
                z = x @ theta[:n].reshape(args["_W"].shape).T + theta[n:]
                log_p, target = log_softmax(z), np.eye(len(args["_b"]))[y]
                total -= (log_p * target).sum()
                delta = (np.exp(log_p) - target) / len(x)
                v = 0.9 * v + np.concatenate([(delta.T @ x).ravel(), delta.sum(0)])
                theta = theta - args["eta"] * v
                steps.append(theta)
            losses.append(total / len(order))
        np.testing.assert_allclose(got["losses"], losses, 1e-4)
        np.testing.assert_allclose(got["weights after each step"], steps, 1e-4, 1e-5)


def test_statistics_are_those_of_each_color_alone():
    for args, got in outcomes(cifar10_fcn.channel_statistics):
        for c in range(3):
            v = args["images"][..., c].astype(float).ravel() / 255
            mean = sum(v) / len(v)
            assert got["mean"][c] == pytest.approx(mean)
            spread = (np.square(v - mean).sum() / len(v)) ** 0.5
            assert got["std"][c] == pytest.approx(spread)


def test_inputs_are_in_the_order_of_the_channels():
    for args, got in outcomes(cifar10_fcn._inputs_step):
        n, height, width, _ = args["images"].shape
        for place in np.ndindex(n, 3, height, width):
            i, c, row, column = place
            value = args["images"][i, row, column, c] / 255
            value = (value - args["mean"][c]) / args["std"][c]
            assert got[""][i, (c * height + row) * width + column] == (
                pytest.approx(value)
            )


def test_shares_are_those_of_the_examples_of_each_class():
    for args, got in outcomes(class_accuracy):
        hits = [[] for _ in range(args["k"])]
        for guess, label in zip(args["predicted"], args["labels"], strict=True):
            hits[label].append(guess == label)
        want = [sum(h) / len(h) if h else np.nan for h in hits]
        np.testing.assert_allclose(got[""], want)


def told(step, answer):
    with pytest.raises(AssertionError) as caught:
        step(answer)
    return " ".join(str(caught.value).split())


def test_what_a_slip_cannot_say_is_told_as_a_fact():
    from torch import nn

    def network(*sizes, **settings):
        layers = [nn.Linear(p, n, **settings) for p, n in pairwise(sizes)]
        return lambda: nn.Sequential(nn.Flatten(), *layers)

    step = two_hidden_layers
    assert "Linear 128 → 10 came for Linear 128 → 64" in told(
        step, network(784, 128, 10, 10)
    )
    assert "Linear 10 → 10 is one layer too many" in told(
        step, network(784, 128, 64, 10, 10)
    )
    assert "the layer 1 has no biases" in told(
        step, network(784, 128, 64, 10, bias=False)
    )
    assert "no layer is registered" in told(step, nn.Sequential)
    assert "a torch.nn.Module is expected" in told(step, lambda: None)


def test_dealt_folds_differ_by_one_example_of_a_class_at_most():
    for args, got in outcomes(cross_validation.deal):
        for c in set(args["y"].tolist()):
            own = got[""][args["y"] == c]
            counts = np.bincount(own, minlength=args["k"])
            assert counts.max() - counts.min() <= 1
            assert own[: args["k"]].tolist() == list(range(min(len(own), args["k"])))


def test_validation_and_report_are_those_of_scikit_learn():
    from sklearn.model_selection import PredefinedSplit, cross_val_predict
    from sklearn.neighbors import KNeighborsClassifier
    from sklearn.pipeline import make_pipeline
    from sklearn.preprocessing import StandardScaler

    def model(c):
        return make_pipeline(StandardScaler(), KNeighborsClassifier(c))

    def folds(args, c):
        cut = PredefinedSplit(args["fold"])
        guess = cross_val_predict(model(c), args["X"], args["y"], cv=cut)
        hits = guess == args["y"]
        return guess, [hits[args["fold"] == j].mean() for j in set(args["fold"])]

    for args, got in outcomes(cross_validation.validate):
        guess, scores = folds(args, 1)
        np.testing.assert_array_equal(got["guess"], guess)
        assert got["mean"] == pytest.approx(statistics.mean(scores))
        assert got["spread"] == pytest.approx(statistics.stdev(scores))
    for args, got in outcomes(cross_validation.report):
        means = {c: statistics.mean(folds(args, c)[1]) for c in args["settings"]}
        best = max(means, key=lambda c: (round(means[c], 9), -list(means).index(c)))
        assert got["setting"] == best
        assert got["validation"] == pytest.approx(means[best])
        last = model(best).fit(args["X"], args["y"])
        assert got["test"] == pytest.approx(last.score(args["X_test"], args["y_test"]))
        common = statistics.mode(sorted(args["y"].tolist()))
        assert got["baseline"] == pytest.approx(np.mean(args["y_test"] == common))


def test_scaling_is_that_of_scikit_learn_on_the_training_folds():
    from sklearn.preprocessing import StandardScaler

    for args, got in outcomes(cross_validation.scaled):
        test = args["fold"] == args["j"]
        scaler = StandardScaler().fit(args["X"][~test])
        np.testing.assert_allclose(got["train"], scaler.transform(args["X"][~test]))
        np.testing.assert_allclose(got["test"], scaler.transform(args["X"][test]))
