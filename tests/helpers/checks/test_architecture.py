"""The checks of architectures: NumPy against PyTorch, and networks that are not it."""

import itertools

import numpy as np
import pytest

from helpers.checks import architecture
from helpers.checks.architecture import Conv2d, Linear, Pool
from helpers.checks.core import CheckFailed

torch = pytest.importorskip("torch")
nn = torch.nn

NET = (
    "flatten",
    Linear(12, 7),
    "sigmoid",
    Linear(7, 5),
    "relu",
    Linear(5, 4),
    "log_softmax",
)
CNN = (
    Conv2d(2, 3, kernel=4, padding=1),
    "relu",
    Pool(2, padding=1),
    Conv2d(3, 4, kernel=2, stride=2),
    "tanh",
    Pool(2, stride=1, mean=True),
    "flatten",
    Linear(16, 5),
)


def cnn(second_pool=None, **settings):
    return nn.Sequential(
        nn.Conv2d(2, 3, 4, **({"padding": 1} | settings)),
        nn.ReLU(),
        nn.MaxPool2d(2, padding=1),
        nn.Conv2d(3, 4, 2, stride=2),
        nn.Tanh(),
        second_pool or nn.AvgPool2d(2, stride=1),
        nn.Flatten(),
        nn.Linear(16, 5),
    )


def net(first=nn.Sigmoid, second=nn.ReLU, *output):
    output = output or (nn.LogSoftmax(dim=1),)
    return nn.Sequential(
        nn.Flatten(),
        nn.Linear(12, 7),
        first(),
        nn.Linear(7, 5),
        second(),
        nn.Linear(5, 4),
        *output,
    )


def batch(*shape, seed=0):
    return np.random.default_rng(seed).normal(size=shape).astype(np.float32)


INPUTS = {"5 images": batch(5, 3, 4), "one image": batch(1, 3, 4, seed=1)}
PICTURES = {"3 pictures": batch(3, 2, 12, 12)}


def told(make, steps=NET, inputs=None, **options):
    """What a student is told about a model that is not the one asked for."""

    def check():
        model = architecture.build("Net", make)
        architecture.same_outputs("Net", model, steps, inputs or INPUTS, 0, **options)

    with pytest.raises(CheckFailed) as failure:
        check()
    return " ".join(str(failure.value).split())


def test_the_forward_pass_is_that_of_pytorch():
    architecture.same_outputs("Net", net(), NET, INPUTS, 0)
    architecture.same_outputs("Net", cnn(), CNN, PICTURES, 0)


def test_sizes_are_those_that_pytorch_gives():
    x = torch.tensor(PICTURES["3 pictures"])
    shapes = [tuple((x := layer(x)).shape) for layer in cnn()]
    assert [shape for _, shape in architecture.sizes(CNN, batch(3, 2, 12, 12))] == (
        shapes
    )


@pytest.mark.parametrize(("steps", "make"), [(NET, net), (CNN, cnn)])
def test_parameters_are_counted_as_pytorch_has_them(steps, make):
    assert architecture.count(steps) == sum(p.numel() for p in make().parameters())


@pytest.mark.parametrize("name", sorted(architecture.ACTIVATIONS))
def test_activations_are_those_of_pytorch(name):
    z = batch(6, 4)
    want = {
        "none": lambda t: t,
        "softmax": lambda t: t.softmax(1),
        "log_softmax": lambda t: t.log_softmax(1),
        "softmax_0": lambda t: t.softmax(0),
        "log_softmax_0": lambda t: t.log_softmax(0),
        "argmax": lambda t: t.argmax(1),
        "leaky_relu": nn.functional.leaky_relu,
        "log_sigmoid": nn.functional.logsigmoid,
    }.get(name, getattr(torch, name, None))(torch.tensor(z))
    got = architecture.ACTIVATIONS[name][1](z)
    np.testing.assert_allclose(got, want.numpy(), rtol=1e-5, atol=1e-6)


@pytest.mark.parametrize("steps", [NET, CNN])
def test_no_variant_computes_what_is_asked_for(steps):
    parameters = architecture.seeded(steps, 0)
    x = INPUTS["5 images"] if steps is NET else PICTURES["3 pictures"]
    right = architecture.forward(steps, parameters, x)
    for text, other in architecture.variants(steps):
        wrong = architecture.forward(other, parameters, x)
        assert wrong.shape != right.shape or not np.allclose(wrong, right), text


def test_any_names_and_any_order_of_definition_will_do():
    class Own(nn.Module):
        def __init__(self):
            super().__init__()
            self.last = nn.Linear(5, 4)
            self.body = nn.ModuleDict({"b": nn.Linear(7, 5), "a": nn.Linear(12, 7)})

        def forward(self, x):
            z = torch.sigmoid(self.body["a"](x.reshape(len(x), 12)))
            return self.last(torch.relu(self.body["b"](z))).log_softmax(-1)

    assert architecture.same_layers("Net", Own(), NET) == ["body.a", "body.b", "last"]
    architecture.same_outputs("Net", Own(), NET, INPUTS, 0)


NAMED = {
    "exchanged: ReLU comes after Linear 12 → 7": net(nn.ReLU, nn.Sigmoid),
    "the sigmoid comes after Linear 7 → 5, not ReLU": net(second=nn.Sigmoid),
    "ReLU comes after Linear 12 → 7, not the sigmoid": net(nn.ReLU),
    "the sigmoid after Linear 12 → 7 is missing": net(nn.Identity),
    "tanh comes after Linear 12 → 7": net(nn.Tanh),
    "no activation follows all hidden layers": net(nn.Identity, nn.Identity),
    "ReLU comes after log-softmax": net(
        nn.Sigmoid, nn.ReLU, nn.LogSoftmax(1), nn.ReLU()
    ),
    "ReLU comes between the last layer": net(
        nn.Sigmoid, nn.ReLU, nn.ReLU(), nn.LogSoftmax(1)
    ),
    "the outputs are softmax": net(nn.Sigmoid, nn.ReLU, nn.Softmax(1)),
    "runs over the examples": net(nn.Sigmoid, nn.ReLU, nn.LogSoftmax(0)),
    "logits": net(nn.Sigmoid, nn.ReLU, nn.Identity()),
    "Moreover, the outputs are softmax": net(nn.ReLU, nn.Sigmoid, nn.Softmax(1)),
}


@pytest.mark.parametrize(("text", "model"), NAMED.items())
def test_a_wrong_network_is_named(text, model):
    assert text in told(lambda: model)


def test_a_dropout_does_not_disturb():
    model = nn.Sequential(net(), nn.Dropout(0.5))
    architecture.same_outputs("Net", model, NET, INPUTS, 0)


@pytest.mark.parametrize(
    ("layers", "text"),
    [
        ([(12, 7), (7, 4)], "Linear 7 → 4 came for Linear 7 → 5; Linear 5 → 4 is"),
        ([(12, 7), (7, 5)], "Linear 5 → 4 is missing"),
        ([(12, 7), (5, 7), (5, 4)], "Linear 5 → 7 has its sizes exchanged"),
        ([(12, 7), (7, 5), (5, 4), (4, 4)], "Linear 4 → 4 is one layer too many"),
        ([], "no layer is registered"),
    ],
)
def test_wrong_layers_are_named(layers, text):
    model = nn.Sequential(*itertools.starmap(nn.Linear, layers))
    assert text in told(lambda: model)


def test_missing_biases_and_foreign_parameters_are_named():
    bare = net()
    bare[3] = nn.Linear(7, 5, bias=False)
    assert "has no biases" in told(lambda: bare)
    more = nn.Sequential(net(), nn.BatchNorm1d(4))
    assert "parameters of no layer that is asked for: 1.weight (4,)" in told(
        lambda: more
    )


def test_stride_and_padding_of_a_convolution_are_compared():
    message = told(lambda: cnn(padding=0), CNN, PICTURES)
    assert "wrong padding. expected padding 1" in message


def test_a_wrong_pooling_gets_the_shapes_that_should_occur():
    model = cnn(nn.AvgPool2d(3, stride=1))
    message = told(lambda: model, CNN, PICTURES)
    assert "Shapes that should occur" in message
    assert "mean pooling 2×2 (3, 4, 2, 2)" in message


def test_more_wrong_networks_can_be_given():
    model = cnn(nn.MaxPool2d(2, stride=1))
    other = tuple(Pool(2, stride=1) if step == CNN[5] else step for step in CNN)
    text = "the maximum is taken; the mean is asked for."
    assert text in told(lambda: model, CNN, PICTURES, more={text: other})


def test_a_class_that_is_no_module_is_told_so():
    class Plain:
        pass

    class Forgetful(nn.Module):
        def __init__(self):
            self.layer = nn.Linear(1, 1)

    assert "does not inherit from nn.Module" in told(Plain)
    assert "super().__init__()" in told(Forgetful)
    assert "not yet written" in told(_unwritten)


def _unwritten():
    raise NotImplementedError


def test_a_forward_pass_without_a_result_is_told_so():
    class Silent(nn.Module):
        def __init__(self):
            super().__init__()
            self.net = net()

        def forward(self, x):
            self.net(x)

    assert "return statement missing" in told(Silent)
