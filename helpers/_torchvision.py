"""Import torchvision where its compiled operators do not load.

A CPU-only torch beside a torchvision that was built for CUDA cannot load torchvision's
compiled operators, and ``import torchvision`` then stops with ``operator
torchvision::nms does not exist``. Data sets, transforms and models need none of these
operators: defining the schemas of the two that are missing lets the import succeed
(calling one of them still fails, with PyTorch's own message).

Delete this module when the pinned torchvision imports beside a CPU-only torch.
"""

from types import ModuleType

_SCHEMAS = {
    "nms": "nms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
    "qnms": "qnms(Tensor dets, Tensor scores, float iou_threshold) -> Tensor",
}
_library = None  # must stay alive: PyTorch forgets the schemas with the object


def import_torchvision() -> ModuleType:
    """Return the module torchvision, guarded as the module's docstring describes."""
    global _library
    import torch

    try:
        import torchvision
    except RuntimeError as error:
        if "torchvision::nms does not exist" not in str(error):
            raise
        _library = torch.library.Library("torchvision", "FRAGMENT")
        for schema in _SCHEMAS.values():
            _library.define(schema)
        import torchvision
    return torchvision
