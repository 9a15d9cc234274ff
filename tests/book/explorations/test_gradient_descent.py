"""The mathematics of the exploration `gradient_descent`, run by Node."""

import numpy as np
import pytest

from tests.book.explorations.node import initial_state, needs_node, run_node

pytestmark = needs_node

NAME = "gradient_descent"
torch = pytest.importorskip("torch")

POINTS = np.random.default_rng(0).uniform(-3, 3, size=(20, 2))
LIBRARY = {
    "plain": lambda p, eta: torch.optim.SGD([p], lr=eta),
    "momentum": lambda p, eta: torch.optim.SGD([p], lr=eta, momentum=0.8),
    "rmsprop": lambda p, eta: torch.optim.RMSprop([p], lr=eta),
    "adam": lambda p, eta: torch.optim.Adam([p], lr=eta),
}


def surface(v):
    """The surface in PyTorch, in the form of its usual definition."""
    x, y = v
    return (
        3 * (1 - x) ** 2 * torch.exp(-(x**2) - (y + 1) ** 2)
        - 10 * (x / 5 - x**3 - y**5) * torch.exp(-(x**2) - y**2)
        - torch.exp(-((x + 1) ** 2) - y**2) / 3
    )


def leaf(at):
    return torch.tensor(np.array(at), dtype=torch.float64, requires_grad=True)


def hessian(at):
    return torch.autograd.functional.hessian(surface, leaf(at)).numpy()


def settings(optimizer="plain", eta=0.01, mu=0.8):
    return {"optimizer": optimizer, "eta": eta, "mu": mu}


def roll(start, steps, **options):
    request = {"do": "roll", "start": list(start), "steps": steps}
    balls = run_node([request | {"settings": settings(**options)}])[0]
    return np.array([ball["at"] for ball in balls])


def whereabouts(start, steps, **options):
    request = {"do": "whereabouts", "start": list(start), "steps": steps}
    return run_node([request | {"settings": settings(**options)}])[0]


def critical():
    return run_node([{"do": "critical"}])[0]


def test_height_and_gradient_agree_with_autograd():
    answers = run_node([{"do": "peaks", "at": point.tolist()} for point in POINTS])
    for point, answer in zip(POINTS, answers, strict=True):
        v = leaf(point)
        height = surface(v)
        height.backward()
        assert answer["height"] == pytest.approx(height.item(), abs=1e-12)
        np.testing.assert_allclose(answer["gradient"], v.grad.numpy(), atol=1e-12)


@pytest.mark.parametrize("optimizer", LIBRARY)
@pytest.mark.parametrize("seed", range(3))
def test_every_step_agrees_with_torch_optim(optimizer, seed):
    start = np.random.default_rng(seed).uniform(-2, 2, size=2)
    # RMSprop at a minimum jumps to and fro and doubles rounding errors: not too long
    path = roll(start, 60, optimizer=optimizer, eta=0.02)
    v = leaf(start)
    library = LIBRARY[optimizer](v, 0.02)
    for place in path:
        np.testing.assert_allclose(place, v.detach().numpy(), rtol=1e-7, atol=1e-8)
        library.zero_grad()
        surface(v).backward()
        library.step()


def test_a_critical_point_has_gradient_zero_and_the_hessian_of_its_kind():
    kinds = {"minimum": 0, "saddle": 1, "maximum": 2}
    points = critical()
    assert [p["kind"] for p in points] == [kind for kind in kinds for _ in range(3)]
    for p in points:
        v = leaf(p["at"])
        surface(v).backward()
        assert v.grad.norm() < 1e-4
        eigenvalues = np.linalg.eigvalsh(hessian(p["at"]))
        assert np.sum(eigenvalues < 0) == kinds[p["kind"]]
        if p["kind"] == "minimum":
            assert p["bound"] == pytest.approx(2 / eigenvalues[-1], abs=5e-5)


def test_minima_are_those_that_scipy_finds():
    from scipy.optimize import minimize

    ends = {
        tuple(np.round(minimize(lambda v: surface(torch.tensor(v)).item(), s).x, 3) + 0)
        for s in ([0, -1.5], [-1.3, 0], [0.3, 0.3])
    }
    named = [p for p in critical() if p["kind"] == "minimum"]
    assert {tuple(np.round(p["at"], 3)) for p in named} == ends
    depths = [surface(leaf(p["at"])).item() for p in named]
    assert [p["name"] for p in named] == ["A", "B", "C"]
    assert depths == sorted(depths)


@pytest.mark.parametrize(
    ("start", "name"), [((0.1, -0.6), "A"), ((-0.9, -0.9), "B"), ((0.2, 1.2), "C")]
)
def test_plain_descent_rests_in_the_minimum_of_its_basin(start, name):
    result = whereabouts(start, 200)
    assert result["kind"] == "minimum"
    assert result["point"]["name"] == name


def test_momentum_rolls_past_the_shallow_minimum_as_the_page_says():
    result = whereabouts((0.2, 1.2), 200, optimizer="momentum", mu=0.9)
    assert result["point"]["name"] == "A"


def test_initial_state_is_the_start_of_the_page():
    state = initial_state(NAME)
    assert (state["x"], state["y"], state["eta"], state["mu"]) == (0.2, 1.2, 0.01, 0.9)
    assert (state["optimizer"], state["steps"]) == ("plain", 0)


@pytest.mark.parametrize("eta", [0.05, 0.06])
def test_below_its_bound_the_deepest_minimum_holds_the_ball(eta):
    assert whereabouts((0.1, -1.4), 300, eta=eta)["kind"] == "minimum"


@pytest.mark.parametrize("eta", [0.068, 0.075])
def test_above_its_bound_the_ball_jumps(eta):
    assert whereabouts((0.1, -1.4), 300, eta=eta)["kind"] == "jumping"


def test_a_ball_on_a_saddle_is_balanced():
    for p in critical():
        if p["kind"] != "minimum":
            result = whereabouts(p["at"], 1)
            assert (result["kind"], result["point"]["kind"]) == ("balanced", p["kind"])


def test_a_ball_that_has_not_moved_has_not_arrived():
    assert whereabouts(critical()[0]["at"], 0)["kind"] == "moving"


@pytest.mark.parametrize(
    ("start", "steps", "kind"),
    [((2.9, 2.9), 5, "plateau"), ((2.99, 0.5), 400, "outside"), ((1, 1), 2, "moving")],
)
def test_other_ends_are_told_apart(start, steps, kind):
    result = whereabouts(start, steps, optimizer="plain", eta=0.1)
    assert result["kind"] == kind


def area(loops) -> float:
    total = 0.0
    for loop in loops:
        x, y = np.array(loop).T
        total += 0.5 * np.sum(x * np.roll(y, -1) - np.roll(x, -1) * y)
    return total


@pytest.mark.parametrize("level", [-5, -1, 0, 2, 6])
def test_contours_bound_the_region_above_their_level(level):
    loops = run_node([{"do": "contour", "level": level, "n": 73}])[0]
    # midpoints of small squares, counted
    grid = np.linspace(-3, 3, 601)[:-1] + 0.005
    heights = surface(torch.tensor(np.array(np.meshgrid(grid, grid)))).numpy()
    share = np.mean(heights >= level)
    assert area(loops) == pytest.approx(36 * share, abs=0.1)
    points = np.concatenate([np.array(loop) for loop in loops])
    inner = points[np.abs(points).max(axis=1) < 3 - 1e-9]
    off = surface(torch.tensor(inner.T)).numpy() - level
    assert np.abs(off).max() < 0.15  # linear between grid points that are 1/12 apart


@pytest.mark.parametrize("level", [-9, 9])
def test_a_level_out_of_range_holds_everything_or_nothing(level):
    loops = run_node([{"do": "contour", "level": level, "n": 25}])[0]
    assert area(loops) == pytest.approx(36 if level < 0 else 0)


# In the built page


def numbers(box) -> dict[str, str]:
    rows = box.locator(".exploration-numbers tr").all()
    return {
        row.locator("th").inner_text(): row.locator("td").inner_text() for row in rows
    }


def test_a_run_ends_in_c_and_with_momentum_in_a(open_page):
    tab = open_page(f"book/{NAME}")
    box = tab.locator(f"#exploration-{NAME}")
    rests = box.locator(".exploration-outcome[data-kind=minimum]")
    for optimizer, name in (("Plain", "C"), ("Momentum", "A")):
        box.get_by_role("radio", name=optimizer).check()
        box.get_by_role("button", name="Run").click()
        rests.wait_for(timeout=60_000)
        assert f"minimum {name}" in rests.inner_text()
    box.get_by_role("button", name="Back to the start").click()
    assert rests.count() == 0
    assert numbers(box)["step"] == "0"
    assert tab.problems == []


def test_the_start_follows_the_arrow_keys_and_the_mouse(open_page):
    tab = open_page(f"book/{NAME}")
    box = tab.locator(f"#exploration-{NAME}")
    start = box.get_by_role("slider", name="Start of the ball")
    start.focus()
    tab.keyboard.press("ArrowLeft")
    tab.keyboard.press("ArrowDown")
    assert start.get_attribute("aria-valuetext") == "x = 0.1, y = 1.1"
    assert box.get_by_label("Start x", exact=True).input_value() == "0.1"
    frame = box.locator(".exploration-frame")
    frame.scroll_into_view_if_needed()
    place = frame.bounding_box()
    tab.mouse.click(
        place["x"] + 0.75 * place["width"], place["y"] + place["height"] / 4
    )
    assert abs(float(box.get_by_label("Start x", exact=True).input_value()) - 1.5) < 0.1
    assert abs(float(box.get_by_label("Start y", exact=True).input_value()) - 1.5) < 0.1


def test_a_link_brings_back_a_setting_and_a_step_goes_on_from_it(open_page):
    tab = open_page(
        f"book/{NAME}", hash=f"#{NAME}?optimizer=plain&x=0.1&y=-0.6&eta=0.07&steps=40"
    )
    box = tab.locator(f"#exploration-{NAME}")
    jumping = box.locator(".exploration-outcome[data-kind=jumping]")
    jumping.wait_for()
    assert "0.0663" in jumping.inner_text()
    box.get_by_role("button", name="Step").click()
    assert numbers(box)["step"] == "41"
