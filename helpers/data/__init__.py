"""The data sets of the course, as plain NumPy arrays, with or without a network.

A set is looked for in the cache folder (``COURSE_DATA_DIR``, else the platform's
cache folder), then in a mirror (``COURSE_DATA_MIRROR``: a folder or a base URL,
laid out as ``<dataset>/<file>``), then at its official addresses. Every file is
checked by its SHA-256. Where none of them has it, a built-in stand-in takes its
place and says so. ``COURSE_OFFLINE=1`` keeps off the network.

>>> from helpers import data
>>> mnist = data.load("mnist")
>>> mnist.train.x.shape
(60000, 28, 28)

On the command line, ``python -m helpers.data`` lists the sets.
"""

from helpers.data.bundled import bundled
from helpers.data.dataset import Dataset, Split
from helpers.data.loaders import (
    cifar10,
    digits,
    flights,
    load,
    mnist,
    mnist_100,
    mnist_folder,
    names,
    seeds,
    shakespeare,
    shapes,
    sonnets,
    standins_given,
)

__all__ = [
    "Dataset",
    "Split",
    "bundled",
    "cifar10",
    "digits",
    "flights",
    "load",
    "mnist",
    "mnist_100",
    "mnist_folder",
    "names",
    "seeds",
    "shakespeare",
    "shapes",
    "sonnets",
    "standins_given",
]
