"""Wrong answers to solutions/recurrent/bptt.ipynb."""

from tests.wrong_answers import Wrong

WRONG = [
    Wrong(
        "state_of_before_ignored",
        "bptt_step",
        """
        def step(x, h, Wxh, Whh, bh):
            return np.tanh(x @ Wxh.T + bh)
        """,
        loses="bptt_step_check",
        says=r"W_hh h is missing",
    ),
    Wrong(
        "recurrent_weights_transposed",
        "bptt_step",
        """
        def step(x, h, Wxh, Whh, bh):
            return np.tanh(x @ Wxh.T + h @ Whh + bh)
        """,
        loses="bptt_step_check",
        says=r"without\s+its\s+transpose",
    ),
    Wrong(
        "tanh_of_the_input_only",
        "bptt_step",
        """
        def step(x, h, Wxh, Whh, bh):
            return np.tanh(x @ Wxh.T + bh) + h @ Whh.T
        """,
        loses="bptt_step_check",
        says=r"part of the input only",
    ),
    Wrong(
        "state_not_carried",
        "bptt_forward",
        """
        def forward(X, h0, Wxh, Whh, bh, Why, by):
            H = [h0] + [np.tanh(x @ Wxh.T + h0 @ Whh.T + bh) for x in X]
            H = np.array(H)
            return H, H[1:] @ Why.T + by
        """,
        loses="bptt_forward_check",
        says=r"not carried on",
    ),
    Wrong(
        "starts_from_zeros",
        "bptt_forward",
        """
        def forward(X, h0, Wxh, Whh, bh, Why, by):
            H = [np.zeros_like(h0)]
            for x in X:
                H.append(np.tanh(x @ Wxh.T + H[-1] @ Whh.T + bh))
            H = np.array(H)
            return H, H[1:] @ Why.T + by
        """,
        loses="bptt_forward_check",
        says=r"from zeros, not from h0",
    ),
    Wrong(
        "outputs_one_moment_early",
        "bptt_forward",
        """
        def forward(X, h0, Wxh, Whh, bh, Why, by):
            H = [h0]
            for x in X:
                H.append(np.tanh(x @ Wxh.T + H[-1] @ Whh.T + bh))
            H = np.array(H)
            return H, H[:-1] @ Why.T + by
        """,
        loses="bptt_forward_check",
        says=r"before the input came",
    ),
    Wrong(
        "initial_state_left_out",
        "bptt_forward",
        """
        def forward(X, h0, Wxh, Whh, bh, Why, by):
            H, h = [], h0
            for x in X:
                h = np.tanh(x @ Wxh.T + h @ Whh.T + bh)
                H.append(h)
            H = np.array(H)
            return H, H @ Why.T + by
        """,
        loses="bptt_forward_check",
        says=r"lacks the initial state",
    ),
    Wrong(
        "mean_over_the_examples_only",
        "bptt_output_delta",
        """
        def output_delta(Z, Y):
            e = np.exp(Z - Z.max(axis=-1, keepdims=True))
            p = e / e.sum(axis=-1, keepdims=True)
            return (p - np.eye(Z.shape[-1])[Y]) / Y.shape[1]
        """,
        loses="bptt_output_delta_check",
        says=r"by m only",
    ),
    Wrong(
        "largest_logit_not_subtracted",
        "bptt_output_delta",
        """
        def output_delta(Z, Y):
            e = np.exp(Z)
            p = e / e.sum(axis=-1, keepdims=True)
            return (p - np.eye(Z.shape[-1])[Y]) / Y.size
        """,
        loses="bptt_output_delta_check",
        says=r"(?i)overflow|NaN|largest",
    ),
    Wrong(
        "no_error_from_the_next_time",
        "bptt_hidden_deltas",
        """
        def hidden_deltas(D, H, Whh, Why):
            return (D @ Why) * (1 - H[1:] ** 2)
        """,
        loses="bptt_hidden_deltas_check",
        says=r"each\s+time\s+sees\s+only",
    ),
    Wrong(
        "one_time_back_and_no_further",
        "bptt_hidden_deltas",
        """
        def hidden_deltas(D, H, Whh, Why):
            own = (D @ Why) * (1 - H[1:] ** 2)
            deltas = own.copy()
            for t in range(len(D) - 1):
                deltas[t] += (own[t + 1] @ Whh) * (1 - H[t + 1] ** 2)
            return deltas
        """,
        loses="bptt_hidden_deltas_check",
        says=r"no\s+further",
    ),
    Wrong(
        "derivative_one_moment_early",
        "bptt_hidden_deltas",
        """
        def hidden_deltas(D, H, Whh, Why):
            deltas, later = np.zeros_like(H[1:]), np.zeros_like(H[0])
            for t in reversed(range(len(D))):
                deltas[t] = (D[t] @ Why + later) * (1 - H[t] ** 2)
                later = deltas[t] @ Whh
            return deltas
        """,
        loses="bptt_hidden_deltas_check",
        says=r"state\s+before",
    ),
    Wrong(
        "back_through_the_wrong_transpose",
        "bptt_hidden_deltas",
        """
        def hidden_deltas(D, H, Whh, Why):
            deltas, later = np.zeros_like(H[1:]), np.zeros_like(H[0])
            for t in reversed(range(len(D))):
                deltas[t] = (D[t] @ Why + later) * (1 - H[t + 1] ** 2)
                later = deltas[t] @ Whh.T
            return deltas
        """,
        loses="bptt_hidden_deltas_check",
        says=r"transposed",
    ),
    Wrong(
        "errors_travel_forward_in_time",
        "bptt_hidden_deltas",
        """
        def hidden_deltas(D, H, Whh, Why):
            deltas, later = np.zeros_like(H[1:]), np.zeros_like(H[0])
            for t in range(len(D)):
                deltas[t] = (D[t] @ Why + later) * (1 - H[t + 1] ** 2)
                later = deltas[t] @ Whh
            return deltas
        """,
        loses="bptt_hidden_deltas_check",
        says=r"forward in time",
    ),
    Wrong(
        "state_after_the_step",
        "bptt_gradients",
        """
        def gradients(X, H, D, deltas):
            dWxh = np.einsum("tmi,tmj->ij", deltas, X)
            dWhh = np.einsum("tmi,tmj->ij", deltas, H[1:])
            dWhy = np.einsum("tmi,tmj->ij", D, H[1:])
            return dWxh, dWhh, deltas.sum((0, 1)), dWhy, D.sum((0, 1))
        """,
        loses="bptt_gradients_check",
        says=r"state\s+after\s+the\s+step",
    ),
    Wrong(
        "last_time_only",
        "bptt_gradients",
        """
        def gradients(X, H, D, deltas):
            d, e = deltas[-1], D[-1]
            return d.T @ X[-1], d.T @ H[-2], d.sum(0), e.T @ H[-1], e.sum(0)
        """,
        loses="bptt_gradients_check",
        says=r"only\s+the\s+last\s+time",
    ),
    Wrong(
        "mean_over_the_times",
        "bptt_gradients",
        """
        def gradients(X, H, D, deltas):
            T = len(X)
            dWxh = np.einsum("tmi,tmj->ij", deltas, X) / T
            dWhh = np.einsum("tmi,tmj->ij", deltas, H[:-1]) / T
            dWhy = np.einsum("tmi,tmj->ij", D, H[1:]) / T
            return dWxh, dWhh, deltas.sum((0, 1)) / T, dWhy, D.sum((0, 1)) / T
        """,
        loses="bptt_gradients_check",
        says=r"averaged\s+over\s+the\s+times",
    ),
    Wrong(
        "cut_above_only",
        "bptt_clip_value",
        """
        def clip_value(grads, bound):
            return [np.minimum(g, bound) for g in grads]
        """,
        loses="bptt_clip_value_check",
        says=r"below −bound",
    ),
    Wrong(
        "clipped_in_place",
        "bptt_clip_value",
        """
        def clip_value(grads, bound):
            for g in grads:
                np.clip(g, -bound, bound, out=g)
            return grads
        """,
        loses="bptt_clip_value_check",
        says=r"in place",
    ),
    Wrong(
        "each_array_by_itself",
        "bptt_clip_norm",
        """
        def clip_norm(grads, bound):
            return [g * min(1, bound / np.linalg.norm(g)) for g in grads]
        """,
        loses="bptt_clip_norm_check",
        says=r"by itself",
    ),
    Wrong(
        "short_gradients_stretched",
        "bptt_clip_norm",
        """
        def clip_norm(grads, bound):
            norm = np.sqrt(sum(np.sum(g**2) for g in grads))
            return [g * bound / norm for g in grads]
        """,
        loses="bptt_clip_norm_check",
        says=r"stretched",
    ),
    Wrong(
        "norms_in_the_order_of_travel",
        "bptt_jacobian_norms",
        """
        def jacobian_norms(H, Whh):
            J, norms = np.eye(len(Whh)), [1.0]
            for h in H[:0:-1]:
                J = J @ ((1 - h**2)[:, None] * Whh)
                norms.append(np.linalg.norm(J, 2))
            return np.array(norms)
        """,
        loses="bptt_jacobian_norms_check",
        says=r"order is reversed",
    ),
    Wrong(
        "product_of_the_norms",
        "bptt_jacobian_norms",
        """
        def jacobian_norms(H, Whh):
            norms = [1.0]
            for h in H[:0:-1]:
                norms.append(norms[-1] * np.linalg.norm((1 - h**2)[:, None] * Whh, 2))
            return np.array(norms[::-1])
        """,
        loses="bptt_jacobian_norms_check",
        says=r"products of the norms",
    ),
]
