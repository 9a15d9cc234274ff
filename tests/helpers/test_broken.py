"""Networks that do not learn: their gradients, and that each has its one fault."""

import numpy as np
import pytest

from helpers import broken


@pytest.mark.parametrize("kind", ["sigmoid", "relu"])
def test_program_0_computes_the_gradient_of_the_mean_cost(kind):
    net = broken.sound(kind, np.random.default_rng(3), 0)
    dWs, dbs = broken.gradients(net)
    rng = np.random.default_rng(0)
    for key, grads in (("weights", dWs), ("biases", dbs)):
        for layer, grad in enumerate(grads):
            way = rng.normal(size=grad.shape)
            costs = []
            for h in (1e-6, -1e-6):
                moved = list(net[key])
                moved[layer] = moved[layer] + h * way
                costs.append(broken.cost({**net, key: moved}))
            slope = (costs[0] - costs[1]) / 2e-6
            assert slope == pytest.approx((grad * way).sum(), rel=1e-4, abs=1e-7)


@pytest.mark.parametrize(("program", "factor"), [(1, 120), (2, -1), (3, -120)])
def test_the_other_programs_sum_or_turn_it(program, factor):
    net = broken.sound("relu", np.random.default_rng(3), 0)
    mean = broken.gradients(net)[0]
    other = broken.gradients({**net, "program": program})[0]
    for W, V in zip(mean, other, strict=True):
        np.testing.assert_allclose(V, factor * W)


@pytest.mark.filterwarnings("ignore::RuntimeWarning")  # of those that blow up
@pytest.mark.parametrize("seed", range(5))
def test_sound_networks_learn_and_the_others_stay_behind(seed):
    ends = {broken.NONE: [], "other": []}
    for fault, net in broken.drawn(seed):
        share = broken.accuracy(broken.train(net))
        ends[fault if fault == broken.NONE else "other"].append(share)
    assert min(ends[broken.NONE]) >= 0.9
    assert np.median(ends["other"]) < 0.5


def test_the_seed_decides_which_network_has_which_fault():
    names = [[fault for fault, _ in broken.drawn(seed)] for seed in (0, 1)]
    assert names[0] != names[1]
    assert sorted(names[0]) == sorted(names[1])
    assert {*names[0]} == {broken.NONE, *broken.FAULTS}
    for net, (_, drawn) in zip(broken.patients(0), broken.drawn(0), strict=True):
        np.testing.assert_array_equal(net["x"], drawn["x"])
