"""The shared package of *Neuron by Neuron*: data, plots, training, results, checks.

Importing it costs almost nothing: torch, torchvision, Matplotlib and nbgrader are
imported inside the functions that use them. It chooses their number of threads, because
every notebook imports it first.
"""

from helpers import _threads

__version__ = "0.1.0"

_threads.choose()
