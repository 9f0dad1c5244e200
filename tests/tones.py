"""A wav2vec 2.0 recogniser of a made-up language of tones: trained in seconds, so that what it hears is known."""

import json
from pathlib import Path
from typing import NamedTuple

import numpy as np
import pandas as pd
import torch
import transformers

SR = 16_000
TONES = dict(zip("ABCDEF", (400, 600, 900, 1300, 1900, 2700), strict=True))  # Hz: the sound of each letter
TONE, GAP, RAMP = 0.12, 0.06, 0.005  # seconds: a letter, the quiet after it, and its rise and fall
STRIDE, WINDOW = 320, 400  # samples: from one frame of wav2vec 2.0 to the next, and what one frame sees
TOKENS = ["<pad>", "<s>", "</s>", "<unk>", "|", *TONES]


class Speech(NamedTuple):
    """Words of tones, what they sound like, when each begins (s), and a row a letter: `token`, `onset`, `offset`."""

    words: list[str]
    y: np.ndarray
    onsets: np.ndarray
    letters: pd.DataFrame


def speak(n_words: int, rng: np.random.Generator, *, seconds: float | None = None) -> Speech:
    """So many words of 2 to 4 letters in faint noise; seconds: the length, if noise is to follow the words."""
    words = ["".join(rng.choice(list(TONES), rng.integers(2, 5))) for _ in range(n_words)]
    now, rows, onsets = rng.uniform(0.3, 0.5), [], []
    for word in words:
        onsets.append(now)
        for letter in word:
            rows.append((letter, now, now + TONE))
            now += TONE + GAP
        rows.append(("|", now, now + 0.1))  # where a next letter would sound, so that it can be told from a GAP
        now += rng.uniform(0.3, 0.5) - GAP
    y = 0.003 * rng.standard_normal(round((seconds or now) * SR))
    t = np.arange(round(TONE * SR)) / SR
    ramp = np.minimum(1, np.minimum(t, t[::-1]) / RAMP)  # without it, a click would sound like every letter
    for token, first, _ in rows:
        if token in TONES:
            tone = np.sin(2 * np.pi * TONES[token] * t + rng.uniform(0, 2 * np.pi))
            y[round(first * SR) :][: len(t)] += 0.3 * ramp * tone
    letters = pd.DataFrame(rows, columns=["token", "onset", "offset"])
    return Speech(words, y.astype(np.float32), np.array(onsets), letters)


def activity(y: np.ndarray, sr: int = SR, *, pause: float = 0.6) -> pd.DataFrame:
    """Where tones sound, as `data_prep.voice_activity` tells of voices: stretches that so many seconds of quiet part.

    0.6 s is more than any pause between words, so that talk without a break is one stretch; with 0.25 s, each word is.
    """
    frame = sr // 100
    loud = np.flatnonzero((y[: len(y) // frame * frame].reshape(-1, frame) ** 2).mean(axis=1) > 0.02**2)
    parted = np.flatnonzero(np.diff(loud) > 100 * pause)
    onsets = loud[np.r_[0, parted + 1]] if len(loud) else loud
    offsets = loud[np.r_[parted, -1]] + 1 if len(loud) else loud
    return pd.DataFrame({"onset": onsets / 100, "offset": offsets / 100})


def train_recogniser(folder: Path, *, steps: int = 300, seed: int = 0) -> str:
    """Save to a folder a recogniser that writes what `speak` says, and its processor; the folder."""
    threads = torch.get_num_threads()
    torch.set_num_threads(1)  # sums in the same order, whatever the number of cores
    try:
        with torch.random.fork_rng(devices=[]):  # other tests draw what they would have drawn
            torch.manual_seed(seed)
            processor, model = _processor(folder), _model()
            _train(model, processor, np.random.default_rng(seed), steps=steps)
    finally:
        torch.set_num_threads(threads)
    model.save_pretrained(folder)
    processor.save_pretrained(folder)
    return str(folder)


def _processor(folder: Path) -> transformers.Wav2Vec2Processor:
    (folder / "vocab.json").write_text(json.dumps({token: i for i, token in enumerate(TOKENS)}))
    return transformers.Wav2Vec2Processor(
        # as the published models with group norm, which were trained without a mask
        feature_extractor=transformers.Wav2Vec2FeatureExtractor(return_attention_mask=False),
        tokenizer=transformers.Wav2Vec2CTCTokenizer(str(folder / "vocab.json")),
    )


def _model() -> transformers.Wav2Vec2ForCTC:
    dropouts = ("hidden", "attention", "activation", "feat_proj", "final")
    config = transformers.Wav2Vec2Config(
        vocab_size=len(TOKENS),
        pad_token_id=0,
        hidden_size=32,
        num_hidden_layers=1,
        num_attention_heads=2,
        intermediate_size=64,
        conv_dim=(16, 16, 32, 32, 32, 32, 32),  # kernels and strides are wav2vec 2.0's own: a frame every 20 ms
        num_conv_pos_embeddings=16,  # frames: 0.3 s, enough to tell the end of a word from a gap between letters
        num_conv_pos_embedding_groups=4,
        feat_extract_norm="group",  # over all of the sound, as in facebook/wav2vec2-base-960h
        layerdrop=0.0,
        mask_time_prob=0.0,
        **{f"{name}_dropout": 0.0 for name in dropouts},
    )
    return transformers.Wav2Vec2ForCTC(config)


def _train(model, processor, rng: np.random.Generator, *, steps: int, rate: float = 3e-3) -> None:
    """Teach the model, frame by frame, what each frame should write.

    The CTC loss has to find out when each letter sounds, and had learnt no word after a minute. Here the times are
    known, so plain cross-entropy gets there in seconds, and the times of the letters are right as well.
    """
    adam = torch.optim.Adam(model.parameters())
    schedule = torch.optim.lr_scheduler.OneCycleLR(adam, rate, total_steps=steps, pct_start=0.1)
    model.train()
    for _ in range(steps):
        # of one length, for padding would shift the statistics of group norm; and one without a word, or the noise
        # of a silent stretch, which the processor makes as loud as speech, would be read as letters
        clips = [speak(n, rng, seconds=3.0) for n in (0, 2, 2, 2)]
        logits = model(**processor([clip.y for clip in clips], sampling_rate=SR, return_tensors="pt")).logits
        labels = np.stack([_frame_labels(clip.letters, logits.shape[1]) for clip in clips])
        loss = torch.nn.functional.cross_entropy(logits.transpose(1, 2), torch.from_numpy(labels))
        adam.zero_grad()
        loss.backward()
        torch.nn.utils.clip_grad_norm_(model.parameters(), 1.0)
        adam.step()
        schedule.step()
    model.eval()


def _frame_labels(letters: pd.DataFrame, n_frames: int) -> np.ndarray:
    """The token each frame should write: blank (<pad>, 0) wherever nothing sounds, also between two letters."""
    centres = (np.arange(n_frames) * STRIDE + WINDOW / 2) / SR
    labels = np.zeros(n_frames, int)
    for row in letters.itertuples():
        labels[(row.onset <= centres) & (centres < row.offset)] = TOKENS.index(row.token)
    return labels
