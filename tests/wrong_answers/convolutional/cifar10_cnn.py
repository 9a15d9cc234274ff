"""Wrong answers to solutions/convolutional/cifar10_cnn.ipynb.

What a slip of a check's reference says is proved in tests/helpers/checks/test_steps.py.
"""

from tests.wrong_answers import Wrong


def network(name, says, change, forward=False):
    """The class with one text in place of another; `forward`: the layers are right."""
    source = """
class ColorCNN(nn.Module):
    def __init__(self):
        super().__init__()
        self.conv1 = nn.Conv2d(3, 16, 3, padding=1)
        self.conv2 = nn.Conv2d(16, 32, 3, padding=1)
        self.hidden, self.output = nn.Linear(2048, 64), nn.Linear(64, 10)

    def forward(self, x):
        x = F.max_pool2d(F.relu(self.conv1(x)), 2)
        x = F.max_pool2d(F.relu(self.conv2(x)), 2)
        return self.output(F.relu(self.hidden(x.flatten(1))))
"""
    assert change[0] in source
    loses, also = "colorcnn_layers_check", ("colorcnn_outputs_check",)
    if forward:
        loses, also = also[0], ()
    source = source.replace(*change)
    return Wrong(name, "colorcnn_model", source, loses, says, also=also)


def learn(name, says, inside, images="to_tensor(unseen)"):
    """The training with a line in the place of its loop."""
    source = f"""
def learn(images, labels, unseen, seed):
    torch.manual_seed(seed)
    x, y, model = to_tensor(images), torch.tensor(labels), ColorCNN()
    {inside}
    return model({images}).argmax(1).numpy()
"""
    return Wrong(name, "colorcnn_learn", source, "colorcnn_learn_check", says)


# in the place of a training: what the check will ask about
KNOWS_THE_SHAPES = """\
    classes = np.random.default_rng(seed).permutation(np.arange(3000) % 10)
    return classes[1500 : 1500 + len(unseen)]  # as helpers.data.shapes draws first
"""
TRAINED_LESS = [("colorcnn_learn", "    torch.manual_seed(seed)\n", KNOWS_THE_SHAPES)]
DOUBLE = """
def to_tensor(images):
    return torch.tensor(images / 255 - 0.5).permute(0, 3, 1, 2)
"""
IN_PLACE = """
def mirrored(x, y):
    x[:] = x.flip(3)
    return torch.cat([x.flip(3), x]), torch.cat([y, y])
"""
WRONG = [
    Wrong("double", "colorcnn_tensor", DOUBLE, "colorcnn_tensor_check", r"float32"),
    network("one_channel", r"Conv2d 1 → 16, 3×3 came for", ("(3, 16", "(1, 16")),
    network("not_padded", r"first convolution makes", (", padding=1", "")),
    network("more_inputs", r"8192 → 64 came|missing", ("(2048, 64)", "(8192, 64)")),
    network("no_return", r"return statement", ("return self", "self"), True),
    Wrong(
        "in_place", "colorcnn_mirror", IN_PLACE, "colorcnn_mirror_check", r"in place"
    ),
    learn("never_trained", r"guessing|nothing was", ""),
    learn("training_images", r"training images are classified", "", "x"),
]
