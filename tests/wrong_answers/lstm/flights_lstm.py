"""Wrong answers to solutions/lstm/flights_lstm.ipynb."""

from tests.wrong_answers import Wrong


def network(make: str, read: str) -> str:
    """The student's class, from the lines of its two methods."""

    def lines(text: str) -> str:
        return "\n".join(8 * " " + line for line in text.strip().splitlines())

    return (
        "class Forecaster(nn.Module):\n    def __init__(self, hidden):\n"
        f"        super().__init__()\n{lines(make)}\n\n"
        f"    def forward(self, x):\n{lines(read)}\n"
    )


LAYERS = """
self.lstm = nn.LSTM(1, hidden, batch_first=True)
self.output = nn.Linear(hidden, 1)
"""


def forecast(series: str, result: str, steps: int = 80, rate: float = 0.01) -> str:
    """The student's forecast, from the series it learns and what it makes of it."""
    return f"""
def forecast(history, months, seed):
    series = {series}
    scaled, low, high = prepare(series, len(series))
    X, y = (torch.tensor(part, dtype=torch.float32) for part in windows(scaled, 12))
    torch.manual_seed(seed)
    model = Forecaster(16)
    optimizer = torch.optim.Adam(model.parameters(), lr={rate})
    for _ in range({steps}):
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


RATIOS = "history[12:] / history[:-12]"

WRONG = [
    Wrong(
        "target_inside_the_window",
        "flights_windows",
        """
        def windows(series, width):
            starts = range(len(series) - width + 1)
            X = np.array([series[s : s + width] for s in starts])
            return X, X[:, -1]
        """,
        loses="flights_windows_check",
        says=r"own last value",
    ),
    Wrong(
        "last_window_left_out",
        "flights_windows",
        """
        def windows(series, width):
            starts = range(len(series) - width - 1)
            X = np.array([series[s : s + width] for s in starts])
            return X, np.array([series[s + width] for s in starts])
        """,
        loses="flights_windows_check",
        says=r"last window is left out",
    ),
    Wrong(
        "windows_do_not_overlap",
        "flights_windows",
        """
        def windows(series, width):
            starts = range(0, len(series) - width, width)
            X = np.array([series[s : s + width] for s in starts])
            return X, np.array([series[s + width] for s in starts])
        """,
        loses="flights_windows_check",
        says=r"do not overlap",
    ),
    Wrong(
        "scaler_fitted_on_all_data",
        "flights_prepare",
        """
        def prepare(series, n_train):
            low, high = series.min(), series.max()
            return 2 * (series - low) / (high - low) - 1, low, high
        """,
        loses="flights_prepare_check",
        says=r"leakage.*whole",
    ),
    Wrong(
        "scaled_to_0_and_1",
        "flights_prepare",
        """
        def prepare(series, n_train):
            low, high = series[:n_train].min(), series[:n_train].max()
            return (series - low) / (high - low), low, high
        """,
        loses="flights_prepare_check",
        says=r"\[0, 1\]",
    ),
    Wrong(
        "each_part_scaled_by_itself",
        "flights_prepare",
        """
        def prepare(series, n_train):
            parts = []
            for part in (series[:n_train], series[n_train:]):
                parts.append(2 * (part - part.min()) / (part.max() - part.min()) - 1)
            low, high = series[:n_train].min(), series[:n_train].max()
            return np.concatenate(parts), low, high
        """,
        loses="flights_prepare_check",
        says=r"each by its own range",
    ),
    Wrong(
        "undoes_another_scaling",
        "flights_unscale",
        """
        def unscale(scaled, low, high):
            return scaled * (high - low) + low
        """,
        loses="flights_unscale_check",
        says=r"\[0, 1\]",
    ),
    Wrong(
        "batch_first_forgotten",
        "flights_network",
        network(
            LAYERS.replace(", batch_first=True", ""),
            """
states, _ = self.lstm(x[:, :, None])
return self.output(states[:, -1])[:, 0]
""",
        ),
        loses="flights_network_check",
        says=r"batch_first",
    ),
    Wrong(
        "first_step_read",
        "flights_network",
        network(
            LAYERS,
            """
states, _ = self.lstm(x[:, :, None])
return self.output(states[:, 0])[:, 0]
""",
        ),
        loses="flights_network_check",
        says=r"first step",
    ),
    Wrong(
        "state_kept_between_calls",
        "flights_network",
        network(
            LAYERS + "self.state = None",
            """
if self.state is not None and self.state[0].shape[1] != len(x):
    self.state = None
states, state = self.lstm(x[:, :, None], self.state)
self.state = tuple(part.detach() for part in state)
return self.output(states[:, -1])[:, 0]
""",
        ),
        loses="flights_network_check",
        says=r"left over|kept between",
    ),
    Wrong(
        "random_initial_state",
        "flights_network",
        network(
            LAYERS + "self.hidden = hidden",
            """
start = torch.randn(2, 1, len(x), self.hidden)
states, _ = self.lstm(x[:, :, None], (start[0], start[1]))
return self.output(states[:, -1])[:, 0]
""",
        ),
        loses="flights_network_check",
        says=r"random",
    ),
    Wrong(
        "window_as_one_step",
        "flights_network",
        network(
            """
self.lstm = nn.LSTM(12, hidden, batch_first=True)
self.output = nn.Linear(hidden, 1)
""",
            """
states, _ = self.lstm(x[:, None, :])
return self.output(states[:, -1])[:, 0]
""",
        ),
        loses="flights_network_check",
        says=r"one number at a time",
    ),
    Wrong(
        "forecasts_not_fed_back",
        "flights_recursive",
        """
        def recursive_forecast(predict, history, width, months):
            return np.array([predict(history[-width:]) for _ in range(months)])
        """,
        loses="flights_recursive_check",
        says=r"not fed back",
    ),
    Wrong(
        "history_grows_in_the_result",
        "flights_recursive",
        """
        def recursive_forecast(predict, history, width, months):
            known = list(history)
            for _ in range(months):
                known.append(predict(np.array(known[-width:])))
            return np.array(known)
        """,
        loses="flights_recursive_check",
        says=r"forecasts alone",
    ),
    Wrong(
        "last_months_for_the_same_months",
        "flights_baseline",
        """
        def same_month_last_year(history, months):
            return np.resize(history[-months:], months)
        """,
        loses="flights_baseline_check",
        says=r"other months of the year",
    ),
    Wrong(
        "ratios_returned",
        "flights_forecast",
        forecast(RATIOS, "unscale(future, low, high)"),
        loses="flights_forecast_check",
        says=r"ratios to last year",
    ),
    Wrong(
        "scaling_not_undone",
        "flights_forecast",
        forecast(RATIOS, "future * last_year"),
        loses="flights_forecast_check",
        says=r"scaled back",
    ),
    Wrong(
        "the_baseline_again",
        "flights_forecast",
        forecast(RATIOS, "last_year", steps=1),
        loses="flights_forecast_check",
        says=r"baseline itself",
    ),
    Wrong(
        "passengers_hardly_trained",
        "flights_forecast",
        forecast("history", "unscale(future, low, high)", steps=5, rate=0.001),
        loses="flights_forecast_check",
        says=r"same number comes for every month",
    ),
    Wrong(
        "no_seed",
        "flights_forecast",
        forecast(RATIOS, "unscale(future, low, high) * last_year").replace(
            "    torch.manual_seed(seed)\n", "    torch.seed()\n"
        ),
        loses="flights_forecast_check",
        says=r"same seed differ",
    ),
]
