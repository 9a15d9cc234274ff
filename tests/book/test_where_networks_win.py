"""Each chapter says where its network, or its method, wins, in numbers of its notebook.

Notebooks assert what is new in a build; what pages quote of the full runs is held
against these: the worst seed of the winner is ahead of the best of its rival.
"""

import json
import re

import pytest

from press.contents import chapters
from press.standins import GLUED as INSERTED
from tests import ROOT
from tests.book.test_glued import code, unrecorded

PARAGRAPH = re.compile(r"^\*\*Where the (?:network|method) wins\.\*\* ", re.MULTILINE)
ABOVE = """
linear_networks::fast_3000 > linear_networks::least_squares
gradient_descent::descent_minibatch > gradient_descent::descent_batch
backpropagation::cure_accuracy > linear_networks::long
fully_connected::mnist_both > linear_networks::long
convolutional::order_lenet_ordered > convolutional::order_fully_ordered
convolutional::order_fully_shuffled > convolutional::order_lenet_shuffled
convolutional::lenet_test > preliminaries::mnist_nearest
convolutional::cifar_small > convolutional::cifar_fcn
autoencoders::error_pca_64 > autoencoders::error_linear_code
autoencoders::error_pca_2 > autoencoders::error_map
advanced_cnn::depth_plain_56_error > advanced_cnn::depth_residual_56_error
advanced_cnn::mini_alexnet > advanced_cnn::mini_linear
attention::recall_transformer > attention::recall_lstm
attention::recall_transformer > attention::recall_one_layer
attention::reverse_words > attention::reverse_words_squeezed
"""


@pytest.mark.parametrize("chapter", chapters())
def test_a_page_says_where_the_network_wins(chapter):
    page = (ROOT / f"book/{chapter}.md").read_text("utf-8")
    said = PARAGRAPH.split(page)[1:]
    assert len(said) == 1, f'book/{chapter}.md: one "**Where the network wins.** "'
    inserted = INSERTED.findall(said[0].split("\n#")[0])
    keys = {key for notebook, key in inserted if notebook == chapter}
    assert len(keys) >= 2, f"book/{chapter}.md: a number of the winner, one of a rival"
    assert not unrecorded(code(chapter), keys)


def kept(name: str) -> dict:
    chapter, key = name.split("::")
    path = ROOT / f"book/results/{chapter}.json"
    return json.loads(path.read_text("utf-8"))["results"][key]


@pytest.mark.parametrize("claim", ABOVE.strip().splitlines())
def test_the_full_runs_say_so_for_every_seed(claim):
    above, below = map(kept, claim.split(" > "))
    assert above.get("min", above["value"]) > below.get("max", below["value"])
