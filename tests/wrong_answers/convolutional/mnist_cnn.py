"""Wrong answers to solutions/convolutional/mnist_cnn.ipynb.

Most of them have the right layers, or even the right number of parameters, and compute
something else.
"""

from tests.wrong_answers import Wrong

OUTPUTS, LEARN = "digitcnn_outputs_check", "digitcnn_learn_check"


def network(conv1="", conv2="", pool="padding=1", inputs="16 * 7 * 7", body=None):
    """Return the class with its layers or its forward pass changed."""
    body = body or (
        "x = self.pool(F.relu(self.conv1(x)))",
        "x = self.pool(F.relu(self.conv2(x)))",
        "x = F.relu(self.hidden(x.flatten(1)))",
        "return F.log_softmax(self.output(x), dim=1)",
    )
    lines = "\n".join(f"        {line}" for line in body)
    return f"""
class DigitCNN(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(1, 6, 4{conv1})
        self.conv2 = nn.Conv2d(6, 16, 2{conv2})
        self.pool = nn.MaxPool2d(2, {pool})
        self.hidden = nn.Linear({inputs}, 120)
        self.output = nn.Linear(120, 10)

    def forward(self, x):
{lines}
"""


# in the place of a training: the last layer alone, by least squares with a small ridge
LAST_LAYER = """\
    kept = []
    keep = lambda _, given: kept.append(given[0])
    hook = model.output.register_forward_pre_hook(keep)
    with torch.no_grad():
        model(x)
        hook.remove()
        h = F.pad(kept[0], (0, 1), value=1.0)  # (m, 121): the bias is one more weight
        squares = h.T @ h + 0.01 * torch.eye(h.shape[1])
        W = torch.linalg.solve(squares, h.T @ F.one_hot(y, 10).float())
        model.output.weight.copy_(W[:-1].T)
        model.output.bias.copy_(W[-1])
    return model
"""
TRAINED_LESS = [
    (
        "digitcnn_learn",
        "    model = DigitCNN()\n",
        "    model = DigitCNN()\n" + LAST_LAYER,
    )
]
WRONG = [
    Wrong(
        "pooling_without_padding_in_the_sizes",
        "digitcnn_sizes",
        """
        def feature_sizes(n):
            sizes = []
            for f, s in [(4, 1), (2, 2), (2, 1), (2, 2)]:
                n = (n - f) // s + 1
                sizes.append(n)
            return sizes
        """,
        loses="digitcnn_sizes_check",
        says=r"poolings lack their padding",
    ),
    Wrong(
        "a_convolution_loses_one_pixel",
        "digitcnn_sizes",
        """
        def feature_sizes(n):
            sizes = [n - 1]
            sizes.append(sizes[-1] // 2 + 1)
            sizes.append(sizes[-1] - 1)
            sizes.append(sizes[-1] // 2 + 1)
            return sizes
        """,
        loses="digitcnn_sizes_check",
        says=r"f − 1\s+pixels",
    ),
    Wrong(
        "pooling_without_padding_and_400_inputs",
        "digitcnn_model",
        network(pool="padding=0", inputs="16 * 5 * 5"),
        loses="digitcnn_layers_check",
        also=("digitcnn_outputs_check",),
        says=r"(?s)Linear 400 → 120.*poolings lack\s+their padding.*25 → 12 → 11 → 5",
    ),
    Wrong(
        "pooling_layer_without_padding",
        "digitcnn_model",
        network(pool="padding=0"),
        loses="digitcnn_layers_check",
        also=("digitcnn_outputs_check",),
        says=r"(?s)max pooling 2×2 has the wrong padding",
    ),
    Wrong(
        "pooling_by_functions_without_padding",
        "digitcnn_model",
        network(
            body=(
                "x = F.max_pool2d(F.relu(self.conv1(x)), 2)",
                "x = F.max_pool2d(F.relu(self.conv2(x)), 2)",
                "x = F.relu(self.hidden(x.flatten(1)))",
                "return F.log_softmax(self.output(x), dim=1)",
            )
        ),
        loses=OUTPUTS,
        says=r"(?s)poolings lack\s+their padding.*400",
    ),
    Wrong(
        "padding_in_the_convolutions",  # 784 inputs and 95,912 parameters all the same
        "digitcnn_model",
        network(conv1=", padding=1", conv2=", padding=1", pool="padding=0"),
        loses="digitcnn_layers_check",
        also=("digitcnn_outputs_check",),
        says=r"(?s)Conv2d 1 → 6, 4×4.*wrong padding",
    ),
    Wrong(
        "padding_in_the_convolutions_by_functions",
        "digitcnn_model",
        network(
            body=(
                "pool, conv = F.max_pool2d, F.conv2d",
                "x = F.relu(conv(x, self.conv1.weight, self.conv1.bias, padding=1))",
                "x = F.relu(",
                "    conv(pool(x, 2), self.conv2.weight, self.conv2.bias, padding=1)",
                ")",
                "x = F.relu(self.hidden(pool(x, 2).flatten(1)))",
                "return F.log_softmax(self.output(x), dim=1)",
            )
        ),
        loses=OUTPUTS,
        says=r"(?s)padding sits\s+in the convolutions",
    ),
    Wrong(
        "average_pooling",
        "digitcnn_model",
        network(
            body=(
                "x = F.avg_pool2d(F.relu(self.conv1(x)), 2, padding=1)",
                "x = F.avg_pool2d(F.relu(self.conv2(x)), 2, padding=1)",
                "x = F.relu(self.hidden(x.flatten(1)))",
                "return F.log_softmax(self.output(x), dim=1)",
            )
        ),
        loses=OUTPUTS,
        says=r"take the mean",
    ),
    Wrong(
        "no_relu_after_the_second_convolution",
        "digitcnn_model",
        network(
            body=(
                "x = self.pool(F.relu(self.conv1(x)))",
                "x = self.pool(self.conv2(x))",
                "x = F.relu(self.hidden(x.flatten(1)))",
                "return F.log_softmax(self.output(x), dim=1)",
            )
        ),
        loses=OUTPUTS,
        says=r"ReLU after Conv2d 6 → 16, 2×2 is missing",
    ),
    Wrong(
        "flattened_channels_last",
        "digitcnn_model",
        network(
            body=(
                "x = self.pool(F.relu(self.conv1(x)))",
                "x = self.pool(F.relu(self.conv2(x)))",
                "x = F.relu(self.hidden(x.permute(0, 2, 3, 1).flatten(1)))",
                "return F.log_softmax(self.output(x), dim=1)",
            )
        ),
        loses=OUTPUTS,
        says=r"channels last",
    ),
    Wrong(
        "softmax_in_place_of_its_logarithm",
        "digitcnn_model",
        network(
            body=(
                "x = self.pool(F.relu(self.conv1(x)))",
                "x = self.pool(F.relu(self.conv2(x)))",
                "x = F.relu(self.hidden(x.flatten(1)))",
                "return F.softmax(self.output(x), dim=1)",
            )
        ),
        loses=OUTPUTS,
        says=r"outputs are softmax",
    ),
    Wrong(
        "log_softmax_over_the_examples",
        "digitcnn_model",
        network(
            body=(
                "x = self.pool(F.relu(self.conv1(x)))",
                "x = self.pool(F.relu(self.conv2(x)))",
                "x = F.relu(self.hidden(x.flatten(1)))",
                "return F.log_softmax(self.output(x), dim=0)",
            )
        ),
        loses=OUTPUTS,
        says=r"over the examples",
    ),
    Wrong(
        "channels_exchanged",
        "digitcnn_model",
        network().replace("nn.Conv2d(6, 16, 2)", "nn.Conv2d(16, 6, 2)"),
        loses="digitcnn_layers_check",
        also=("digitcnn_outputs_check",),
        says=r"sizes exchanged",
    ),
    Wrong(
        "gradients_add_up",
        "digitcnn_step",
        """
        def train_step(model, optimizer, x, y):
            loss = F.nll_loss(model(x), y)
            loss.backward()
            optimizer.step()
            return loss.item()
        """,
        loses="digitcnn_step_check",
        says=r"zero_grad\(\) is missing",
    ),
    Wrong(
        "gradients_erased_before_the_step",
        "digitcnn_step",
        """
        def train_step(model, optimizer, x, y):
            loss = F.nll_loss(model(x), y)
            loss.backward()
            optimizer.zero_grad()
            optimizer.step()
            return loss.item()
        """,
        loses="digitcnn_step_check",
        says=r"nothing is learned",
    ),
    Wrong(
        "training_mode_in_predict",
        "digitcnn_predict",
        """
        def predict(model, x, m):
            with torch.no_grad():
                return torch.cat([model(part).argmax(dim=1) for part in x.split(m)])
        """,
        loses="digitcnn_predict_check",
        says=r"eval\(\) is missing",
    ),
    Wrong(
        "last_minibatch_left_out",
        "digitcnn_predict",
        """
        def predict(model, x, m):
            model.eval()
            with torch.no_grad():
                parts = [x[i * m : (i + 1) * m] for i in range(len(x) // m)]
                labels = [model(part).argmax(dim=1) for part in parts]
                return torch.cat(labels or [torch.zeros(0, dtype=torch.int64)])
        """,
        loses="digitcnn_predict_check",
        says=r"last, smaller minibatch",
    ),
    Wrong(
        "never_trained",
        "digitcnn_learn",
        """
        def learn(x, y, seed):
            torch.manual_seed(seed)
            model = DigitCNN()
            optimizer = torch.optim.Adam(DigitCNN().parameters(), lr=0.002)
            for batch in torch.randperm(len(x)).split(32):
                train_step(model, optimizer, x[batch], y[batch])
            return model
        """,
        loses=LEARN,
        says=r"no better than guessing|nothing was learned",
    ),
]
