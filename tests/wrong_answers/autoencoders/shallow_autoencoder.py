"""Wrong answers to solutions/autoencoders/shallow_autoencoder.ipynb."""

from tests.wrong_answers import Wrong

WRONG = [
    Wrong(
        "size_of_mnist_written_in",
        "shallowae_network",
        """
        class Autoencoder(nn.Module):
            def __init__(self, n, k):
                super().__init__()
                self.encoder = nn.Linear(784, 64)
                self.decoder = nn.Linear(64, 784)

            def forward(self, x):
                return torch.sigmoid(self.decoder(torch.relu(self.encoder(x))))
        """,
        loses="shallowae_network_check",
        says=r"Linear 784 → 64 came for",
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
        "always_the_same_order",
        "shallowae_learn",
        """
        def learn(X, k, seed):
            torch.manual_seed(seed)
            model = Autoencoder(X.shape[1], k)
            optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
            for _ in range(15):
                for batch in X.split(32):
                    train_step(model, optimizer, batch)
            return model
        """,
        loses="shallowae_learn_check",
        says=r"rows are not shuffled",
    ),
    Wrong(
        "shuffled_once",
        "shallowae_learn",
        """
        def learn(X, k, seed):
            torch.manual_seed(seed)
            model = Autoencoder(X.shape[1], k)
            optimizer = torch.optim.Adam(model.parameters(), lr=0.01)
            X = X[torch.randperm(len(X))]
            for _ in range(15):
                for batch in X.split(32):
                    train_step(model, optimizer, batch)
            return model
        """,
        loses="shallowae_learn_check",
        says=r"together in each epoch",
    ),
]
