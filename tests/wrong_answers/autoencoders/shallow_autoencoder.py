"""Wrong answers to solutions/autoencoders/shallow_autoencoder.ipynb."""

from tests.wrong_answers import Wrong


def network(code="torch.relu", output="torch.sigmoid", layers=None, first=""):
    """The student's class with other activations or layers."""
    encoder, decoder = layers or ("nn.Linear(n, k)", "nn.Linear(k, n)")
    return f"""
class Autoencoder(nn.Module):
    def __init__(self, n, k):
        super().__init__()
        {first}
        self.encoder = {encoder}
        self.decoder = {decoder}

    def forward(self, x):
        code = {code}(self.encoder(x))
        return {output}(self.decoder(code))
"""


def step(body: str) -> str:
    """The student's step of training, from its lines."""
    lines = "\n".join(f"    {line}" for line in body.strip().splitlines())
    return f"def train_step(model, optimizer, x):\n{lines}\n"


WRONG = [
    Wrong(
        "pca_fitted_on_what_it_reconstructs",
        "shallowae_pca",
        """
        def pca_reconstruct(X_train, X, k):
            mean = X.mean(axis=0)
            V = np.linalg.svd(X - mean, full_matrices=False)[2][:k]
            return (X - mean) @ V.T @ V + mean
        """,
        loses="shallowae_pca_check",
        says=r"fitted on X",
    ),
    Wrong(
        "pca_without_the_mean",
        "shallowae_pca",
        """
        def pca_reconstruct(X_train, X, k):
            V = np.linalg.svd(X_train, full_matrices=False)[2][:k]
            return X @ V.T @ V
        """,
        loses="shallowae_pca_check",
        says=r"mean is not subtracted",
    ),
    Wrong(
        "mean_not_added_back",
        "shallowae_pca",
        """
        def pca_reconstruct(X_train, X, k):
            mean = X_train.mean(axis=0)
            V = np.linalg.svd(X_train - mean, full_matrices=False)[2][:k]
            return (X - mean) @ V.T @ V
        """,
        loses="shallowae_pca_check",
        says=r"not added back",
    ),
    Wrong(
        "directions_of_least_variance",
        "shallowae_pca",
        """
        def pca_reconstruct(X_train, X, k):
            mean = X_train.mean(axis=0)
            V = np.linalg.eigh(np.cov(X_train.T))[1][:, :k].T
            return (X - mean) @ V.T @ V + mean
        """,
        loses="shallowae_pca_check",
        says=r"least variance",
    ),
    Wrong(
        "relu_at_the_output",
        "shallowae_network",
        network(output="torch.relu"),
        loses="shallowae_network_check",
        says=r"ReLU: the sigmoid\s+is\s+asked for",
    ),
    Wrong(
        "no_activation_at_the_code",
        "shallowae_network",
        network(code=""),
        loses="shallowae_network_check",
        says=r"ReLU after Linear.* is missing",
    ),
    Wrong(
        "sizes_exchanged",
        "shallowae_network",
        network(layers=("nn.Linear(k, n)", "nn.Linear(n, k)")),
        loses="shallowae_network_check",
        says=r"(?s)Shapes that should occur.*Linear 12 → 5",
    ),
    Wrong(
        "size_of_mnist_written_in",
        "shallowae_network",
        network(layers=("nn.Linear(784, 64)", "nn.Linear(64, 784)")),
        loses="shallowae_network_check",
        says=r"Linear 784 → 64 came for",
    ),
    Wrong(
        "one_error_a_column",
        "shallowae_errors",
        """
        def errors(x_hat, x):
            return np.mean((x_hat - x) ** 2, axis=0)
        """,
        loses="shallowae_errors_check",
        says=r"one error for each column",
    ),
    Wrong(
        "sum_of_squares",
        "shallowae_errors",
        """
        def errors(x_hat, x):
            return np.sum((x_hat - x) ** 2, axis=1)
        """,
        loses="shallowae_errors_check",
        says=r"take their mean",
    ),
    Wrong(
        "gradients_pile_up",
        "shallowae_step",
        step("""
loss = F.mse_loss(model(x), x)
loss.backward()
optimizer.step()
return loss.item()
"""),
        loses="shallowae_step_check",
        says=r"zero_grad\(\) is missing",
    ),
    Wrong(
        "loss_summed",
        "shallowae_step",
        step("""
loss = F.mse_loss(model(x), x, reduction="sum")
optimizer.zero_grad()
loss.backward()
optimizer.step()
return loss.item()
"""),
        loses="shallowae_step_check",
        says=r"take the mean",
    ),
    Wrong(
        "one_lucky_seed",
        "shallowae_verdict",
        """
        def verdict(errors, baseline):
            return 1 if min(errors) < baseline else -1
        """,
        loses="shallowae_verdict_check",
        says=r"lucky seed",
    ),
    Wrong(
        "the_mean_decides",
        "shallowae_verdict",
        """
        def verdict(errors, baseline):
            return 1 if np.mean(errors) < baseline else -1
        """,
        loses="shallowae_verdict_check",
        says=r"mean alone decides",
    ),
    Wrong(
        "never_trained",
        "shallowae_learn",
        """
        def learn(X, k, seed):
            torch.manual_seed(seed)
            model = Autoencoder(X.shape[1], k)
            optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
            return model
        """,
        loses="shallowae_learn_check",
        says=r"near ½",
    ),
    Wrong(
        "one_step_an_epoch",
        "shallowae_learn",
        """
        def learn(X, k, seed):
            torch.manual_seed(seed)
            model = Autoencoder(X.shape[1], k)
            optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
            for _ in range(15):
                train_step(model, optimizer, X)
            return model
        """,
        loses="shallowae_learn_check",
        says=r"trained too little|near ½|same picture",
    ),
]
