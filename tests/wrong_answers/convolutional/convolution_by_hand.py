"""Wrong answers to solutions/convolutional/convolution_by_hand.ipynb."""

from tests.wrong_answers import Wrong

WRONG = [
    Wrong(
        "padding_counted_once",
        "byhand_size",
        """
        def output_size(n, f, s, p):
            return (n + p - f) // s + 1
        """,
        loses="byhand_size_check",
        says=r"2p|both sides",
    ),
    Wrong(
        "size_rounds_up",
        "byhand_size",
        """
        def output_size(n, f, s, p):
            return int(np.ceil((n + 2 * p - f) / s)) + 1
        """,
        loses="byhand_size_check",
        says=r"rounds up",
    ),
    Wrong(
        "size_without_plus_one",
        "byhand_size",
        """
        def output_size(n, f, s, p):
            return (n + 2 * p - f) // s
        """,
        loses="byhand_size_check",
        says=r"\+ 1 is missing",
    ),
    Wrong(
        "kernel_turned",
        "byhand_correlate",
        """
        def cross_correlate(x, K):
            f = len(K)
            K = K[::-1, ::-1]
            z = np.zeros((x.shape[0] - f + 1, x.shape[1] - f + 1))
            for i, j in np.ndindex(z.shape):
                z[i, j] = np.sum(x[i : i + f, j : j + f] * K)
            return z
        """,
        loses="byhand_correlate_check",
        says=r"180°",
    ),
    Wrong(
        "last_row_and_column_missing",
        "byhand_correlate",
        """
        def cross_correlate(x, K):
            f = len(K)
            z = np.zeros((x.shape[0] - f, x.shape[1] - f))
            for i, j in np.ndindex(z.shape):
                z[i, j] = np.sum(x[i : i + f, j : j + f] * K)
            return z
        """,
        loses="byhand_correlate_check",
        says=r"n\s+− f \+ 1",
    ),
    Wrong(
        "bias_forgotten",
        "byhand_conv",
        """
        def conv2d(x, W, b, stride, padding):
            x = np.pad(x, ((0, 0), (padding, padding), (padding, padding)))
            f = W.shape[-1]
            rows = (x.shape[1] - f) // stride + 1
            columns = (x.shape[2] - f) // stride + 1
            z = np.zeros((len(W), rows, columns))
            for k, i, j in np.ndindex(z.shape):
                top, left = i * stride, j * stride
                z[k, i, j] = np.sum(x[:, top : top + f, left : left + f] * W[k])
            return z
        """,
        loses="byhand_conv_check",
        says=r"bias is missing",
    ),
    Wrong(
        "bias_for_each_channel",
        "byhand_conv",
        """
        def conv2d(x, W, b, stride, padding):
            x = np.pad(x, ((0, 0), (padding, padding), (padding, padding)))
            f = W.shape[-1]
            rows = (x.shape[1] - f) // stride + 1
            columns = (x.shape[2] - f) // stride + 1
            z = np.zeros((len(W), rows, columns))
            for k, i, j in np.ndindex(z.shape):
                top, left = i * stride, j * stride
                for c in range(len(x)):
                    window = x[c, top : top + f, left : left + f]
                    z[k, i, j] += np.sum(window * W[k, c]) + b[k]
            return z
        """,
        loses="byhand_conv_check",
        says=r"each input channel",
    ),
    Wrong(
        "window_moves_by_one",
        "byhand_conv",
        """
        def conv2d(x, W, b, stride, padding):
            x = np.pad(x, ((0, 0), (padding, padding), (padding, padding)))
            f = W.shape[-1]
            rows = (x.shape[1] - f) // stride + 1
            columns = (x.shape[2] - f) // stride + 1
            z = np.zeros((len(W), rows, columns))
            for k, i, j in np.ndindex(z.shape):
                z[k, i, j] = np.sum(x[:, i : i + f, j : j + f] * W[k]) + b[k]
            return z
        """,
        loses="byhand_conv_check",
        says=r"moves by one pixel",
    ),
    Wrong(
        "channel_axis_padded_too",
        "byhand_conv",
        """
        def conv2d(x, W, b, stride, padding):
            x = np.pad(x, padding)
            f = W.shape[-1]
            rows = (x.shape[1] - f) // stride + 1
            columns = (x.shape[2] - f) // stride + 1
            z = np.zeros((len(W), rows, columns))
            for k, i, j in np.ndindex(z.shape):
                top, left = i * stride, j * stride
                window = x[:, top : top + f, left : left + f]
                z[k, i, j] = np.sum(window * W[k]) + b[k]
            return z
        """,
        loses="byhand_conv_check",
        says=r"(?s)elementwise operation on shapes that do not fit.*p=1",
    ),
    Wrong(
        "border_repeated",
        "byhand_conv",
        """
        def conv2d(x, W, b, stride, padding):
            edge = ((0, 0), (padding, padding), (padding, padding))
            x = np.pad(x, edge, mode="edge")
            f = W.shape[-1]
            rows = (x.shape[1] - f) // stride + 1
            columns = (x.shape[2] - f) // stride + 1
            z = np.zeros((len(W), rows, columns))
            for k, i, j in np.ndindex(z.shape):
                top, left = i * stride, j * stride
                window = x[:, top : top + f, left : left + f]
                z[k, i, j] = np.sum(window * W[k]) + b[k]
            return z
        """,
        loses="byhand_conv_check",
        says=r"repeats the border",
    ),
    Wrong(
        "pooling_padded_with_zeros",
        "byhand_pool",
        """
        def max_pool2d(x, f, stride, padding):
            x = np.pad(x, ((0, 0), (padding, padding), (padding, padding)))
            rows = (x.shape[1] - f) // stride + 1
            columns = (x.shape[2] - f) // stride + 1
            z = np.zeros((len(x), rows, columns))
            for i, j in np.ndindex(rows, columns):
                top, left = i * stride, j * stride
                z[:, i, j] = x[:, top : top + f, left : left + f].max(axis=(1, 2))
            return z
        """,
        loses="byhand_pool_check",
        says=r"zero wins",
    ),
    Wrong(
        "mean_in_place_of_maximum",
        "byhand_pool",
        """
        def max_pool2d(x, f, stride, padding):
            x = np.pad(x, ((0, 0), (padding, padding), (padding, padding)))
            rows = (x.shape[1] - f) // stride + 1
            columns = (x.shape[2] - f) // stride + 1
            z = np.zeros((len(x), rows, columns))
            for i, j in np.ndindex(rows, columns):
                top, left = i * stride, j * stride
                z[:, i, j] = x[:, top : top + f, left : left + f].mean(axis=(1, 2))
            return z
        """,
        loses="byhand_pool_check",
        says=r"average pooling",
    ),
    Wrong(
        "windows_as_columns",
        "byhand_im2col",
        """
        def im2col(x, f, stride):
            windows = np.lib.stride_tricks.sliding_window_view(x, (f, f), axis=(1, 2))
            windows = windows[:, ::stride, ::stride]
            rows, columns = windows.shape[1:3]
            return windows.transpose(1, 2, 0, 3, 4).reshape(rows * columns, -1).T
        """,
        loses="byhand_im2col_check",
        says=r"windows are columns|transposed",
    ),
    Wrong(
        "reshape_without_moving_axes",
        "byhand_im2col",
        """
        def im2col(x, f, stride):
            windows = np.lib.stride_tricks.sliding_window_view(x, (f, f), axis=(1, 2))
            windows = windows[:, ::stride, ::stride]
            rows, columns = windows.shape[1:3]
            return windows.reshape(rows * columns, -1)
        """,
        loses="byhand_im2col_check",
        says=r"move the axes",
    ),
    Wrong(
        "channels_alternate",
        "byhand_im2col",
        """
        def im2col(x, f, stride):
            windows = np.lib.stride_tricks.sliding_window_view(x, (f, f), axis=(1, 2))
            windows = windows[:, ::stride, ::stride]
            rows, columns = windows.shape[1:3]
            return windows.transpose(1, 2, 3, 4, 0).reshape(rows * columns, -1)
        """,
        loses="byhand_im2col_check",
        says=r"channels alternate",
    ),
    Wrong(
        "input_channels_not_counted",
        "byhand_count",
        """
        def n_parameters(c, k, f):
            return k * (f * f + 1)
        """,
        loses="byhand_count_check",
        says=r"factor c is\s+missing",
    ),
    Wrong(
        "biases_not_counted",
        "byhand_count",
        """
        def n_parameters(c, k, f):
            return k * c * f**2
        """,
        loses="byhand_count_check",
        says=r"biases are left out",
    ),
    Wrong(
        "jump_ignored",
        "byhand_field",
        """
        def receptive_field(layers):
            field, fields = 1, []
            for f, s in layers:
                field += f - 1
                fields.append(field)
            return fields
        """,
        loses="byhand_field_check",
        says=r"jump is ignored",
    ),
    Wrong(
        "jump_grows_too_early",
        "byhand_field",
        """
        def receptive_field(layers):
            field, jump, fields = 1, 1, []
            for f, s in layers:
                jump *= s
                field += (f - 1) * jump
                fields.append(field)
            return fields
        """,
        loses="byhand_field_check",
        says=r"before it is used",
    ),
]
