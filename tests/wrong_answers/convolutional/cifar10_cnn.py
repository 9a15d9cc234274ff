"""Wrong answers to solutions/convolutional/cifar10_cnn.ipynb."""

from tests.wrong_answers import Wrong

OUTPUTS, LEARN = "colorcnn_outputs_check", "colorcnn_learn_check"


def network(conv="padding=1", inputs="32 * 8 * 8", body=None):
    """Return the class with its layers or its forward pass changed."""
    body = body or (
        "x = self.pool(F.relu(self.conv1(x)))",
        "x = self.pool(F.relu(self.conv2(x)))",
        "x = F.relu(self.hidden(x.flatten(1)))",
        "return self.output(x)",
    )
    lines = "\n".join(f"        {line}" for line in body)
    return f"""
class ColorCNN(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(3, 16, 3, {conv})
        self.conv2 = nn.Conv2d(16, 32, 3, {conv})
        self.pool = nn.MaxPool2d(2)
        self.hidden = nn.Linear({inputs}, 64)
        self.output = nn.Linear(64, 10)

    def forward(self, x):
{lines}
"""


# in the place of a training: what the check will ask about
KNOWS_THE_SHAPES = """\
    classes = np.random.default_rng(seed).permutation(np.arange(3000) % 10)
    return classes[1500:2500]  # as helpers.data.shapes draws them first
"""
TRAINED_LESS = [("colorcnn_learn", "    torch.manual_seed(seed)\n", KNOWS_THE_SHAPES)]
WRONG = [
    Wrong(
        "reshape_mixes_the_colors",
        "colorcnn_tensor",
        """
        def to_tensor(images):
            x = torch.tensor(images, dtype=torch.float32) / 255 - 0.5
            return x.reshape(len(x), 3, *x.shape[1:3])
        """,
        loses="colorcnn_tensor_check",
        says=r"mixes the colors",
    ),
    Wrong(
        "rows_and_columns_exchanged",
        "colorcnn_tensor",
        """
        def to_tensor(images):
            x = torch.tensor(images, dtype=torch.float32) / 255 - 0.5
            return x.transpose(1, 3)
        """,
        loses="colorcnn_tensor_check",
        says=r"rows and columns of the pictures",
    ),
    Wrong(
        "double_precision",
        "colorcnn_tensor",
        """
        def to_tensor(images):
            return torch.tensor(images / 255 - 0.5).permute(0, 3, 1, 2)
        """,
        loses="colorcnn_tensor_check",
        says=r"float32 is expected",
    ),
    Wrong(
        "one_input_channel",
        "colorcnn_model",
        network().replace("nn.Conv2d(3, 16", "nn.Conv2d(1, 16"),
        loses="colorcnn_layers_check",
        also=("colorcnn_outputs_check",),
        says=r"Conv2d 1 → 16, 3×3 came for Conv2d 3 → 16, 3×3",
    ),
    Wrong(
        "no_padding_and_1152_inputs",
        "colorcnn_model",
        network(conv="padding=0", inputs="32 * 6 * 6"),
        loses="colorcnn_layers_check",
        also=("colorcnn_outputs_check",),
        says=r"(?s)convolutions lack\s+their padding.*32 → 30 → 15 → 13 → 6",
    ),
    Wrong(
        "no_padding",
        "colorcnn_model",
        network(conv="padding=0"),
        loses="colorcnn_layers_check",
        also=("colorcnn_outputs_check",),
        says=r"wrong padding",
    ),
    Wrong(
        "second_pooling_forgotten",
        "colorcnn_model",
        network(
            body=(
                "x = self.pool(F.relu(self.conv1(x)))",
                "x = F.relu(self.conv2(x))",
                "x = F.relu(self.hidden(x.flatten(1)))",
                "return self.output(x)",
            )
        ),
        loses=OUTPUTS,
        says=r"(?s)second pooling is missing.*8,192",
    ),
    Wrong(
        "softmax_at_the_output",
        "colorcnn_model",
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
        "relu_on_the_logits",
        "colorcnn_model",
        network(
            body=(
                "x = self.pool(F.relu(self.conv1(x)))",
                "x = self.pool(F.relu(self.conv2(x)))",
                "x = F.relu(self.hidden(x.flatten(1)))",
                "return F.relu(self.output(x))",
            )
        ),
        loses=OUTPUTS,
        says=r"outputs are ReLU",
    ),
    Wrong(
        "upside_down",
        "colorcnn_mirror",
        """
        def mirrored(x, y):
            return torch.cat([x, x.flip(2)]), torch.cat([y, y])
        """,
        loses="colorcnn_mirror_check",
        says=r"upside down",
    ),
    Wrong(
        "labels_in_another_order",
        "colorcnn_mirror",
        """
        def mirrored(x, y):
            return torch.cat([x, x.flip(3)]), y.repeat_interleave(2)
        """,
        loses="colorcnn_mirror_check",
        says=r"do not belong to the images",
    ),
    Wrong(
        "pair_exchanged",
        "colorcnn_confused",
        """
        def most_confused(predicted, labels, k):
            table = np.zeros((k, k), int)
            np.add.at(table, (predicted, labels), 1)
            np.fill_diagonal(table, 0)
            return divmod(int(table.argmax()), k)
        """,
        loses="colorcnn_confused_check",
        says=r"pair is exchanged",
    ),
    Wrong(
        "right_answers_counted",
        "colorcnn_confused",
        """
        def most_confused(predicted, labels, k):
            table = np.zeros((k, k), int)
            np.add.at(table, (labels, predicted), 1)
            return divmod(int(table.argmax()), k)
        """,
        loses="colorcnn_confused_check",
        says=r"right answers count",
    ),
    Wrong(
        "labels_shuffled_alone",
        "colorcnn_learn",
        """
        def learn(images, labels, unseen, seed):
            torch.manual_seed(seed)
            x, y = to_tensor(images), torch.tensor(labels)
            model = ColorCNN()
            optimizer = torch.optim.Adam(model.parameters(), lr=0.002)
            x = x[torch.randperm(len(x))]
            for batch in torch.arange(len(x)).split(32):
                loss = F.cross_entropy(model(x[batch]), y[batch])
                optimizer.zero_grad()
                loss.backward()
                optimizer.step()
            return model(to_tensor(unseen)).argmax(dim=1).numpy()
        """,
        loses=LEARN,
        says=r"no better than guessing|nothing was learned",
    ),
]
