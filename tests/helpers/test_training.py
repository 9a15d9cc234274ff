"""The training loop: the same numbers as a loop written out by hand."""

import subprocess
import sys
from itertools import chain

import numpy as np
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp

from helpers import training
from helpers.training import evaluate, fit, predict

N, FEATURES, CLASSES, BATCH, ETA = 10, 3, 4, 4, 0.5
CPU = torch.device("cpu")


class RecordingSGD(torch.optim.SGD):
    """Remember a copy of the parameters after each step."""

    def __init__(self, parameters, lr):
        super().__init__(parameters, lr=lr)
        self.trace = []

    def step(self, closure=None):
        result = super().step(closure)
        self.trace.append(
            [p.detach().clone().numpy() for p in self.param_groups[0]["params"]]
        )
        return result


def examples():
    """Return ten examples: two minibatches of four and one of two."""
    rng = np.random.default_rng(5)
    return rng.normal(size=(N, FEATURES)), rng.integers(CLASSES, size=N)


def linear(dtype=torch.float64):
    """Return softmax regression with fixed weights."""
    model = torch.nn.Linear(FEATURES, CLASSES, dtype=dtype)
    rng = np.random.default_rng(6)
    with torch.no_grad():
        for parameter in model.parameters():
            parameter.copy_(torch.tensor(rng.normal(size=tuple(parameter.shape))))
    return model


def sgd(parameters):
    return torch.optim.SGD(parameters, lr=ETA)


def train(model, **changes):
    options = {"epochs": 2, "batch_size": BATCH, "optimizer": sgd, "device": CPU}
    return fit(model, changes.pop("data", examples()), **(options | changes))


def by_hand(epochs, seed):
    """Train softmax regression in NumPy; return the weights after each step and losses.

    The gradient of the mean cross-entropy is (p - y)/m, as the chapter
    `backpropagation` derives; the order is the documented seeded permutation.
    """
    x, y = examples()
    W, b = (p.detach().numpy().copy() for p in linear().parameters())
    generator = torch.Generator().manual_seed(seed)
    trace, losses = [], []
    for _ in range(epochs):
        order = torch.randperm(N, generator=generator).numpy()
        total = 0.0
        for start in range(0, N, BATCH):
            rows = order[start : start + BATCH]
            logits = x[rows] @ W.T + b
            p = np.exp(logits) / np.exp(logits).sum(axis=1, keepdims=True)
            total -= np.log(p[range(len(rows)), y[rows]]).sum()
            delta = (p - np.eye(CLASSES)[y[rows]]) / len(rows)
            W, b = W - ETA * delta.T @ x[rows], b - ETA * delta.sum(axis=0)
            trace.append((W, b))
        losses.append(total / N)
    return trace, losses


# --- fit -----------------------------------------------------------------------------


@pytest.mark.parametrize("seed", [0, 1])
def test_every_step_equals_the_loop_written_in_numpy(seed):
    made = []

    def optimizer(parameters):
        made.append(RecordingSGD(parameters, lr=ETA))
        return made[0]

    train(linear(), epochs=3, optimizer=optimizer, seed=seed)
    expected, _ = by_hand(epochs=3, seed=seed)
    assert len(made[0].trace) == len(expected) == 9
    for ours, theirs in zip(made[0].trace, expected, strict=True):
        np.testing.assert_allclose(ours[0], theirs[0], rtol=1e-6)
        np.testing.assert_allclose(ours[1], theirs[1], rtol=1e-6)


def test_the_loss_of_an_epoch_is_the_mean_over_the_examples_as_they_were_seen():
    history = train(linear(), epochs=3)
    np.testing.assert_allclose(history.loss, by_hand(epochs=3, seed=0)[1], rtol=1e-6)


def test_the_smaller_last_minibatch_counts_with_its_size():
    x = torch.arange(7.0)[:, None]  # its mean is 3, whatever the order
    model = torch.nn.Linear(1, 1)
    torch.nn.init.ones_(model.weight)
    torch.nn.init.zeros_(model.bias)
    history = train(
        model,
        data=(x, x),
        epochs=5,
        batch_size=4,
        loss=lambda output, _: output.mean(),
        optimizer=lambda parameters: torch.optim.SGD(parameters, lr=0.0),
    )
    assert history.loss == pytest.approx([3.0] * 5, rel=1e-6)


def test_each_epoch_sees_each_example_once_in_a_new_order():
    seen = []

    def loss(output, targets):
        seen.append(targets.tolist())
        return output.sum() * 0

    x = torch.zeros(N, FEATURES)
    train(linear(torch.float32), data=(x, torch.arange(N)), loss=loss, seed=1)
    assert [len(batch) for batch in seen] == [4, 4, 2, 4, 4, 2]
    first, second = list(chain(*seen[:3])), list(chain(*seen[3:]))
    assert sorted(first) == sorted(second) == list(range(N))
    assert first != second


def test_the_default_loss_is_cross_entropy_of_logits():
    explicit = train(linear(), loss=torch.nn.CrossEntropyLoss())
    assert train(linear()).loss == explicit.loss


def test_arrays_and_tensors_train_alike():
    x, y = examples()
    as_tensors = train(linear(), data=(torch.tensor(x), torch.tensor(y)))
    assert train(linear(), data=(x, y)).loss == as_tensors.loss


def test_the_validation_accuracy_of_each_epoch_is_kept():
    model = linear()
    history = train(model, epochs=4, validation=examples())
    assert len(history.accuracy) == 4
    assert history.accuracy[-1] == evaluate(model, *examples())


def test_validation_does_not_change_what_is_learned():
    assert train(linear(), validation=examples()).loss == train(linear()).loss


def test_without_validation_there_is_no_accuracy():
    assert train(linear()).accuracy == []


def test_the_seconds_are_those_of_training_without_evaluation(monkeypatch):
    now = [0.0]
    monkeypatch.setattr(training, "perf_counter", lambda: now[0])

    class Clocked(torch.nn.Linear):
        def forward(self, x):
            now[0] += 1 if self.training else 100
            return super().forward(x)

    model = Clocked(FEATURES, CLASSES, dtype=torch.float64)
    assert train(model, epochs=2, validation=examples()).seconds == 2 * 3


def test_dropout_is_active_in_training_even_after_evaluation():
    modes = []

    class Spy(torch.nn.Linear):
        def forward(self, x):
            modes.append(self.training)
            return super().forward(x)

    model = Spy(FEATURES, CLASSES, dtype=torch.float64)
    train(model.eval(), epochs=2, batch_size=N, validation=examples())
    assert modes == [True, False, True, False]


# --- seeds ---------------------------------------------------------------------------


def weights(seed):
    model = linear()
    train(model, seed=seed)
    return model.weight.detach().numpy()


def test_the_same_seed_gives_identical_weights():
    np.testing.assert_array_equal(weights(4), weights(4))


def test_another_seed_gives_other_weights():
    assert not np.array_equal(weights(4), weights(5))


def test_a_fresh_process_gives_identical_weights(pytestconfig):
    program = "from tests.helpers.test_training import weights as of\n"
    program += "print(of(4).tobytes().hex())"
    command = [sys.executable, "-c", program]
    root = pytestconfig.rootpath
    process = subprocess.run(command, capture_output=True, text=True, cwd=root)
    assert process.returncode == 0, process.stderr
    assert process.stdout.strip() == weights(4).tobytes().hex()


def test_the_order_leaves_the_global_random_numbers_alone():
    model = linear()
    before = torch.get_rng_state()
    train(model)
    assert torch.equal(torch.get_rng_state(), before)


# --- what is refused -----------------------------------------------------------------


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"data": (np.zeros((3, FEATURES)), np.zeros(2, int))}, "3 inputs but 2 targ"),
        ({"data": (np.zeros((0, FEATURES)), np.zeros(0, int))}, "no examples"),
        ({"epochs": 0}, "epochs=0"),
        ({"epochs": -1}, "epochs=-1"),
        ({"batch_size": 0}, "batch_size=0"),
    ],
)
def test_bad_arguments_are_refused_in_one_line_before_the_model_changes(changes, words):
    model = linear()
    with pytest.raises(ValueError, match=words) as caught:
        train(model, **changes)
    assert "\n" not in str(caught.value)
    assert torch.equal(model.weight, linear().weight)


def test_a_diverging_run_stops_and_names_the_epoch():
    # C = w² from w = 1, η = 10¹⁰: C is 1, then 4·10²⁰, then beyond float32's 3·10³⁸
    model = torch.nn.Linear(1, 1, bias=False)
    torch.nn.init.ones_(model.weight)
    with pytest.raises(FloatingPointError, match=r"epoch 3 is inf.*smaller learning"):
        train(
            model,
            data=(torch.ones(1, 1), torch.zeros(1, 1)),
            epochs=10,
            loss=torch.nn.functional.mse_loss,
            optimizer=lambda parameters: torch.optim.SGD(parameters, lr=1e10),
        )


# --- predict and evaluate ------------------------------------------------------------


class Identity(torch.nn.Module):
    """Return the input: the outputs are what the test says they are."""

    def __init__(self):
        super().__init__()
        self.place = torch.nn.Parameter(torch.zeros(()))  # says which device it is on

    def forward(self, x):
        return x


@st.composite
def outputs_and_labels(draw):
    """Draw outputs without ties (n, k) and labels (n,)."""
    n, k = draw(st.integers(1, 20)), draw(st.integers(1, 6))
    rows = [draw(st.permutations(range(k))) for _ in range(n)]
    labels = draw(hnp.arrays(np.int64, n, elements=st.integers(0, k - 1)))
    return np.array(rows, np.float32), labels


@settings(max_examples=50, deadline=None)
@given(outputs_and_labels(), st.integers(1, 25))
def test_the_accuracy_is_the_share_that_numpy_counts(drawn, batch_size):
    outputs, labels = drawn
    hits = np.count_nonzero(np.argmax(outputs, axis=1) == labels)
    accuracy = evaluate(Identity(), outputs, labels, batch_size)
    assert accuracy == pytest.approx(hits / len(labels), abs=1e-12)


@pytest.mark.parametrize("batch_size", [1, 3, 7, 100])
def test_predicting_in_batches_equals_predicting_at_once(batch_size):
    x, _ = examples()
    W, b = (p.detach().numpy() for p in linear().parameters())
    labels = predict(linear(), x, batch_size)
    np.testing.assert_array_equal(labels, (x @ W.T + b).argmax(axis=1))


def test_predictions_are_whole_numbers_on_the_cpu():
    labels = predict(linear(), examples()[0])
    assert (labels.dtype, labels.device, labels.shape) == (torch.int64, CPU, (N,))


@pytest.mark.parametrize("training", [True, False])
def test_evaluation_leaves_the_model_in_its_mode(training):
    model = linear().train(training)
    evaluate(model, *examples())
    assert model.training is training


def test_evaluation_leaves_a_frozen_part_frozen():
    model = torch.nn.Sequential(torch.nn.BatchNorm1d(FEATURES), torch.nn.Linear(3, 4))
    model.double().train()
    model[0].eval()
    evaluate(model, *examples())
    assert [part.training for part in (model, *model)] == [True, False, True]


def test_evaluation_that_fails_leaves_the_model_in_its_mode():
    model = linear().train()
    with pytest.raises(RuntimeError):
        evaluate(model, np.zeros((2, FEATURES + 1)), np.zeros(2, int))
    assert model.training


def test_evaluation_switches_dropout_off():
    dropout = torch.nn.Sequential(Identity(), torch.nn.Dropout(0.9)).train()
    outputs = np.eye(50, dtype=np.float32)
    assert evaluate(dropout, outputs, np.arange(50)) == 1.0


def test_evaluation_builds_no_graph():
    grad_enabled = []

    class Spy(Identity):
        def forward(self, x):
            grad_enabled.append(torch.is_grad_enabled())
            return x

    evaluate(Spy(), np.eye(2, dtype=np.float32), np.arange(2))
    assert grad_enabled == [False]


@pytest.mark.parametrize(
    "labels",
    [np.zeros(2, int), np.zeros(1, int), np.zeros((3, 1), int)],
    ids=["too few", "one", "a column"],
)
def test_labels_of_another_shape_are_not_broadcast(labels):
    with pytest.raises(ValueError, match=r"3 inputs need labels of shape \(3,\)"):
        evaluate(Identity(), np.eye(3, dtype=np.float32), labels)


def test_no_examples_have_no_accuracy():
    with pytest.raises(ValueError, match="0 inputs"):
        evaluate(Identity(), np.zeros((0, 3), np.float32), np.zeros(0, int))
