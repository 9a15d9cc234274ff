"""Wrong answers to solutions/autoencoders/denoise.ipynb."""

from tests.wrong_answers import Wrong


def network(half="ceil_mode=True", valid="", output="nn.Sigmoid()", up=""):
    """The student's class with another pooling, padding, output or upsampling."""
    up = up or "nn.Upsample(scale_factor=2)"
    return f"""
class ConvAutoencoder(nn.Module):
    def __init__(self):
        super().__init__()
        half = nn.MaxPool2d(2, {half})
        up = {up}
        self.encoder = nn.Sequential(
            *(nn.Conv2d(1, 32, 3, padding=1), nn.ReLU(), half),
            *(nn.Conv2d(32, 8, 3, padding=1), nn.ReLU(), half),
            *(nn.Conv2d(8, 8, 3, padding=1), nn.ReLU(), half),
        )
        self.decoder = nn.Sequential(
            *(nn.Conv2d(8, 8, 3, padding=1), nn.ReLU(), up),
            *(nn.Conv2d(8, 8, 3, padding=1), nn.ReLU(), up),
            *(nn.Conv2d(8, 32, 3{valid}), nn.ReLU(), up),
            *(nn.Conv2d(32, 1, 3, padding=1), {output}),
        )

    def forward(self, x):
        return self.decoder(self.encoder(x))
"""


def step(loss: str) -> str:
    """The student's step of training with another loss."""
    return f"""
def denoising_step(model, optimizer, clean, noisy):
    loss = {loss}
    optimizer.zero_grad()
    loss.backward()
    optimizer.step()
    return loss.item()
"""


def gain(result: str, mode: str = "model.eval()", start: str = "noisy") -> str:
    """The student's gain with another result, mode or image to start from."""
    return f"""
def gain(model, clean, noisy):
    {mode}
    with torch.no_grad():
        denoised = model(noisy)
    before, after = (torch.mean((x - clean) ** 2) for x in ({start}, denoised))
    return ({result}).item()
"""


NOISE, PSNR = "denoise_noise_check", "denoise_psnr_check"
NETWORK, STEP = "denoise_network_check", "denoise_step_check"

WRONG = [
    Wrong(
        "noise_not_clipped",
        "denoise_noise",
        """
        def add_noise(x, deviation, rng):
            return x + rng.normal(0, deviation, x.shape)
        """,
        loses=NOISE,
        says=r"not clipped",
    ),
    Wrong(
        "noise_clipped_before_it_is_added",
        "denoise_noise",
        """
        def add_noise(x, deviation, rng):
            return x + np.clip(rng.normal(0, deviation, x.shape), 0, 1)
        """,
        loses=NOISE,
        says=r"negative\s+half",
    ),
    Wrong(
        "deviation_taken_for_the_variance",
        "denoise_noise",
        """
        def add_noise(x, deviation, rng):
            return np.clip(x + rng.normal(0, np.sqrt(deviation), x.shape), 0, 1)
        """,
        loses=NOISE,
        says=r"variance",
    ),
    Wrong(
        "noise_added_in_place",
        "denoise_noise",
        """
        def add_noise(x, deviation, rng):
            x += rng.normal(0, deviation, x.shape)
            return np.clip(x, 0, 1)
        """,
        loses=NOISE,
        says=r"in place",
    ),
    Wrong(
        "peak_of_255",
        "denoise_psnr",
        """
        def psnr(x_hat, x):
            return float(10 * np.log10(255**2 / np.mean((x_hat - x) ** 2)))
        """,
        loses=PSNR,
        says=r"255",
    ),
    Wrong(
        "natural_logarithm",
        "denoise_psnr",
        """
        def psnr(x_hat, x):
            return float(10 * np.log(1 / np.mean((x_hat - x) ** 2)))
        """,
        loses=PSNR,
        says=r"natural logarithm",
    ),
    Wrong(
        "poolings_round_down",
        "denoise_sizes",
        """
        def sizes(n):
            a, b, c = n // 2, n // 4, n // 8
            return [a, b, c, 2 * c, 4 * c, 4 * c - 2, 2 * (4 * c - 2)]
        """,
        loses="denoise_sizes_check",
        says=r"round down",
    ),
    Wrong(
        "valid_convolution_loses_one_pixel",
        "denoise_sizes",
        """
        def sizes(n):
            a = (n + 1) // 2
            b = (a + 1) // 2
            c = (b + 1) // 2
            return [a, b, c, 2 * c, 4 * c, 4 * c - 1, 2 * (4 * c - 1)]
        """,
        loses="denoise_sizes_check",
        says=r"f − 1 = 2",
    ),
    Wrong(
        "poolings_with_padding",
        "denoise_network",
        network(half="padding=1"),
        loses=NETWORK,
        says=r"(?s)Shapes that should occur|windows are shifted|wrong shape",
    ),
    Wrong(
        "poolings_round_down_in_the_network",
        "denoise_network",
        network(half="ceil_mode=False"),
        loses=NETWORK,
        says=r"wrong shape",
    ),
    Wrong(
        "all_convolutions_padded",
        "denoise_network",
        network(valid=", padding=1"),
        loses=NETWORK,
        says=r"wrong padding",
    ),
    Wrong(
        "relu_for_the_output",
        "denoise_network",
        network(output="nn.ReLU()"),
        loses=NETWORK,
        says=r"ReLU: the sigmoid\s+is\s+asked for",
    ),
    Wrong(
        "smooth_upsampling",
        "denoise_network",
        network(up='nn.Upsample(scale_factor=2, mode="bilinear")'),
        loses=NETWORK,
        says=r"smooth \(bilinear\)",
    ),
    Wrong(
        "noisy_target",
        "denoise_step",
        step("F.mse_loss(model(noisy), noisy)"),
        loses=STEP,
        says=r"target is the noisy image",
    ),
    Wrong(
        "clean_input",
        "denoise_step",
        step("F.mse_loss(model(clean), clean)"),
        loses=STEP,
        says=r"never sees noise",
    ),
    Wrong(
        "compared_with_the_noisy_image",
        "denoise_gain",
        """
        def gain(model, clean, noisy):
            model.eval()
            with torch.no_grad():
                denoised = model(noisy)
            before = torch.mean((noisy - clean) ** 2)
            after = torch.mean((denoised - noisy) ** 2)
            return (10 * torch.log10(before / after)).item()
        """,
        loses="denoise_gain_check",
        says=r"compared with the noisy",
    ),
    Wrong(
        "both_through_the_model",
        "denoise_gain",
        gain("10 * torch.log10(before / after)", start="denoised"),
        loses="denoise_gain_check",
        says=r"always 0.*as it came",
    ),
    Wrong(
        "before_is_the_clean_image_through_the_model",
        "denoise_gain",
        gain("10 * torch.log10(before / after)", start="model(clean)"),
        loses="denoise_gain_check",
        says=r"clean image sent through",
    ),
    Wrong(
        "training_mode",
        "denoise_gain",
        gain("10 * torch.log10(before / after)", mode="model.train()"),
        loses="denoise_gain_check",
        says=r"training mode",
    ),
]
