"""Wrong answers to solutions/fully_connected/cifar10_fcn.ipynb."""

from tests.wrong_answers import Wrong
from tests.wrong_answers.convolutional.cifar10_cnn import KNOWS_THE_SHAPES

LEARN = ("cifar_learn_check",)  # step 5 is built from steps 1 to 3


def learn(lines: str, name: str = "learn", epochs: int = 8) -> str:
    """The student's function for step 5 or 6, with the preparation that differs."""
    body = "\n".join("    " + line for line in lines.strip().splitlines())
    return (
        f"def {name}(images, labels, unseen, seed):\n"
        "    mean, std = channel_statistics(images)\n"
        "    x, y = to_inputs(images, mean, std), torch.tensor(labels)\n"
        f"    x_unseen, epochs = to_inputs(unseen, mean, std), {epochs}\n"
        "    torch.manual_seed(seed)\n"
        "    model = ColorNet()\n"
        f"{body}\n"
    )


FIT = """
fit(model, (x, y), epochs=epochs, batch_size=64, seed=seed,
    optimizer=lambda p: torch.optim.SGD(p, lr=0.01, momentum=0.9))
"""
PREDICT = "return predict(model, x_unseen).numpy()"


def net(layers: str, output: str) -> str:
    """The student's class, from its layers and what it returns."""
    return (
        "class ColorNet(nn.Module):\n    def __init__(self):\n"
        f"        super().__init__()\n        {layers}\n\n"
        f"    def forward(self, x):\n        x = x.flatten(1)\n        {output}\n"
    )


HIDDEN = "self.hidden = nn.Linear(3072, 128)"
OUT = "self.out = nn.Linear(128, 10)"

TRAINED_LESS = [
    ("cifar_learn", "    mean, std = channel_statistics(images)\n", KNOWS_THE_SHAPES),
    ("cifar_improve", "    torch.manual_seed(seed)\n", KNOWS_THE_SHAPES),
]
WRONG = [
    Wrong(
        "statistics_of_bytes",
        "cifar_statistics",
        """
        def channel_statistics(images):
            return images.mean(axis=(0, 1, 2)), images.std(axis=(0, 1, 2))
        """,
        loses="cifar_statistics_check",
        says=r"not divided by 255",
    ),
    Wrong(
        "one_mean_for_all_colors",
        "cifar_statistics",
        """
        def channel_statistics(images):
            return (images / 255).mean(), (images / 255).std()
        """,
        loses="cifar_statistics_check",
        says=r"all colors share one mean",
    ),
    Wrong(
        "statistics_over_the_wrong_axes",
        "cifar_statistics",
        """
        def channel_statistics(images):
            pixels = images / 255
            return pixels.mean(axis=(0, 2, 3)), pixels.std(axis=(0, 2, 3))
        """,
        loses="cifar_statistics_check",
        says=r"wrong axes",
    ),
    Wrong(
        "variance_for_standard_deviation",
        "cifar_statistics",
        """
        def channel_statistics(images):
            pixels = images / 255
            return pixels.mean(axis=(0, 1, 2)), pixels.var(axis=(0, 1, 2))
        """,
        loses="cifar_statistics_check",
        says=r"variance",
    ),
    Wrong(
        "channels_left_last",
        "cifar_inputs",
        """
        def to_inputs(images, mean, std):
            pixels = (images / 255 - mean) / std
            flat = pixels.reshape(len(images), -1)
            return torch.tensor(flat, dtype=torch.float32)
        """,
        loses="cifar_inputs_check",
        says=r"side by side",
    ),
    Wrong(
        "reshaped_instead_of_permuted",
        "cifar_inputs",
        """
        def to_inputs(images, mean, std):
            pixels = (images / 255).reshape(len(images), 3, *images.shape[1:3])
            pixels = (pixels - mean[:, None, None]) / std[:, None, None]
            flat = pixels.reshape(len(images), -1)
            return torch.tensor(flat, dtype=torch.float32)
        """,
        loses="cifar_inputs_check",
        says=r"reshape does not move an axis",
    ),
    Wrong(
        "double_precision_inputs",
        "cifar_inputs",
        """
        def to_inputs(images, mean, std):
            pixels = (images / 255 - mean) / std
            flat = pixels.transpose(0, 3, 1, 2).reshape(len(images), -1)
            return torch.tensor(flat)
        """,
        loses="cifar_inputs_check",
        says=r"float64; torch.float32 is expected",
    ),
    Wrong(
        "not_scaled",
        "cifar_inputs",
        """
        def to_inputs(images, mean, std):
            pixels = (images - mean) / std
            flat = pixels.transpose(0, 3, 1, 2).reshape(len(images), -1)
            return torch.tensor(flat, dtype=torch.float32)
        """,
        loses="cifar_inputs_check",
        says=r"not divided by 255",
    ),
    Wrong(
        "gray_network",
        "cifar_network",
        net("self.hidden = nn.Linear(1024, 128); " + OUT, "return x"),
        loses="cifar_network_check",
        says=r"Linear 1024 → 128 came for Linear 3072 → 128",
    ),
    Wrong(
        "softmax_before_cross_entropy",
        "cifar_network",
        net(
            f"{HIDDEN}; {OUT}",
            "return torch.softmax(self.out(torch.relu(self.hidden(x))), dim=1)",
        ),
        loses="cifar_network_check",
        says=r"outputs are softmax: the plain sum z is",
    ),
    Wrong(
        "no_activation",
        "cifar_network",
        net(f"{HIDDEN}; {OUT}", "return self.out(self.hidden(x))"),
        loses="cifar_network_check",
        says=r"ReLU after Linear 3072 → 128 is missing",
    ),
    Wrong(
        "precision_for_accuracy",
        "cifar_classes",
        """
        def class_accuracy(predicted, labels, k):
            shares = np.full(k, np.nan)
            for c in range(k):
                if (predicted == c).any():
                    shares[c] = (labels[predicted == c] == c).mean()
            return shares
        """,
        loses="cifar_classes_check",
        says=r"precision",
    ),
    Wrong(
        "divided_by_all_examples",
        "cifar_classes",
        """
        def class_accuracy(predicted, labels, k):
            right = [((predicted == c) & (labels == c)).mean() for c in range(k)]
            return np.array([r if (labels == c).any() else np.nan
                             for c, r in enumerate(right)])
        """,
        loses="cifar_classes_check",
        says=r"number of all examples",
    ),
    Wrong(
        "absent_class_gets_zero",
        "cifar_classes",
        """
        def class_accuracy(predicted, labels, k):
            return np.array([
                (predicted[labels == c] == c).sum() / max((labels == c).sum(), 1)
                for c in range(k)
            ])
        """,
        loses="cifar_classes_check",
        says=r"without examples gets 0",
    ),
    Wrong(
        "true_rejections_counted",
        "cifar_classes",
        """
        def class_accuracy(predicted, labels, k):
            return np.array([
                ((predicted == c) == (labels == c)).mean() for c in range(k)
            ])
        """,
        loses="cifar_classes_check",
        says=r"rejected examples",
    ),
    Wrong(
        "training_images_classified",
        "cifar_learn",
        learn(FIT + "return predict(model, x).numpy()", epochs=1),
        loses="cifar_learn_check",
        says=r"training images are classified",
    ),
    Wrong(
        "outputs_for_classes",
        "cifar_learn",
        learn(
            FIT + "with torch.no_grad():\n    return model(x_unseen).numpy()", epochs=1
        ),
        loses="cifar_learn_check",
        says=r"argmax over the\s+classes",
    ),
    Wrong(
        "never_trained",
        "cifar_learn",
        learn(FIT + "model = ColorNet()\n" + PREDICT, epochs=1),
        loses="cifar_learn_check",
        says=r"no better than guessing",
    ),
    Wrong(
        "unseen_images_not_prepared",
        "cifar_learn",
        learn(
            FIT
            + "x_unseen = torch.tensor(unseen.reshape(len(unseen), -1)).float()\n"
            + PREDICT
        ),
        loses="cifar_learn_check",
        says=r"unseen images prepared",
    ),
    Wrong(
        "nothing_improved",
        "cifar_improve",
        learn(FIT + PREDICT, "improve"),
        loses="cifar_improve_check",
        says=r"no better than the plain network",
    ),
    Wrong(
        "labels_not_doubled_in_order",
        "cifar_improve",
        learn(
            "x, y = torch.cat([x, x]), y.repeat_interleave(2)\n" + FIT + PREDICT,
            "improve",
        ),
        loses="cifar_improve_check",
        says=r"labels still belong|old labels",
    ),
]
