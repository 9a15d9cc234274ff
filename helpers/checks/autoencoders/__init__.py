"""Checks of the chapter `autoencoders`, a module for each sheet."""

from ..engine import hint
from .denoise import add_noise, convolutional, denoising_step, gain, psnr, sizes
from .shallow_autoencoder import (
    autoencoder,
    errors,
    learn,
    pca_reconstruct,
    train_step,
    verdict,
)

__all__ = [
    "add_noise",
    "autoencoder",
    "convolutional",
    "denoising_step",
    "errors",
    "gain",
    "hint",
    "learn",
    "pca_reconstruct",
    "psnr",
    "sizes",
    "train_step",
    "verdict",
]
