"""Take the weights of the speaker encoder out of the wheel they are published in, and keep them as safetensors.

Run `pip download --no-deps Resemblyzer==0.1.4`, then `python data/make_voice_encoder.py` and that file.
The wheel itself is not a dependency: its other dependencies need a compiler, and only its 1.4 million numbers are used.
"""

from __future__ import annotations

import hashlib
import io
import sys
import zipfile
from pathlib import Path

import torch
from safetensors.torch import save_file

WHEEL_SHA256 = "8f12eb2f1a9982d32e8db7856de754709b59c93a77bcf0ff536584b619a9dd1f"
OUT = Path(__file__).parent / "voice_encoder"


def main(wheel: str) -> None:
    """Check the wheel, and write its weights, with the licence they come under, into data/voice_encoder/."""
    content = Path(wheel).read_bytes()
    if hashlib.sha256(content).hexdigest() != WHEEL_SHA256:
        sys.exit(f"{wheel} is not the wheel of Resemblyzer 0.1.4 whose weights are kept here.")
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        stored = io.BytesIO(archive.read("resemblyzer/pretrained.pt"))
        checkpoint = torch.load(stored, weights_only=True, map_location="cpu")
        licence = archive.read("Resemblyzer-0.1.4.dist-info/LICENSE")
    weights = {
        name: numbers.contiguous()
        for name, numbers in checkpoint["model_state"].items()
        if name.startswith(("lstm.", "linear."))
    }
    OUT.mkdir(exist_ok=True)
    save_file(weights, OUT / "weights.safetensors")
    (OUT / "LICENSE").write_bytes(licence)
    print(hashlib.sha256((OUT / "weights.safetensors").read_bytes()).hexdigest())


if __name__ == "__main__":
    main(sys.argv[1])
