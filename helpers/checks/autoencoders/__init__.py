"""Checks of the chapter `autoencoders`, a module for each sheet."""

from ..engine import hint
from .denoise import add_noise, convolutional, denoising_step, gain, psnr, sizes
from .generate import (
    code_and_slopes,
    denoise_step,
    divergence,
    noise_loss,
    schedule,
    two_terms,
)
from .shallow_autoencoder import (
    autoencoder,
    errors,
    learn,
    pca_reconstruct,
    train_step,
    verdict,
)
