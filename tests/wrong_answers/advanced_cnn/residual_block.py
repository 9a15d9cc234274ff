"""Wrong answers to solutions/advanced_cnn/residual_block.ipynb.

Most of the blocks have the right layers and compute something else.
"""

from tests.wrong_answers import Wrong


def residual(
    *body,
    bias="False",
    first="channels, channels, 3, padding=1",
    registered=True,
):
    """Return the class with its layers or its forward pass changed."""
    names = ("self.conv1", "self.bn1", "self.conv2", "self.bn2")
    layers = (
        f"nn.Conv2d({first}, bias={bias})",
        "nn.BatchNorm2d(channels)",
        "nn.Conv2d(channels, channels, 3, padding=1, bias=False)",
        "nn.BatchNorm2d(channels)",
    )
    made = [f"{name} = {layer}" for name, layer in zip(names, layers, strict=True)]
    if not registered:
        made = [f"self.layers = [{', '.join(layers)}]"]
    init = "\n".join(f"        {line}" for line in made)
    lines = "\n".join(f"        {line}" for line in body)
    return f"""
class ResidualBlock(nn.Module):
    def __init__(self, channels):
        super().__init__()
{init}

    def forward(self, x):
{lines}
"""


RIGHT = (
    "a = F.relu(self.bn1(self.conv1(x)))",
    "return F.relu(self.bn2(self.conv2(a)) + x)",
)


def projection(
    body="return F.relu(a + self.bn_project(self.project(x)))",
    conv1="n_in, n_out, 3, stride, padding=1",
    conv2="n_out, n_out, 3, padding=1",
    project="n_in, n_out, 1, stride",
):
    """Return the class with its layers or its last line changed."""
    return f"""
class ProjectionBlock(nn.Module):
    def __init__(self, n_in, n_out, stride):
        super().__init__()
        self.conv1 = nn.Conv2d({conv1}, bias=False)
        self.bn1 = nn.BatchNorm2d(n_out)
        self.conv2 = nn.Conv2d({conv2}, bias=False)
        self.bn2 = nn.BatchNorm2d(n_out)
        self.project = nn.Conv2d({project}, bias=False)
        self.bn_project = nn.BatchNorm2d(n_out)

    def forward(self, x):
        a = F.relu(self.bn1(self.conv1(x)))
        a = self.bn2(self.conv2(a))
        {body}
"""


def inception(
    three="self.three(F.relu(self.reduce3(x)))",
    pool="F.max_pool2d(x, 3, stride=1, padding=1)",
    last="return F.relu(torch.cat([self.one(x), three, five, pool], dim=1))",
    five="reduce5, n5, 5, padding=2",
):
    """Return the class with a part of it changed."""
    return f"""
class Inception(nn.Module):
    def __init__(self, n_in, n1, reduce3, n3, reduce5, n5, n_pool):
        super().__init__()
        self.one = nn.Conv2d(n_in, n1, 1)
        self.reduce3 = nn.Conv2d(n_in, reduce3, 1)
        self.three = nn.Conv2d(reduce3, n3, 3, padding=1)
        self.reduce5 = nn.Conv2d(n_in, reduce5, 1)
        self.five = nn.Conv2d({five})
        self.pool = nn.Conv2d(n_in, n_pool, 1)

    def forward(self, x):
        three = {three}
        five = self.five(F.relu(self.reduce5(x)))
        pool = self.pool({pool})
        {last}
"""


def dense(
    step="torch.cat([x, conv(F.relu(bn(x)))], dim=1)", widths="n_in + k * growth"
):
    """Return the class with the step of its loop, or its widths, changed."""
    return f"""
class DenseBlock(nn.Module):
    def __init__(self, n_in, growth, n_layers):
        super().__init__()
        widths = [{widths} for k in range(n_layers)]
        self.bns = nn.ModuleList(nn.BatchNorm2d(n) for n in widths)
        self.convs = nn.ModuleList(
            nn.Conv2d(n, growth, 3, padding=1, bias=False) for n in widths
        )

    def forward(self, x):
        for bn, conv in zip(self.bns, self.convs, strict=True):
            x = {step}
        return x
"""


def wrong(name, step, source, says):
    """Return a wrong answer to the step with this name."""
    return Wrong(name, f"block_{step}", source, f"block_{step}_check", says)


WRONG = [
    wrong(
        "no_shortcut",
        "residual",
        residual(RIGHT[0], "return F.relu(self.bn2(self.conv2(a)))"),
        r"shortcut is missing",
    ),
    wrong(
        "relu_before_the_sum_too",
        "residual",
        residual(RIGHT[0], "return F.relu(F.relu(self.bn2(self.conv2(a))) + x)"),
        r"ReLU comes before the addition, too",
    ),
    wrong(
        "no_relu_behind_the_sum",
        "residual",
        residual(RIGHT[0], "return self.bn2(self.conv2(a)) + x"),
        r"ReLU behind the addition is missing",
    ),
    wrong(
        "one_normalization_twice",
        "residual",
        residual(RIGHT[0], "return F.relu(self.bn1(self.conv2(a)) + x)"),
        r"bn1 is used twice",
    ),
    wrong(
        "shortcut_concatenated",
        "residual",
        residual(
            RIGHT[0],
            "return F.relu(torch.cat([self.bn2(self.conv2(a)), x], dim=1))",
        ),
        r"put beside the maps",
    ),
    wrong(
        "convolutions_with_biases",
        "residual",
        residual(*RIGHT, bias="True"),
        r"conv1 has biases",
    ),
    wrong(
        "layers_in_a_plain_list",
        "residual",
        residual(
            "conv1, bn1, conv2, bn2 = self.layers",
            "return F.relu(bn2(conv2(F.relu(bn1(conv1(x))))) + x)",
            registered=False,
        ),
        r"no layer is registered",
    ),
    wrong(
        "padding_forgotten",
        "residual",
        residual(*RIGHT, first="channels, channels, 3"),
        r"conv1 has the padding 0, not 1",
    ),
    wrong(
        "projection_not_normalized",
        "projection",
        projection("return F.relu(a + self.project(x))"),
        r"bn_project is not used",
    ),
    wrong(
        "stride_in_the_second_convolution",
        "projection",
        projection(
            conv1="n_in, n_out, 3, padding=1",
            conv2="n_out, n_out, 3, stride, padding=1",
        ),
        r"conv1 has the stride 1, not 2",
    ),
    wrong(
        "projection_without_stride",
        "projection",
        projection(project="n_in, n_out, 1"),
        r"project has the stride 1, not 2",
    ),
    wrong(
        "relu_on_the_shortcut",
        "projection",
        projection("return F.relu(a + F.relu(self.bn_project(self.project(x))))"),
        r"ReLU follows the projection",
    ),
    wrong(
        "reduction_without_relu",
        "inception",
        inception(three="self.three(self.reduce3(x))").replace(
            "self.five(F.relu(self.reduce5(x)))", "self.five(self.reduce5(x))"
        ),
        r"ReLUs behind the reductions are missing",
    ),
    wrong(
        "branches_in_another_order",
        "inception",
        inception(last="return F.relu(torch.cat([self.one(x), five, three, pool], 1))"),
        r"order one, five, three, pool",
    ),
    wrong(
        "no_pooling_in_the_fourth_branch",
        "inception",
        inception(pool="x"),
        r"does not pool",
    ),
    wrong(
        "pooling_makes_the_maps_smaller",
        "inception",
        inception(pool="F.max_pool2d(x, 3)"),
        r"An input .* gives an output",
    ),
    wrong(
        "five_by_five_with_padding_one",
        "inception",
        inception(five="reduce5, n5, 5, padding=1"),
        r"five has the padding 1, not 2",
    ),
    wrong(
        "convolution_before_relu",
        "dense",
        dense("torch.cat([x, F.relu(conv(bn(x)))], dim=1)"),
        r"ReLU comes behind the convolution",
    ),
    wrong(
        "new_maps_first",
        "dense",
        dense("torch.cat([conv(F.relu(bn(x))), x], dim=1)"),
        r"new maps come first",
    ),
    wrong(
        "every_layer_reads_n_in_maps",
        "dense",
        dense(widths="n_in + 0 * k"),
        r"bns\.1\.weight has the shape",
    ),
    wrong(
        "biases_not_counted",
        "count_inception",
        """
        def inception_parameters(n_in, n1, reduce3, n3, reduce5, n5, n_pool):
            count = n_in * (n1 + reduce3 + reduce5 + n_pool)
            return count + 9 * reduce3 * n3 + 25 * reduce5 * n5
        """,
        r"biases are missing",
    ),
    wrong(
        "normalizations_not_counted",
        "count_dense",
        """
        def dense_parameters(n_in, growth, n_layers):
            return sum(9 * growth * (n_in + k * growth) for k in range(n_layers))
        """,
        r"normalizations are missing",
    ),
]
