"""Wrong answers to solutions/fully_connected/two_hidden_layers.ipynb."""

from tests.wrong_answers import Wrong


def network(layers: str, forward: str) -> str:
    """The student's class, from the lines of its two methods."""

    def lines(text: str) -> str:
        return "\n".join(8 * " " + line for line in text.strip().splitlines())

    return (
        "class TwoHiddenLayers(nn.Module):\n    def __init__(self):\n"
        f"{lines(layers)}\n\n    def forward(self, x):\n{lines(forward)}\n"
    )


LAYERS = """
super().__init__()
self.one = nn.Linear(784, 128)
self.two = nn.Linear(128, 64)
self.three = nn.Linear(64, 10)
"""


def forward(first: str, second: str, output: str) -> str:
    """A class with the right layers; the three expressions are functions of z."""
    return network(
        LAYERS,
        f"x = x.flatten(1)\nz = self.one(x)\nz = self.two({first})\n"
        f"z = self.three({second})\nreturn {output}",
    )


SIGMOID, RELU = "torch.sigmoid(z)", "torch.relu(z)"
LOG_SOFTMAX = "F.log_softmax(z, dim=1)"


def train(setup: str, step: str, result: str = "losses.append(total / len(x))") -> str:
    """The student's training loop, from the lines that differ."""

    def lines(text: str, depth: int) -> str:
        return "\n".join(depth * " " + x for x in text.strip().splitlines())

    return (
        "def train(model, x, y, epochs, m, eta, seed):\n"
        "    generator = torch.Generator().manual_seed(seed)\n"
        f"{lines(setup, 4)}\n"
        "    losses = []\n"
        "    for _ in range(epochs):\n"
        "        total = 0.0\n"
        "        for batch in torch.randperm(len(x), generator=generator).split(m):\n"
        f"{lines(step, 12)}\n"
        f"        {result}\n"
        "    return losses\n"
    )


SGD = "optimizer = torch.optim.SGD(model.parameters(), lr=eta, momentum=0.9)"
STEP = """
loss = F.nll_loss(model(x[batch]), y[batch])
optimizer.zero_grad()
loss.backward()
optimizer.step()
total += loss.item() * len(batch)
"""

WRONG = [
    Wrong(
        "biases_not_counted",
        "two_count",
        """
        def count_parameters(sizes):
            return sum(n * p for p, n in zip(sizes[:-1], sizes[1:]))
        """,
        loses="two_count_check",
        says=r"biases are left out",
    ),
    Wrong(
        "biases_for_the_inputs_too",
        "two_count",
        """
        def count_parameters(sizes):
            return sum(n * p for p, n in zip(sizes[:-1], sizes[1:])) + sum(sizes)
        """,
        loses="two_count_check",
        says=r"input layer gets biases",
    ),
    Wrong(
        "only_the_output_layer_changed",
        "two_network",
        network(
            """
super().__init__()
self.one = nn.Linear(784, 128)
self.two = nn.Linear(128, 10)
""",
            f"z = self.one(x.flatten(1))\nz = self.two({SIGMOID})\n"
            f"return {LOG_SOFTMAX}",
        ),
        loses="two_layers_check",
        also=("two_forward_check",),
        says=r"Linear 128 → 10 came for Linear 128 → 64",
    ),
    Wrong(
        "sizes_exchanged",
        "two_network",
        network(
            LAYERS.replace("128, 64", "64, 128"),
            "z = torch.sigmoid(self.one(x.flatten(1)))\n"
            "z = torch.relu(self.two(z))\n"
            "return F.log_softmax(self.three(z), dim=1)",
        ),
        loses="two_layers_check",
        also=("two_forward_check",),
        says=r"sizes exchanged",
    ),
    Wrong(
        "layers_in_a_plain_list",
        "two_network",
        network(
            """
super().__init__()
self.layers = [nn.Linear(784, 128), nn.Linear(128, 64), nn.Linear(64, 10)]
""",
            "one, two, three = self.layers\n"
            "z = torch.sigmoid(one(x.flatten(1)))\n"
            "return F.log_softmax(three(torch.relu(two(z))), dim=1)",
        ),
        loses="two_layers_check",
        also=("two_forward_check",),
        says=r"(?s)no layer is registered.*ModuleList",
    ),
    Wrong(
        "super_init_forgotten",
        "two_network",
        network(LAYERS.replace("super().__init__()", "pass"), "return x"),
        loses="two_layers_check",
        also=("two_forward_check",),
        says=r"super\(\).__init__\(\)",
    ),
    Wrong(
        "third_hidden_layer",
        "two_network",
        network(
            LAYERS + "self.four = nn.Linear(10, 10)",
            "z = torch.sigmoid(self.one(x.flatten(1)))\n"
            "z = torch.relu(self.two(z))\n"
            "return F.log_softmax(self.four(self.three(z)), dim=1)",
        ),
        loses="two_layers_check",
        also=("two_forward_check",),
        says=r"Linear 10 → 10 is one layer too many",
    ),
    Wrong(
        "relu_then_sigmoid",
        "two_network",
        forward(RELU, SIGMOID, LOG_SOFTMAX),
        loses="two_forward_check",
        says=r"activations are exchanged: ReLU comes after Linear 784 → 128",
    ),
    Wrong(
        "sigmoid_twice",
        "two_network",
        forward(SIGMOID, SIGMOID, LOG_SOFTMAX),
        loses="two_forward_check",
        says=r"the sigmoid comes after Linear 128 → 64, not ReLU",
    ),
    Wrong(
        "relu_twice",
        "two_network",
        forward(RELU, RELU, LOG_SOFTMAX),
        loses="two_forward_check",
        says=r"ReLU comes after Linear 784 → 128, not the sigmoid",
    ),
    Wrong(
        "second_activation_forgotten",
        "two_network",
        forward(SIGMOID, "z", LOG_SOFTMAX),
        loses="two_forward_check",
        says=r"ReLU after Linear 128 → 64 is missing",
    ),
    Wrong(
        "relu_after_the_output",
        "two_network",
        forward(SIGMOID, RELU, f"torch.relu({LOG_SOFTMAX})"),
        loses="two_forward_check",
        says=r"ReLU comes after log-softmax",
    ),
    Wrong(
        "relu_before_the_output",
        "two_network",
        forward(SIGMOID, RELU, f"F.log_softmax({RELU}, dim=1)"),
        loses="two_forward_check",
        says=r"ReLU comes between the last layer and log-softmax",
    ),
    Wrong(
        "softmax_for_log_softmax",
        "two_network",
        forward(SIGMOID, RELU, "F.softmax(z, dim=1)"),
        loses="two_forward_check",
        says=r"the outputs are softmax: log-softmax is asked for",
    ),
    Wrong(
        "log_softmax_over_the_examples",
        "two_network",
        forward(SIGMOID, RELU, "F.log_softmax(z, dim=0)"),
        loses="two_forward_check",
        says=r"runs over the examples",
    ),
    Wrong(
        "logits_only",
        "two_network",
        forward(SIGMOID, RELU, "z"),
        loses="two_forward_check",
        says=r"logits.*log-softmax is missing",
    ),
    Wrong(
        "images_not_flattened",
        "two_network",
        network(
            LAYERS,
            "z = torch.sigmoid(self.one(x))\nz = torch.relu(self.two(z))\n"
            "return F.log_softmax(self.three(z), dim=1)",
        ),
        loses="two_forward_check",
        says=r"(?s)Shapes that should occur.*flatten",
    ),
    Wrong(
        "return_forgotten",
        "two_network",
        network(
            LAYERS,
            "z = torch.sigmoid(self.one(x.flatten(1)))\nz = torch.relu(self.two(z))\n"
            "F.log_softmax(self.three(z), dim=1)",
        ),
        loses="two_forward_check",
        says=r"return statement missing",
    ),
    Wrong(
        "evaluated_in_training_mode",
        "two_accuracy",
        """
        def accuracy(model, x, y, m):
            right = 0
            with torch.no_grad():
                for batch, labels in zip(x.split(m), y.split(m)):
                    right += (model(batch).argmax(dim=1) == labels).sum().item()
            return right / len(x)
        """,
        loses="two_accuracy_check",
        says=r"model\.eval\(\) is missing",
    ),
    Wrong(
        "mean_of_the_minibatches",
        "two_accuracy",
        """
        def accuracy(model, x, y, m):
            model.eval()
            with torch.no_grad():
                shares = [
                    (model(batch).argmax(dim=1) == labels).float().mean()
                    for batch, labels in zip(x.split(m), y.split(m))
                ]
            return torch.stack(shares).mean().item()
        """,
        loses="two_accuracy_check",
        says=r"minibatches are averaged",
    ),
    Wrong(
        "all_at_once",
        "two_accuracy",
        """
        def accuracy(model, x, y, m):
            model.eval()
            with torch.no_grad():
                return (model(x).argmax(dim=1) == y).double().mean().item()
        """,
        loses="two_accuracy_check",
        says=r"m is ignored",
    ),
    Wrong(
        "accuracy_in_percent",
        "two_accuracy",
        """
        def accuracy(model, x, y, m):
            model.eval()
            right = 0
            with torch.no_grad():
                for batch, labels in zip(x.split(m), y.split(m)):
                    right += (model(batch).argmax(dim=1) == labels).sum().item()
            return 100 * right / len(x)
        """,
        loses="two_accuracy_check",
        says=r"percentage",
    ),
    Wrong(
        "gradients_add_up",
        "two_train",
        train(SGD, STEP.replace("optimizer.zero_grad()\n", "")),
        loses="two_train_check",
        also=("two_learns_check",),
        says=r"zero_grad\(\) is missing",
    ),
    Wrong(
        "zeroed_before_the_step",
        "two_train",
        train(
            SGD,
            STEP.replace("optimizer.zero_grad()\n", "").replace(
                "backward()", "backward()\noptimizer.zero_grad()"
            ),
        ),
        loses="two_train_check",
        also=("two_learns_check",),
        says=r"(?s)nothing is\s+learned.*between\s+backward",
    ),
    Wrong(
        "step_forgotten",
        "two_train",
        train(SGD, STEP.replace("optimizer.step()\n", "")),
        loses="two_train_check",
        also=("two_learns_check",),
        says=r"nothing is\s+learned",
    ),
    Wrong(
        "no_momentum",
        "two_train",
        train(SGD.replace(", momentum=0.9", ""), STEP),
        loses="two_train_check",
        also=("two_learns_check",),
        says=r"momentum is missing",
    ),
    Wrong(
        "new_optimizer_for_each_minibatch",
        "two_train",
        train("", SGD + STEP),
        loses="two_train_check",
        also=("two_learns_check",),
        says=r"one\s+optimizer\s+that\s+is\s+made\s+before\s+the\s+loop",
    ),
    Wrong(
        "adam_in_place_of_sgd",
        "two_train",
        train("optimizer = torch.optim.Adam(model.parameters(), lr=eta)", STEP),
        loses="two_train_check",
        also=("two_learns_check",),
        says=r"this is Adam",
    ),
    Wrong(
        "loss_summed_over_the_minibatch",
        "two_train",
        train(
            SGD,
            STEP.replace("y[batch])", 'y[batch], reduction="sum")').replace(
                " * len(batch)", ""
            ),
        ),
        loses="two_train_check",
        also=("two_learns_check",),
        says=r"summed over the\s+minibatch",
    ),
    Wrong(
        "one_step_an_epoch",
        "two_train",
        train(
            SGD,
            "loss = F.nll_loss(model(x), y)",
            "optimizer.zero_grad(); loss.backward(); optimizer.step(); "
            "losses.append(loss.item())",
        ),
        loses="two_train_check",
        also=("two_learns_check",),
        says=r"m is ignored",
    ),
    Wrong(
        "losses_of_the_minibatches_averaged",
        "two_train",
        train(
            SGD,
            STEP.replace(" * len(batch)", ""),
            "losses.append(total / -(-len(x) // m))",
        ),
        loses="two_train_check",
        says=r"weigh each with",
    ),
    Wrong(
        "losses_not_returned",
        "two_train",
        train(SGD, STEP).replace("return losses", "print(losses)"),
        loses="two_train_check",
        also=("two_learns_check",),
        says=r"list of losses is to be returned",
    ),
]
