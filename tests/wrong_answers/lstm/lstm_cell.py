"""Wrong answers to solutions/lstm/lstm_cell.ipynb."""

from tests.wrong_answers import Wrong

WRONG = [
    Wrong(
        "bias_forgotten",
        "cell_gates",
        """
        def gates(x, h, W, U, b):
            i, f, g, o = np.split(x @ W.T + h @ U.T, 4, axis=1)
            return sigmoid(i), sigmoid(f), np.tanh(g), sigmoid(o)
        """,
        loses="cell_gates_check",
        says=r"bias b is missing",
    ),
    Wrong(
        "candidate_with_sigmoid",
        "cell_gates",
        """
        def gates(x, h, W, U, b):
            z = sigmoid(x @ W.T + h @ U.T + b)
            return tuple(np.split(z, 4, axis=1))
        """,
        loses="cell_gates_check",
        says=r"candidate g has the sigmoid",
    ),
    Wrong(
        "gates_in_another_order",
        "cell_gates",
        """
        def gates(x, h, W, U, b):
            f, i, g, o = np.split(x @ W.T + h @ U.T + b, 4, axis=1)
            return sigmoid(i), sigmoid(f), np.tanh(g), sigmoid(o)
        """,
        loses="cell_gates_check",
        says=r"order f, i, g, o",
    ),
    Wrong(
        "every_fourth_row",
        "cell_gates",
        """
        def gates(x, h, W, U, b):
            z = x @ W.T + h @ U.T + b
            i, f, g, o = z[:, 0::4], z[:, 1::4], z[:, 2::4], z[:, 3::4]
            return sigmoid(i), sigmoid(f), np.tanh(g), sigmoid(o)
        """,
        loses="cell_gates_check",
        says=r"every fourth row",
    ),
    Wrong(
        "weights_not_transposed",
        "cell_gates",
        """
        def gates(x, h, W, U, b):
            i, f, g, o = np.split(x @ W + h @ U + b, 4, axis=1)
            return sigmoid(i), sigmoid(f), np.tanh(g), sigmoid(o)
        """,
        loses="cell_gates_check",
        says=r"transpose",
    ),
    Wrong(
        "output_without_tanh",
        "cell_state",
        """
        def state(i, f, g, o, c):
            c = f * c + i * g
            return o * c, c
        """,
        loses="cell_state_check",
        says=r"tanh is missing in h",
    ),
    Wrong(
        "input_and_forget_exchanged",
        "cell_state",
        """
        def state(i, f, g, o, c):
            c = i * c + f * g
            return o * np.tanh(c), c
        """,
        loses="cell_state_check",
        says=r"f and i are exchanged",
    ),
    Wrong(
        "output_from_the_old_cell",
        "cell_state",
        """
        def state(i, f, g, o, c):
            return o * np.tanh(c), f * c + i * g
        """,
        loses="cell_state_check",
        says=r"old cell state",
    ),
    Wrong(
        "cell_changed_in_place",
        "cell_state",
        """
        def state(i, f, g, o, c):
            c *= f
            c += i * g
            return o * np.tanh(c), c
        """,
        loses="cell_state_check",
        says=r"in place",
    ),
    Wrong(
        "cell_not_handed_on",
        "cell_lstm",
        """
        def lstm(xs, W, U, b):
            h = np.zeros((xs.shape[1], U.shape[1]))
            H = []
            for x in xs:
                c = np.zeros_like(h)
                h, c = state(*gates(x, h, W, U, b), c)
                H.append(h)
            return np.array(H), c
        """,
        loses="cell_lstm_check",
        says=r"c is not handed on",
    ),
    Wrong(
        "random_first_state",
        "cell_lstm",
        """
        def lstm(xs, W, U, b):
            h = np.random.normal(size=(xs.shape[1], U.shape[1]))
            c = np.random.normal(size=h.shape)
            H = []
            for x in xs:
                h, c = state(*gates(x, h, W, U, b), c)
                H.append(h)
            return np.array(H), c
        """,
        loses="cell_lstm_check",
        says=r"start value random",
    ),
    Wrong(
        "only_the_last_state",
        "cell_lstm",
        """
        def lstm(xs, W, U, b):
            h = c = np.zeros((xs.shape[1], U.shape[1]))
            for x in xs:
                h, c = state(*gates(x, h, W, U, b), c)
            return h, c
        """,
        loses="cell_lstm_check",
        says=r"only the last h|one for each step",
    ),
    Wrong(
        "update_gate_turned_round",
        "cell_gru",
        """
        def gru_cell(x, h, W, U, b, d):
            x_r, x_z, x_n = np.split(x @ W.T + b, 3, axis=1)
            h_r, h_z, h_n = np.split(h @ U.T + d, 3, axis=1)
            r, z = sigmoid(x_r + h_r), sigmoid(x_z + h_z)
            n = np.tanh(x_n + r * h_n)
            return z * n + (1 - z) * h
        """,
        loses="cell_gru_check",
        says=r"z and 1 − z are exchanged",
    ),
    Wrong(
        "reset_before_the_product",
        "cell_gru",
        """
        def gru_cell(x, h, W, U, b, d):
            x_r, x_z, x_n = np.split(x @ W.T + b, 3, axis=1)
            U_r, U_z, U_n = np.split(U, 3)
            d_r, d_z, d_n = np.split(d, 3)
            r = sigmoid(x_r + h @ U_r.T + d_r)
            z = sigmoid(x_z + h @ U_z.T + d_z)
            n = np.tanh(x_n + (r * h) @ U_n.T + d_n)
            return (1 - z) * n + z * h
        """,
        loses="cell_gru_check",
        says=r"before the product",
    ),
    Wrong(
        "reset_gate_not_used",
        "cell_gru",
        """
        def gru_cell(x, h, W, U, b, d):
            x_r, x_z, x_n = np.split(x @ W.T + b, 3, axis=1)
            h_r, h_z, h_n = np.split(h @ U.T + d, 3, axis=1)
            z, n = sigmoid(x_z + h_z), np.tanh(x_n + h_n)
            return (1 - z) * n + z * h
        """,
        loses="cell_gru_check",
        says=r"reset gate r is not used",
    ),
    Wrong(
        "one_bias_counted",
        "cell_count",
        """
        def n_parameters(kind, n_x, n_h):
            blocks = {"rnn": 1, "gru": 3, "lstm": 4}[kind]
            return blocks * (n_h * (n_x + n_h) + n_h)
        """,
        loses="cell_count_check",
        says=r"PyTorch has two",
    ),
    Wrong(
        "lstm_with_three_blocks",
        "cell_count",
        """
        def n_parameters(kind, n_x, n_h):
            blocks = {"rnn": 1, "gru": 3, "lstm": 3}[kind]
            return blocks * n_h * (n_x + n_h + 2)
        """,
        loses="cell_count_check",
        says=r"four blocks",
    ),
    Wrong(
        "own_gate_multiplied_in",
        "cell_memory",
        """
        def memory(F):
            return np.cumprod(F[::-1], axis=0)[::-1]
        """,
        loses="cell_memory_check",
        says=r"f_t itself",
    ),
    Wrong(
        "product_from_the_beginning",
        "cell_memory",
        """
        def memory(F):
            return np.cumprod(F, axis=0)
        """,
        loses="cell_memory_check",
        says=r"from the beginning",
    ),
]
