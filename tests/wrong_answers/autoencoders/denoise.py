"""Wrong answers to solutions/autoencoders/denoise.ipynb."""

from tests.wrong_answers import Wrong

WRONG = [
    Wrong(
        "noise_added_in_place",
        "denoise_noise",
        """
        def add_noise(x, deviation, rng):
            x += rng.normal(0, deviation, x.shape)
            return np.clip(x, 0, 1)
        """,
        loses="denoise_noise_check",
        says=r"changed its argument x in place",
    ),
    Wrong(
        "half_of_the_channels",
        "denoise_network",
        """
        class ConvAutoencoder(nn.Module):
            def __init__(self):
                super().__init__()
                sizes = (1, 16, 8, 8, 8, 8, 16, 1)
                pairs = list(zip(sizes, sizes[1:]))
                self.convs = nn.ModuleList(nn.Conv2d(*p, 3, padding=1) for p in pairs)
                self.convs[5].padding = (0, 0)

            def forward(self, x):
                for conv in self.convs[:3]:
                    x = F.max_pool2d(torch.relu(conv(x)), 2, ceil_mode=True)
                for conv in self.convs[3:6]:
                    x = F.interpolate(torch.relu(conv(x)), scale_factor=2)
                return torch.sigmoid(self.convs[6](x))
        """,
        loses="denoise_network_check",
        says=r"Conv2d 1 → 16, 3×3 came for",
    ),
    Wrong(
        "the_model_is_not_used",
        "denoise_gain",
        """
        def gain(model, clean, noisy):
            before, after = (torch.mean((x - clean) ** 2) for x in (noisy, noisy))
            return (10 * torch.log10(before / after)).item()
        """,
        loses="denoise_gain_check",
        says=r"the model is never called",
    ),
]
