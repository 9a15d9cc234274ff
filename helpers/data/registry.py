"""What the sets are, where their files lie, and which bytes are the right ones."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class File:
    """One file of a data set.

    An address that ends in ``#member`` is a .zip or .tar.gz archive that holds the
    file under that name.
    """

    dataset: str
    name: str
    size: int
    sha256: str
    urls: tuple[str, ...]


@dataclass(frozen=True)
class Entry:
    """One data set: its source as a phrase, its terms, and its files, if any."""

    title: str
    source: str
    licence: str
    files: tuple[File, ...] = ()


# Official addresses in the order of asking; FILE stands for the file's name.
_ADDRESSES = {
    "mnist": (
        "https://ossci-datasets.s3.amazonaws.com/mnist/FILE",
        "https://storage.googleapis.com/cvdf-datasets/mnist/FILE",
        "https://raw.githubusercontent.com/fgnt/mnist/ae608a02b796c9ee908c082585a5f006fe05258e/FILE",
    ),
    "cifar10": (
        "https://www.cs.toronto.edu/~kriz/cifar-10-python.tar.gz#cifar-10-batches-py/FILE",
    ),
    "seeds": (
        "https://archive.ics.uci.edu/static/public/236/seeds.zip#FILE",
        "https://raw.githubusercontent.com/AdamStelmaszczyk/edami/484c1cc309665256abd75f5a80097611bff12354/FILE",
    ),
    "shakespeare": (
        "https://raw.githubusercontent.com/karpathy/char-rnn/6f9487a6fe5b420b7ca9afb0d7c078e37c1d1b4e/data/tinyshakespeare/FILE",
    ),
    "sonnets": (
        "https://raw.githubusercontent.com/aparrish/rwet-examples/96f4252d111c6cece167e5af66286fdd1ede07bb/FILE",
    ),
}

# Data set, file, bytes, SHA-256. The loaders count on the order within a set.
_FILES = """
mnist train-images-idx3-ubyte.gz 9912422 440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609
mnist train-labels-idx1-ubyte.gz 28881 3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c
mnist t10k-images-idx3-ubyte.gz 1648877 8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6
mnist t10k-labels-idx1-ubyte.gz 4542 f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6
cifar10 test_batch 31035526 f53d8d457504f7cff4ea9e021afcf0e0ad8e24a91f3fc42091b8adef61157831
cifar10 data_batch_1 31035704 54636561a3ce25bd3e19253c6b0d8538147b0ae398331ac4a2d86c6d987368cd
cifar10 data_batch_2 31035320 766b2cef9fbc745cf056b3152224f7cf77163b330ea9a15f9392beb8b89bc5a8
cifar10 data_batch_3 31035999 0f00d98ebfb30b3ec0ad19f9756dc2630b89003e10525f5e148445e82aa6a1f9
cifar10 data_batch_4 31035696 3f7bb240661948b8f4d53e36ec720d8306f5668bd0071dcb4e6c947f78e9682b
cifar10 data_batch_5 31035623 d91802434d8376bbaeeadf58a737e3a1b12ac839077e931237e0dcd43adcb154
seeds seeds_dataset.txt 9300 1f3f83c0d8485ae9148061389d19628607e3f5660e3d6f40ec9102fb398bb12f
shakespeare input.txt 1115394 86c4e6aa9db7c042ec79f339dcb96d42b0075e16b8fc2e86bf0ca57e2dc565ed
sonnets sonnets.txt 97044 49f89e5a080f2914f7020453692c9456218491db25ec48531283e7d06e1e9b22
"""  # noqa: E501


def _files(dataset: str) -> tuple[File, ...]:
    rows = (
        line.split() for line in _FILES.split("\n") if line.startswith(dataset + " ")
    )
    return tuple(
        File(
            dataset,
            name,
            int(size),
            sha256,
            tuple(address.replace("FILE", name) for address in _ADDRESSES[dataset]),
        )
        for _, name, size, sha256 in rows
    )


REGISTRY: dict[str, Entry] = {
    "mnist": Entry(
        "MNIST", "MNIST (LeCun and Cortes)", "CC BY-SA 3.0", _files("mnist")
    ),
    "cifar10": Entry(
        "CIFAR-10",
        "CIFAR-10 (Krizhevsky, 2009)",
        "no licence stated; cite Krizhevsky (2009)",
        _files("cifar10"),
    ),
    "seeds": Entry(
        "wheat seeds",
        "wheat seeds (Charytanowicz et al., UCI 236)",
        "CC BY 4.0",
        _files("seeds"),
    ),
    "flights": Entry(
        "airline passengers",
        "airline passengers 1949–1960 (Box and Jenkins, series G)",
        "published figures",
    ),
    "shakespeare": Entry(
        "Shakespeare",
        "Shakespeare's plays (the tinyshakespeare extract)",
        "public domain",
        _files("shakespeare"),
    ),
    "sonnets": Entry(
        "sonnets", "Shakespeare's sonnets", "public domain", _files("sonnets")
    ),
    "digits": Entry("digits", "scikit-learn's 8×8 digits (UCI 80)", "CC BY 4.0"),
    "shapes": Entry("shapes", "shapes drawn by the course's generator", "MIT"),
}
REGISTRY["mnist_100"] = REGISTRY["mnist"]
