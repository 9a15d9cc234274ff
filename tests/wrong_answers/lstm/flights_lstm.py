"""Wrong answers to solutions/lstm/flights_lstm.ipynb.

What a slip of a check's reference says is proved in tests/helpers/checks/test_steps.py.
"""

from tests.wrong_answers import Wrong


def network(name: str, says: str, *changes: tuple[str, str]) -> Wrong:
    """The class, with each first text in place of the second."""
    source = """
class Forecaster(nn.Module):
    def __init__(self, hidden):
        super().__init__()
        self.lstm = nn.LSTM(1, hidden, batch_first=True)
        self.output = nn.Linear(hidden, 1)

    def forward(self, x):
        states, _ = self.lstm(x[:, :, None], None)
        return self.output(states[:, -1])[:, 0]
"""
    for new, old in changes:
        assert old in source
        source = source.replace(old, new)
    return Wrong(name, "flights_network", source, "flights_network_check", says)


def forecast(name: str, says: str, result: str, *changes: tuple[str, str]) -> Wrong:
    """The forecast from ratios, with what is made of them and texts replaced."""
    source = f"""
def forecast(history, months, seed):
    series = history[12:] / history[:-12]
    scaled, low, high = prepare(series, len(series))
    X, y = (torch.tensor(part, dtype=torch.float32) for part in windows(scaled, 12))
    torch.manual_seed(seed)
    model = Forecaster(16)
    optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
    for _ in range(80):
        loss = nn.functional.mse_loss(model(X), y)
        optimizer.zero_grad()
        loss.backward()
        optimizer.step()

    def predict(window):
        with torch.no_grad():
            return model(torch.tensor(window, dtype=torch.float32)[None]).item()

    future = recursive_forecast(predict, scaled, 12, months)
    last_year = same_month_last_year(history, months)
    return {result}
"""
    for new, old in changes:
        assert old in source
        source = source.replace(old, new)
    return Wrong(name, "flights_forecast", source, "flights_forecast_check", says)


START = "torch.randn(2, 1, len(x), self.output.in_features).unbind())\n", "None)\n"
FEW = (
    ("range(5)", "range(80)"),
    ("0.001", "0.01"),
    ("history", "history[12:] / history[:-12]"),
)
RIGHT = "unscale(future, low, high) * last_year"
WRONG = [
    network("random_initial_state", r"drawn anew|random", START),
    network(
        "window_as_one_step",
        r"one number at",
        ("LSTM(12", "LSTM(1"),
        ("None, :", ":, None"),
    ),
    forecast("ratios_returned", r"ratios to last year", "unscale(future, low, high)"),
    forecast("scaling_not_undone", r"scaled back", "future * last_year"),
    forecast(
        "baseline_again", r"baseline itself", "last_year", ("range(1)", "range(80)")
    ),
    forecast(
        "hardly_trained", r"same number comes", "unscale(future, low, high)", *FEW
    ),
    forecast("no_seed", r"same seed differ", RIGHT, ("seed()", "manual_seed(seed)")),
    forecast("always_twelve", r"`months` is not used", RIGHT, ("12)", "months)")),
]
