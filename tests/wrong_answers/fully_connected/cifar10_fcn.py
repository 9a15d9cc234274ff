"""Wrong answers to solutions/fully_connected/cifar10_fcn.ipynb.

What a slip of a check's reference says is proved in tests/helpers/checks/test_steps.py.
"""

from tests.wrong_answers import Wrong
from tests.wrong_answers.convolutional.cifar10_cnn import KNOWS_THE_SHAPES


def learn(name, says, lines, step="learn", epochs=1):
    """Step 5 or 6 with other lines after the preparation."""
    source = f"""
def {step}(images, labels, unseen, seed):
    mean, std = channel_statistics(images)
    x, y = to_inputs(images, mean, std), torch.tensor(labels)
    x_unseen = to_inputs(unseen, mean, std)
    torch.manual_seed(seed)
    model = ColorNet()
    sgd = lambda p: torch.optim.SGD(p, lr=0.01, momentum=0.9)
    train = lambda x, y: fit(
        model, (x, y), epochs={epochs}, batch_size=64, seed=seed, optimizer=sgd
    )
    {lines}
"""
    return Wrong(name, f"cifar_{step}", source, f"cifar_{step}_check", says)


GUESS = "return predict(model, x_unseen).numpy()"
OUTPUTS = "train(x, y)\n    with torch.no_grad(): return model(x_unseen).numpy()"
OWN = "x_unseen = to_inputs(unseen, *channel_statistics(unseen)); "
DOUBLED = "train(torch.cat([x, x]), y.repeat_interleave(2)); "
ON_X = "return predict(model, x).numpy()"
TRAIN = "train(x, y); "
NOT_DRAWN = "torch.seed(); model = ColorNet(); train(x, y); "
TRAINED_LESS = [
    ("cifar_learn", "    mean, std = channel_statistics(images)\n", KNOWS_THE_SHAPES),
    ("cifar_improve", "    torch.manual_seed(seed)\n", KNOWS_THE_SHAPES),
]
WRONG = [
    Wrong(
        "double_precision_inputs",
        "cifar_inputs",
        """
        def to_inputs(images, mean, std):
            pixels = (images / 255 - mean) / std
            return torch.tensor(pixels.transpose(0, 3, 1, 2).reshape(len(images), -1))
        """,
        loses="cifar_inputs_check",
        says=r"float64; torch.float32 is expected",
    ),
    learn("training_images", r"training images are classified", ON_X),
    learn("outputs_for_classes", r"argmax over the\s+classes", OUTPUTS),
    learn("never_trained", r"no\s+better\s+than\s+guessing", GUESS),
    learn("own_statistics", r"enter the mean", TRAIN + OWN + GUESS, epochs=8),
    learn("not_seeded", r"not seeded", NOT_DRAWN + GUESS, epochs=8),
    learn("nothing_improved", r"no better than", TRAIN + GUESS, "improve", 8),
    learn("labels_misplaced", r"own label|still belong", DOUBLED + GUESS, "improve", 8),
]
