"""Wrong answers to solutions/fully_connected/two_hidden_layers.ipynb.

What a slip of a check's reference says is proved in tests/helpers/checks/test_steps.py.
"""

from tests.wrong_answers import Wrong

LAYERS = "self.a, self.b, self.c = (nn.Linear(p, n) for p, n in SIZES)"
SIZES = "[(784, 128), (128, 64), (64, 10)]"
FORWARD = """return F.log_softmax(
            self.c(torch.relu(self.b(torch.sigmoid(self.a(x.flatten(1)))))), dim=1)"""


def network(
    name, loses, says, layers=LAYERS, forward=FORWARD, start="super().__init__()"
):
    """A class with its layers or its forward pass changed."""
    source = f"""
class TwoHiddenLayers(nn.Module):
    def __init__(self):
        {start}
        {layers.replace("SIZES", SIZES)}

    def forward(self, x):
        {forward}
"""
    both = "two_forward_check"
    also = (both,) if loses != both else ()
    return Wrong(name, "two_network", source, loses, says, also=also)


def train(name, says, inside, before="", result="return losses"):
    """A training loop with the lines that differ."""
    source = f"""
def train(model, x, y, epochs, m, eta, seed):
    generator = torch.Generator().manual_seed(seed)
    make = lambda: torch.optim.SGD(model.parameters(), lr=eta, momentum=0.9)
    optimizer, losses = make(), []
    {before}
    for _ in range(epochs):
        total = 0.0
        for batch in torch.randperm(len(x), generator=generator).split(m):
            loss = F.nll_loss(model(x[batch]), y[batch])
            {inside}
            total += loss.item() * len(batch)
        losses.append(total / len(x))
    {result}
"""
    check = "two_train_check"
    return Wrong(name, "two_train", source, check, says, also=("two_learns_check",))


MADE = "two_layers_check"
STEP = "optimizer.zero_grad(); loss.backward(); optimizer.step()"
ANEW = "optimizer = make(); " + STEP
LATE_ZERO = "loss.backward(); optimizer.zero_grad(); optimizer.step()"
TWO = "self.a, self.b = nn.Linear(784, 128), nn.Linear(128, 10)"
IN_A_LIST = "self.parts = [nn.Linear(p, n) for p, n in SIZES]"
FOUR = LAYERS + "; self.d = nn.Linear(10, 10)"
TURNED = LAYERS.replace("SIZES", SIZES.replace("128, 64", "64, 128"))
WRONG = [
    network("two_layers", MADE, r"Linear 128 → 10 came for Linear 128 → 64", TWO),
    network("sizes_exchanged", MADE, r"sizes exchanged", TURNED),
    network("plain_list", MADE, r"(?s)no layer is registered.*ModuleList", IN_A_LIST),
    network("super_init_forgotten", MADE, r"super\(\).__init__\(\)", start="pass"),
    network("third_hidden_layer", MADE, r"Linear 10 → 10 is one layer too many", FOUR),
    network("no_return", "two_forward_check", r"return statement", forward=FORWARD[7:]),
    train("zeroed_before_the_step", r"(?s)nothing is\s+learned.*between", LATE_ZERO),
    train("new_optimizer_each_time", r"momentum is missing", ANEW),
    train("losses_not_returned", r"list of losses", STEP, result="print(losses)"),
]
