"""Wrong answers to solutions/advanced_cnn/residual_block.ipynb.

What a slip of a check's reference says is proved in tests/helpers/checks/test_steps.py.
"""

from tests.wrong_answers import Wrong

PROJECTION = """
class ProjectionBlock(nn.Module):
    def __init__(self, n_in, n_out, stride):
        super().__init__()
        self.conv1 = nn.Conv2d(n_in, n_out, 3, stride, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(n_out)
        self.conv2 = nn.Conv2d(n_out, n_out, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(n_out)
        self.project = nn.Conv2d(n_in, n_out, 1, stride, bias=False)
        self.bn_project = nn.BatchNorm2d(n_out)

    def forward(self, x):
        a = F.relu(self.bn1(self.conv1(x)))
        a = self.bn2(self.conv2(a))
        return F.relu(a + self.bn_project(self.project(x)))
"""
RESIDUAL = """
class ResidualBlock(nn.Module):
    def __init__(self, channels):
        super().__init__()
        self.conv1 = nn.Conv2d(channels, channels, 3, padding=1, bias=False)
        self.bn1 = nn.BatchNorm2d(channels)
        self.conv2 = nn.Conv2d(channels, channels, 3, padding=1, bias=False)
        self.bn2 = nn.BatchNorm2d(channels)

    def forward(self, x):
        a = F.relu(self.bn1(self.conv1(x)))
        return F.relu(self.bn2(self.conv2(a)) + x)
"""
DENSE = """
class DenseBlock(nn.Module):
    def __init__(self, n_in, growth, n_layers):
        super().__init__()
        widths = [n_in + 0 * k for k in range(n_layers)]
        self.bns = nn.ModuleList(nn.BatchNorm2d(n) for n in widths)
        self.convs = nn.ModuleList(
            nn.Conv2d(n, growth, 3, padding=1, bias=False) for n in widths
        )

    def forward(self, x):
        for bn, conv in zip(self.bns, self.convs):
            x = torch.cat([x, conv(F.relu(bn(x)))], dim=1)
        return x
"""


def changed(name, step, says, *pair, source):
    """Return a class with one text, where it comes first, in place of another."""
    old, new = pair or ("", "")
    assert old in source
    source = source.replace(old, new, 1)
    return Wrong(name, f"block_{step}", source, f"block_{step}_check", says)


def residual(name, says, old, new):
    return changed(name, "residual", says, old, new, source=RESIDUAL)


def projection(name, says, old, new):
    return changed(name, "projection", says, old, new, source=PROJECTION)


IN_PLACE = "x += self.bn2(self.conv2(a)); return F.relu_(x)"
WRONG = [
    residual("with_biases", r"conv1 has biases", ", bias=False", ""),
    residual("no_padding", r"conv1 has the padding 0, not 1", ", padding=1", ""),
    residual("other_name", r"no layer has the name conv1", "self.conv1", "self.c1"),
    residual(
        "in_place",
        r"x in place",
        "return F.relu(self.bn2(self.conv2(a)) + x)",
        IN_PLACE,
    ),
    projection("late_stride", r"conv1 has the stride 1, not 2", "3, stride, p", "3, p"),
    projection("no_stride", r"project has the stride 1, not 2", "1, stride,", "1,"),
    projection(
        "exchanged", r"channels exchanged", "(n_in, n_out, 3", "(n_out, n_in, 3"
    ),
    changed("reads_n_in", "dense", r"bns\.1\.weight has the shape", source=DENSE),
]
