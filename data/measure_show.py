"""Print what the project's own helpers find in the show: the numbers of the data card's last table.

Run `python data/measure_show.py`, some three minutes. Tempo, chords and reactions: lessons 03 and 04.
"""

from __future__ import annotations

import numpy as np

from tutorial_helpers import corpora, data_prep, features, segments
from tutorial_helpers.deep_learning import recognise, score
from tutorial_helpers.statistics import across, within

SR = data_prep.SR


def change(values, after):
    return values[after == 1].mean() - values[after == 0].mean()


def voice_activity(show):
    """The share of 10 ms steps, more than 0.2 s from a turn's edge, that detector and turns judge alike."""
    right, total = [], []
    speech = show.turns[show.turns["kind"] == "speech"]
    for name, path in show.recordings["path"].items():
        y, turns = data_prep.read(path), speech[speech["recording"] == name]
        steps = np.arange(0, len(y) / SR, 0.01)
        edges = turns[["onset", "offset"]].to_numpy().ravel()
        far = np.abs(steps[:, None] - edges).min(axis=1) > 0.2
        same = data_prep.inside(steps, data_prep.voice_activity(y)) == data_prep.inside(steps, turns)
        right.append(same[far].sum())
        total.append(far.sum())
    each = np.array(right) / np.array(total)
    print(f"voice activity: {sum(right) / sum(total):.1%}, pilot {each[0]:.1%}, worst episode {each.min():.1%}")


def event(show):
    """What changes at the event, in the host, the co-host and both."""
    episodes = show.recordings[show.recordings["treated"].notna()]
    spoken = corpora.spoken(show)
    own = spoken[spoken["recording"].isin(episodes.index) & spoken["speaker"].isin(["host", "cohost"])]
    frames = features.frames_of_segments(own)
    measured = segments.measure(frames, own, turns=show.turns, by=["recording", "speaker"])
    wide = measured.pivot(index="recording", columns="speaker")
    after = episodes["treated"].astype(float).reindex(wide.index).to_numpy()
    for speaker in ("host", "cohost"):
        pitch, rolloff, rate = (wide[name][speaker] for name in ("semitones", "rolloff", "rate"))
        ratio = rate[after == 1].mean() / rate[after == 0].mean()
        print(
            f"{speaker}: pitch {change(pitch, after):+.2f}, rate x{ratio:.3f}, rolloff {change(rolloff, after):+.0f} Hz"
        )
    level, week = wide["level"].mean(axis=1).to_numpy(), np.arange(len(wide))
    jump, low, high = within.gls_ar1(level, across.event_terms(len(level), int((after == 0).sum())))[0].loc[
        "after", ["estimate", "low", "high"]
    ]
    print(f"level: trend {np.polyfit(week, level, 1)[0]:.3f} dB a week, before/after {change(level, after):+.2f} dB")
    print(f"level: break {jump:+.2f} dB, 95 % from {low:.2f} to {high:.2f}")


def words(show):
    """Word error rates of the packaged recogniser, by who speaks."""
    spoken = corpora.spoken(show)
    clips = (data_prep.read(row.path, start=row.onset, seconds=row.offset - row.onset) for row in spoken.itertuples())
    spoken["heard"] = recognise.transcribe_all(clips, SR)
    hosts = spoken["speaker"].isin(["host", "cohost"])
    groups = [("host and cohost", spoken[hosts]), *spoken[hosts].groupby("speaker")]
    for name, part in [*groups, *spoken[~hosts].groupby("channel")]:
        rate = score.word_error_rate(list(part["text"]), list(part["heard"]))
        print(f"words of {name}: {rate:.1%} wrong in {len(part)} turns")


if __name__ == "__main__":
    show = corpora.load("show")
    voice_activity(show)
    event(show)
    words(show)
