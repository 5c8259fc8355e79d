"""What happens to a frame on its way to somebody who asks where it is from, on whole batches.

Crops down to a quarter of the picture, other shapes and colours, bars, captions, blur, and JPEG at
any quality: on tensors, so that it runs where the network runs. Chance is drawn
on the processor, so that every device sees the same pictures. Sizes of effects are heuristics:
what screenshots, re-uploads and edits are like.
"""

from __future__ import annotations

import math

import cv2
import numpy as np
import torch
from torch import Tensor
from torch.nn import functional

_CAPTIONS = 64
_PASTED = 2
"""Parts of other pictures that are pasted into one to make one of another film."""
_ZIGZAG_TABLE = np.array(
    [
        [16, 11, 10, 16, 24, 40, 51, 61],
        [12, 12, 14, 19, 26, 58, 60, 55],
        [14, 13, 16, 24, 40, 57, 69, 56],
        [14, 17, 22, 29, 51, 87, 80, 62],
        [18, 22, 37, 56, 68, 109, 103, 77],
        [24, 35, 55, 64, 81, 104, 113, 92],
        [49, 64, 78, 87, 103, 121, 120, 101],
        [72, 92, 95, 98, 112, 100, 103, 99],
    ],
    dtype=np.float32,
)
"""Quantisation of luma (ITU-T T.81, table K.1); colour is quantised by it, too."""
_YIQ = torch.tensor([[0.299, 0.587, 0.114], [0.596, -0.274, -0.322], [0.211, -0.523, 0.312]])


class Augmenter:
    """Makes copies of pictures as they come back. Same seed, same copies on every device.

    side : of the copies, px. other_films : share of the pictures that `moments` changes.
    """

    def __init__(self, side: int, seed: int = 0, other_films: float = 0.5) -> None:
        self.side, self.other_films = side, other_films
        self._chance = torch.Generator().manual_seed(seed)
        self._captions = captions(side, _CAPTIONS, seed)
        k = torch.arange(8.0)
        cosine = torch.cos(math.pi * (2 * k[None] + 1) * k[:, None] / 16) * 0.5
        cosine[0] *= math.sqrt(0.5)
        self._table = torch.from_numpy(_ZIGZAG_TABLE).flatten() / 255
        self._cosine = torch.kron(cosine, cosine)  # of a block of 64 at once

    def moments(self, *pictures: Tensor) -> Tensor:
        """Pictures as if of other films: parts of several pasted together, in other colours;
        each (n, 3, s, s) to the same, in a row. The nth of each is changed in the same way.

        A network that is to know films it never saw needs more pictures than a few films hold.
        """
        state = self._chance.get_state()
        changed = []
        for some in pictures:
            self._chance.set_state(state)
            changed.append(self._moments(some))
        return torch.cat(changed)

    def _moments(self, pictures: Tensor) -> Tensor:
        n, device, side = len(pictures), pictures.device, pictures.shape[-1]
        part = self._cropped(pictures, 0.35, side)
        pasted = part
        for _ in range(_PASTED):
            other = self._cropped(pictures.roll(int(self._whole(1, n).item()), 0), 0.25, side)
            pasted = torch.where(self._rectangle(n, side, device), other, pasted)
        part = torch.where(self._sometimes(n, 0.6, device), pasted, part)
        orders = torch.rand(n, 3, generator=self._chance).argsort(dim=1)
        dyed = part.gather(1, orders.to(device)[:, :, None, None].expand_as(part))
        turned = torch.where(self._sometimes(n, 0.3, device), dyed.flip(2), dyed)
        other = torch.where(self._sometimes(n, 0.15, device), 1 - turned, turned)
        own = torch.where(self._sometimes(n, self.other_films, device), other, pictures)
        return torch.where(self._sometimes(n, 0.5, device), own.flip(3), own)

    def lightly(self, pictures: Tensor) -> Tensor:
        """As the library has them: a little other in shape and colours, (n, 3, side, side)."""
        n, device = len(pictures), pictures.device
        plain = functional.interpolate(
            pictures, (self.side, self.side), mode="bilinear", antialias=True
        )
        nearly = self._cropped(pictures, 0.95, self.side)
        return self._coloured(
            torch.where(self._sometimes(n, 0.3, device), nearly, plain), 0.2
        ).clamp(0, 1)

    def strongly(
        self, pictures: Tensor, side: int | None = None, area: tuple[float, float] = (0.25, 1.0)
    ) -> Tensor:
        """As they come back, (n, 3, side, side), showing a share of them between two limits.

        Not mirrored: who asks does so with both (`leitmotif.scenes.find`).
        """
        n, device = len(pictures), pictures.device
        x = self._cropped(pictures, area[0], side or self.side, area[1])
        x = self._coloured(x, 1.0)
        x = torch.where(self._sometimes(n, 0.25, device), self._blurred(x), x)
        x = torch.where(self._sometimes(n, 0.15, device), self._barred(x), x)
        x = torch.where(self._sometimes(n, 0.4, device), self._captioned(x), x)
        x = x + self._uniform(n, 0.0, 0.04, device) * self._noise(x)
        x = x.clamp(0, 1)
        return torch.where(self._sometimes(n, 0.7, device), self._recoded(x), x).clamp(0, 1)

    # ------------------------------------------------------------------------ chance

    def _uniform(self, n: int, low: float, high: float, device: torch.device) -> Tensor:
        drawn = torch.rand(n, 1, 1, 1, generator=self._chance)
        return (low + (high - low) * drawn).to(device, non_blocking=True)

    def _sometimes(self, n: int, share: float, device: torch.device) -> Tensor:
        drawn = torch.rand(n, 1, 1, 1, generator=self._chance) < share
        return drawn.to(device, non_blocking=True)

    def _whole(self, n: int, below: int) -> Tensor:
        return torch.randint(below, (n,), generator=self._chance)

    def _rectangle(self, n: int, side: int, device: torch.device) -> Tensor:
        """A rectangle of each picture, anywhere, bool (n, 1, side, side)."""
        place = (torch.arange(side, device=device) + 0.5) / side
        inside = []
        for shape in ((1, 1, 1, side), (1, 1, side, 1)):
            middle, half = (self._uniform(n, *reach, device) for reach in ((0.0, 1.0), (0.1, 0.35)))
            inside.append((place.view(shape) - middle).abs() < half)
        return inside[0] & inside[1]

    def _noise(self, x: Tensor) -> Tensor:
        pattern = torch.randn(1, 3, *x.shape[2:], generator=self._chance)
        return pattern.to(x.device)

    # ------------------------------------------------------------------------ effects

    def _cropped(self, x: Tensor, least: float, side: int, most: float = 1.0) -> Tensor:
        """A part of at least that share of the area, and at `most` that, up to 1.35 times
        wider or narrower than it is, at any place."""
        n, device = len(x), x.device
        area = self._uniform(n, least, most, device)
        stretch = torch.exp(self._uniform(n, -0.3, 0.3, device))
        across = (area.sqrt() * stretch).clamp(max=1.0)
        along = (area / across).clamp(max=1.0)
        left = (1 - across) * self._uniform(n, -1.0, 1.0, device)
        top = (1 - along) * self._uniform(n, -1.0, 1.0, device)
        zero = torch.zeros_like(left)
        rows = (torch.cat([across, zero, left], 3), torch.cat([zero, along, top], 3))
        grid = functional.affine_grid(
            torch.cat(rows, 2).reshape(n, 2, 3), [n, 3, side, side], align_corners=False
        )
        return functional.grid_sample(x, grid, padding_mode="border", align_corners=False)

    def _coloured(self, x: Tensor, strength: float) -> Tensor:
        """Other brightness, contrast, saturation, hue and gamma."""
        n, device = len(x), x.device

        def draw(reach: float) -> Tensor:
            return self._uniform(n, -reach, reach, device) * strength

        gain, shift, gamma = draw(0.35).exp(), draw(0.12), draw(0.35).exp()
        saturation, hue = draw(0.5).exp(), draw(0.35)
        x = x.clamp(1e-3, 1).pow(gamma)
        mean = x.mean(dim=(1, 2, 3), keepdim=True)
        x = (x - mean) * gain + mean + shift
        turned = torch.zeros(n, 3, 3, device=device)
        turned[:, 0, 0] = 1
        turned[:, 1, 1] = turned[:, 2, 2] = (saturation * hue.cos()).flatten()
        turned[:, 2, 1] = (saturation * hue.sin()).flatten()
        turned[:, 1, 2] = -turned[:, 2, 1]
        mixed = torch.linalg.inv(_YIQ).to(device) @ turned @ _YIQ.to(device)
        return (mixed @ x.flatten(2)).reshape(x.shape).clamp(0, 1)

    def _blurred(self, x: Tensor) -> Tensor:
        """Scaled down to half or a third, and up again."""
        factor = 2 if torch.rand(1, generator=self._chance) < 0.6 else 3
        size = x.shape[-1] // factor
        small = functional.interpolate(x, (size, size), mode="bilinear", antialias=True)
        return functional.interpolate(small, x.shape[2:], mode="bilinear")

    def _barred(self, x: Tensor) -> Tensor:
        """Squeezed between black bars above and below, or left and right."""
        n, device = len(x), x.device
        scale = 1 / self._uniform(n, 0.7, 0.95, device)
        lying = self._sometimes(n, 0.5, device)
        one, zero = torch.ones_like(scale), torch.zeros_like(scale)
        across, along = torch.where(lying, scale, one), torch.where(lying, one, scale)
        rows = (torch.cat([across, zero, zero], 3), torch.cat([zero, along, zero], 3))
        grid = functional.affine_grid(
            torch.cat(rows, 2).reshape(n, 2, 3), list(x.shape), align_corners=False
        )
        return functional.grid_sample(x, grid, padding_mode="zeros", align_corners=False)

    def _captioned(self, x: Tensor) -> Tensor:
        """With writing over it, anywhere: white or coloured with a dark edge."""
        n, side = len(x), x.shape[-1]
        self._captions = self._captions.to(x.device)
        alpha = self._captions[self._whole(n, _CAPTIONS).to(x.device)]
        if side != self.side:
            alpha = functional.interpolate(alpha, (side, side), mode="bilinear", antialias=True)
        alpha = alpha.roll(int(self._whole(1, side).item()), 2)
        white = torch.rand(n, 3, 1, 1, generator=self._chance).to(x.device) * 0.4 + 0.6
        edge, fill = alpha[:, :1], alpha[:, 1:]
        return (x * (1 - edge)) * (1 - fill) + white * fill

    def _recoded(self, x: Tensor) -> Tensor:
        """Quantised as JPEG does it, blocks of 8 × 8, quality 10 to 80."""
        n, device = len(x), x.device
        quality = self._uniform(n, 10, 80, device)
        scale = torch.where(quality < 50, 50 / quality, 2 - quality / 50)
        h = x.shape[2] // 8
        blocks = x.reshape(n, 3, h, 8, h, 8).permute(0, 1, 2, 4, 3, 5).reshape(n, -1, 64)
        cosine = self._cosine.to(device)
        step = self._table.to(device) * scale.flatten(1)[..., None]
        coarse = torch.round(blocks @ cosine.T / step) * step
        back = (coarse @ cosine).reshape(n, 3, h, h, 8, 8)
        return back.permute(0, 1, 2, 4, 3, 5).reshape(x.shape)


def captions(side: int, count: int, seed: int) -> Tensor:
    """Opacity of the dark edge and of the letters of some lines of writing, float (count, 2, side,
    side)."""
    chance = np.random.default_rng(seed)
    drawn = np.zeros((count, 2, side, side), np.float32)
    letters = "abcdefghijklmnopqrstuvwxyz ABCDEFGHIJKLMNOPQRSTUVWXYZ 0123456789"
    for layers in drawn:
        size = chance.uniform(0.3, 1.1)
        edge, fill = (np.zeros((side, side), np.uint8) for _ in range(2))
        for line in range(chance.integers(1, 4)):
            text = "".join(chance.choice(list(letters), chance.integers(3, 24)))
            at = (int(chance.integers(-8, side // 2)), int(side * 0.3 + line * 28 * size))
            font = int(chance.choice([cv2.FONT_HERSHEY_SIMPLEX, cv2.FONT_HERSHEY_DUPLEX]))
            thick = int(chance.integers(1, 3))
            cv2.putText(edge, text, at, font, size, 255, thick + 3, cv2.LINE_AA)
            cv2.putText(fill, text, at, font, size, 255, thick, cv2.LINE_AA)
        layers[0], layers[1] = edge / 255.0, fill / 255.0
    return torch.from_numpy(drawn)
