"""Wrong answers to solutions/preliminaries/tensors.ipynb."""

from tests.wrong_answers import Wrong

WRONG = [
    Wrong(
        "pixels_not_divided",
        "tensors_rows",
        """
        def to_rows(images):
            return images.reshape(len(images), -1).to(torch.float32)
        """,
        loses="tensors_rows_check",
        says=r"not divided",
    ),
    Wrong(
        "pixels_divided_by_256",
        "tensors_rows",
        """
        def to_rows(images):
            return images.reshape(len(images), -1).float() / 256
        """,
        loses="tensors_rows_check",
        says=r"256",
    ),
    Wrong(
        "pixels_divided_by_the_largest_that_occurs",
        "tensors_rows",
        """
        def to_rows(images):
            return images.reshape(len(images), -1).float() / images.max()
        """,
        loses="tensors_rows_check",
        says=r"largest value that occurs",
    ),
    Wrong(
        "images_mixed_by_reshape",
        "tensors_rows",
        """
        def to_rows(images):
            return (images.reshape(-1, len(images)).float() / 255).T
        """,
        loses="tensors_rows_check",
        says=r"mixes the\s+pixels",
    ),
    Wrong(
        "pixels_column_by_column",
        "tensors_rows",
        """
        def to_rows(images):
            return images.transpose(1, 2).reshape(len(images), -1).float() / 255
        """,
        loses="tensors_rows_check",
        says=r"column by column",
    ),
    Wrong(
        "pixels_in_double_precision",
        "tensors_rows",
        """
        def to_rows(images):
            return images.reshape(len(images), -1).double() / 255
        """,
        loses="tensors_rows_check",
        says=r"wrong type.*float64",
    ),
    Wrong(
        "classes_counted_from_one",
        "tensors_one_hot",
        """
        def one_hot(y, k):
            return torch.eye(k)[y - 1]
        """,
        loses="tensors_one_hot_check",
        says=r"count\s+from 0",
    ),
    Wrong(
        "columns_from_the_largest_label",
        "tensors_one_hot",
        """
        def one_hot(y, k):
            return torch.nn.functional.one_hot(y).float()
        """,
        loses="tensors_one_hot_check",
        says=r"k is ignored",
    ),
    Wrong(
        "columns_of_the_identity",
        "tensors_one_hot",
        """
        def one_hot(y, k):
            return torch.eye(k)[:, y]
        """,
        loses="tensors_one_hot_check",
        says=r"columns of the identity|transposed",
    ),
    Wrong(
        "whole_columns_set",
        "tensors_one_hot",
        """
        def one_hot(y, k):
            code = torch.zeros(len(y), k)
            code[:, y] = 1
            return code
        """,
        loses="tensors_one_hot_check",
        says=r"own y\[i\]",
    ),
    Wrong(
        "one_hot_of_integers",
        "tensors_one_hot",
        """
        def one_hot(y, k):
            return torch.nn.functional.one_hot(y, k)
        """,
        loses="tensors_one_hot_check",
        says=r"wrong type.*int64",
    ),
    Wrong(
        "default_of_torch_std",
        "tensors_standardize",
        """
        def standardize(X):
            spread = X.std(dim=0)
            return (X - X.mean(dim=0)) / torch.where(spread > 0, spread, 1.0)
        """,
        loses="tensors_standardize_check",
        says=r"N − 1",
    ),
    Wrong(
        "constant_column_is_nan",
        "tensors_standardize",
        """
        def standardize(X):
            return (X - X.mean(dim=0)) / X.std(dim=0, correction=0)
        """,
        loses="tensors_standardize_check",
        says=r"0 is\s+divided by 0|zeros",
    ),
    Wrong(
        "rows_standardized",
        "tensors_standardize",
        """
        def standardize(X):
            mean = X.mean(dim=1, keepdim=True)
            return (X - mean) / X.std(dim=1, correction=0, keepdim=True)
        """,
        loses="tensors_standardize_check",
        says=r"each row",
    ),
    Wrong(
        "one_mean_for_the_table",
        "tensors_standardize",
        """
        def standardize(X):
            return (X - X.mean()) / X.std(correction=0)
        """,
        loses="tensors_standardize_check",
        says=r"whole table",
    ),
    Wrong(
        "variance_for_deviation",
        "tensors_standardize",
        """
        def standardize(X):
            spread = X.var(dim=0, correction=0)
            return (X - X.mean(dim=0)) / torch.where(spread > 0, spread, 1.0)
        """,
        loses="tensors_standardize_check",
        says=r"square root",
    ),
    Wrong(
        "columns_changed_in_place",
        "tensors_standardize",
        """
        def standardize(X):
            X -= X.mean(dim=0)
            spread = X.std(dim=0, correction=0)
            X /= torch.where(spread > 0, spread, 1.0)
            return X
        """,
        loses="tensors_standardize_check",
        says=r"in place",
    ),
    Wrong(
        "no_axes_inserted",
        "tensors_distances",
        """
        def squared_distances(A, B):
            return ((A - B) ** 2).sum(dim=1)
        """,
        loses="tensors_distances_check",
        says=r"pairs row i|axes of length 1",
    ),
    Wrong(
        "sum_over_the_wrong_axis",
        "tensors_distances",
        """
        def squared_distances(A, B):
            return ((A[:, None] - B) ** 2).sum(dim=1)
        """,
        loses="tensors_distances_check",
        says=r"rows of B",
    ),
    Wrong(
        "root_of_the_distances",
        "tensors_distances",
        """
        def squared_distances(A, B):
            return torch.cdist(A, B)
        """,
        loses="tensors_distances_check",
        says=r"square root",
    ),
    Wrong(
        "distances_transposed",
        "tensors_distances",
        """
        def squared_distances(A, B):
            return ((A[None, :] - B[:, None]) ** 2).sum(dim=2)
        """,
        loses="tensors_distances_check",
        says=r"transposed",
    ),
    Wrong(
        "bias_on_the_wrong_axis",
        "tensors_layers",
        """
        def many_layers(A, W, b):
            return A @ W.transpose(1, 2) + b
        """,
        loses="tensors_layers_check",
        says=r"wrong axis",
    ),
    Wrong(
        "weights_reshaped_for_transposed",
        "tensors_layers",
        """
        def many_layers(A, W, b):
            return A @ W.reshape(len(W), W.shape[2], W.shape[1]) + b[:, None]
        """,
        loses="tensors_layers_check",
        says=r"not a transpose",
    ),
    Wrong(
        "all_axes_reversed",
        "tensors_layers",
        """
        def many_layers(A, W, b):
            return A @ W.permute(2, 1, 0) + b[:, None]
        """,
        loses="tensors_layers_check",
        says=r"transpose|reverses",
    ),
    Wrong(
        "bias_forgotten",
        "tensors_layers",
        """
        def many_layers(A, W, b):
            return torch.einsum("kmi,koi->kmo", A, W)
        """,
        loses="tensors_layers_check",
        says=r"bias is missing",
    ),
    Wrong(
        "weights_of_the_first_network",
        "tensors_layers",
        """
        def many_layers(A, W, b):
            return A @ W[0].T + b[:, None]
        """,
        loses="tensors_layers_check",
        says=r"first one",
    ),
    Wrong(
        "frame_drawn_on_the_original",
        "tensors_framed",
        """
        def framed(images, value):
            images[:, [0, -1], :] = value
            images[:, :, [0, -1]] = value
            return images
        """,
        loses="tensors_framed_check",
        says=r"in place",
    ),
    Wrong(
        "slice_taken_for_a_copy",
        "tensors_framed",
        """
        def framed(images, value):
            result = images[:]
            result[:, [0, -1], :] = value
            result[:, :, [0, -1]] = value
            return result
        """,
        loses="tensors_framed_check",
        says=r"in place",
    ),
    Wrong(
        "frame_around_the_images",
        "tensors_framed",
        """
        def framed(images, value):
            return torch.nn.functional.pad(images, (1, 1, 1, 1), value=value)
        """,
        loses="tensors_framed_check",
        says=r"grown|around",
    ),
    Wrong(
        "whole_images_set",
        "tensors_framed",
        """
        def framed(images, value):
            result = images.clone()
            result[[0, -1]] = value
            result[:, [0, -1]] = value
            return result
        """,
        loses="tensors_framed_check",
        says=r"counts the images",
    ),
]
