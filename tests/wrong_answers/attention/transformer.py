"""Wrong answers to solutions/attention/transformer.ipynb.

What a slip of a check's reference says is proved in tests/helpers/checks/test_steps.py.
"""

from tests.wrong_answers import Wrong

BLOCK = """
class Block(nn.Module):
    def __init__(self, width, heads):
        super().__init__()
        self.heads = heads
        self.norm_1, self.norm_2 = nn.LayerNorm(width), nn.LayerNorm(width)
        self.qkv = nn.Linear(width, 3 * width)
        self.join = nn.Linear(width, width)
        self.up, self.down = nn.Linear(width, 4 * width), nn.Linear(4 * width, width)

    def forward(self, x):
        m, n, width = x.shape
        parts = self.qkv(self.norm_1(x)).reshape(m, n, 3, self.heads, -1)
        q, k, v = parts.permute(2, 0, 3, 1, 4)
        found = F.scaled_dot_product_attention(q, k, v, is_causal=True)
        y = x + self.join(found.transpose(1, 2).reshape(m, n, width))
        return y + self.down(F.gelu(self.up(self.norm_2(y))))
"""
WRITER = """
class Writer(nn.Module):
    def __init__(self, k, T, width, heads, depth):
        super().__init__()
        self.tokens, self.places = nn.Embedding(k, width), nn.Embedding(T, width)
        self.blocks = nn.ModuleList([Block(width, heads) for _ in range(depth)])
        self.norm, self.output = nn.LayerNorm(width), nn.Linear(width, k)

    def forward(self, x):
        a = self.tokens(x) + self.places(torch.arange(x.shape[1]))
        for layer in self.blocks:
            a = layer(a)
        return self.output(self.norm(a))
"""


def changed(name, step, says, old, new, source):
    """Return a class with one text in place of another."""
    assert old in source
    source = source.replace(old, new)
    return Wrong(name, f"former_{step}", source, f"former_{step}_check", says)


WRONG = [
    changed(
        "no_biases",
        "block",
        r"qkv has no bias",
        "3 * width",
        "3 * width, bias=False",
        BLOCK,
    ),
    changed(
        "narrow", "block", r"up\.weight has the shape", "4 * width", "2 * width", BLOCK
    ),
    changed("in_place", "block", r"x in place", "y = x +", "y = x; y +=", BLOCK),
    changed(
        "one_block",
        "writer",
        r"one block|first block|blocks\.1",
        "[Block(width, heads) for _ in range(depth)]",
        "[Block(width, heads)] * depth",
        WRITER,
    ),
    changed(
        "plain_list",
        "writer",
        r"no layer has the name blocks",
        "nn.ModuleList(",
        "list(",
        WRITER,
    ),
    Wrong(
        "model_left_in_training_mode",
        "former_perplexity",
        """
        def perplexity_of(model, text, T):
            with torch.no_grad():
                losses = [
                    F.cross_entropy(model(x[None])[0], y, reduction="none")
                    for x, y in zip(text[:-1].split(T), text[1:].split(T))
                ]
            return torch.cat(losses).mean().exp().item()
        """,
        "former_perplexity_check",
        r"training mode",
    ),
    Wrong(
        "draws_of_its_own",
        "former_continue",
        """
        def continue_text(model, start, u, T, temperature):
            model.eval()
            known = start.tolist()
            with torch.no_grad():
                for _ in u:
                    z = model(torch.tensor([known[-T:]]))[0, -1] / temperature
                    known.append(torch.multinomial(z.softmax(0), 1).item())
            return known[len(start) :]
        """,
        "former_continue_check",
        r"drawn anew|use u alone",
    ),
]
