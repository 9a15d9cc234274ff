"""Wrong answers to solutions/convolutional/mnist_cnn.ipynb.

What a slip of a check's reference says is proved in tests/helpers/checks/test_steps.py.
"""

from tests.wrong_answers import Wrong

BODY = """a = self.pool(F.relu(self.conv1(x)))
        a = self.pool(F.relu(self.conv2(a)))
        a = F.relu(self.hidden(a.flatten(1)))
        return F.log_softmax(self.output(a), dim=1)"""


def network(name, says, change, forward=False):
    """The class with one text in place of another; `forward`: the layers are right."""
    source = f"""
class DigitCNN(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1, self.conv2 = nn.Conv2d(1, 6, 4), nn.Conv2d(6, 16, 2)
        self.pool = nn.MaxPool2d(2, padding=1)
        self.hidden, self.output = nn.Linear(784, 120), nn.Linear(120, 10)

    def forward(self, x):
        {BODY}
"""
    assert change[0] in source
    loses, also = "digitcnn_layers_check", ("digitcnn_outputs_check",)
    if forward:
        loses, also = also[0], ()
    source = source.replace(*change)
    return Wrong(name, "digitcnn_model", source, loses, says, also=also)


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
NEVER = """
def learn(x, y, seed):
    torch.manual_seed(seed)
    return DigitCNN()
"""
NOT_SEEDED = """
def learn(x, y, seed):
    return DigitCNN()
"""
LATE_ZERO = """
def train_step(model, optimizer, x, y):
    loss = F.nll_loss(model(x), y)
    loss.backward(); optimizer.zero_grad(); optimizer.step()
    return loss.item()
"""
MORE = "self.pool =", "self.more = nn.Linear(5, 5); self.pool ="
EXCHANGED = "nn.Conv2d(6, 16, 2)", "nn.Conv2d(16, 6, 2)"
CHECK = "digitcnn_learn_check"
WRONG = [
    network("channels_exchanged", r"sizes exchanged", EXCHANGED),
    network("pooling_layer_bare", r"first pooling makes 12×12", (", padding=1", "")),
    network("convolution_padded", r"first convolution makes", ("6, 4)", "6, 4, 1, 1)")),
    network("no_return", r"return statement", ("return F", "F"), True),
    network("too_many", r"Linear 5 → 5 is one layer too many", MORE),
    Wrong("late", "digitcnn_step", LATE_ZERO, "digitcnn_step_check", r"nothing is"),
    Wrong("never_trained", "digitcnn_learn", NEVER, CHECK, r"guessing|nothing was"),
    Wrong("not_seeded", "digitcnn_learn", NOT_SEEDED, CHECK, r"same\s+seed"),
]
