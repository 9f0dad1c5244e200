"""The exercises of lesson 05."""

from __future__ import annotations

import numpy as np
import pandas as pd

from .judge import Exercise

# 05.2: a table of turns, and recordings drawn from it


def _draw_cases() -> dict:
    """Five turns of three recordings of unequal length, and draws of these: A has 10 errors in 40 words, B 5 in 100,
    C 9 in 60."""
    turns = pd.DataFrame(
        {"recording": list("AABCC"), "words": [10, 30, 100, 20, 40], "errors": [1, 9, 5, 8, 1]},
    )
    known = {"AAB": 25 / 180, "BCC": 23 / 220, "ABC": 24 / 200}
    return {f"a draw of {', '.join(drawn)}": ((turns, list(drawn)), right) for drawn, right in known.items()}


def _pooled_rate(turns, drawn):
    """The word error rate of a draw, every recording as often as it was drawn."""
    together = pd.concat([turns[turns["recording"] == one] for one in drawn])
    return together["errors"].sum() / together["words"].sum()


def _each_name_once(turns, drawn):
    return _pooled_rate(turns, sorted(set(drawn)))


def _mean_of_recordings(turns, drawn):
    return np.mean([_pooled_rate(turns, [one]) for one in drawn])


def _mean_of_turns(turns, drawn):
    together = pd.concat([turns[turns["recording"] == one] for one in drawn])
    return np.mean(together["errors"] / together["words"])


# 05.3: words and turns, and who says each word


def _word_and_turn_cases() -> dict:
    """Three words each; the second is the one that asks for care. A pause lies between the turns of the last case."""
    speakers = ["host", "guest"]
    close = pd.DataFrame({"onset": [0.0, 10.0], "offset": [10.0, 20.0], "speaker": speakers})
    apart = pd.DataFrame({"onset": [0.0, 14.0], "offset": [10.0, 20.0], "speaker": speakers})
    known = {
        "a word that is timed to begin just before its turn": (close, (9.9, 10.5), "guest"),
        "a word that is timed to end just after its turn": (close, (9.5, 10.1), "host"),
        "a word in the pause between two turns": (apart, (11.8, 12.2), "nobody"),
    }
    cases = {}
    for name, (turns, (onset, offset), speaker) in known.items():
        words = pd.DataFrame({"onset": [4.0, onset, 15.0], "offset": [4.5, offset, 15.5], "word": ["yes", "it", "is"]})
        cases[name] = ((words, turns), ["host", speaker, "guest"])
    return cases


def _speakers_at(times, turns):
    """Who speaks at each of some times (s)."""
    found = [turns.loc[(turns["onset"] <= time) & (time < turns["offset"]), "speaker"] for time in times]
    return [speakers.iloc[0] if len(speakers) else "nobody" for speakers in found]


def _middles(words):
    return (words["onset"] + words["offset"]) / 2


def _last_to_begin(words, turns):
    return [turns.loc[turns["onset"] <= time, "speaker"].iloc[-1] for time in _middles(words)]


def _speaker_at_both_ends(words, turns):
    first, last = _speakers_at(words["onset"], turns), _speakers_at(words["offset"], turns)
    return [one if one == other else "nobody" for one, other in zip(first, last, strict=True)]


def _without_nobody(words, turns):
    return [name for name in _speakers_at(_middles(words), turns) if name != "nobody"]


# 05.4: columns of known mean and spread, to be scaled


def _columns_to_scale() -> dict:
    """Pitch (mean 120, SD 20 Hz) and level (mean -30, SD 4 dB) in training; a test part whose scaled values are set."""
    mean, sd = np.array([120.0, -30.0]), np.array([20.0, 4.0])
    train = mean + sd * np.tile([[-1.0, 1.0], [1.0, 1.0], [-1.0, -1.0], [1.0, -1.0]], (50, 1))  # means 0, SDs 1
    scaled = {
        "a test part like the training part": np.array([[-1.0, 0.5], [0.0, -1.5], [1.5, 1.0], [-0.5, -1.0]]),
        "a test part that is higher and louder": np.array([[2.0, 3.0], [3.5, 2.5], [3.0, 4.5]]),
    }
    return {name: ((train, mean + sd * right), right) for name, right in scaled.items()}


def _scaled_by_all(train, test):
    together = np.concatenate([train, test])
    return (test - together.mean(axis=0)) / together.std(axis=0)


# 05.5: true and predicted labels


def _label_cases() -> dict:
    """Labels that are rare or more than two, with the balanced accuracy as counted by hand."""
    known = {("aabbbb", "abbbbb"): 3 / 4, ("aaaaab", "aaaaaa"): 1 / 2, ("abbccc", "abbcca"): 8 / 9}
    return {
        f"truth {' '.join(truth)} and predicted {' '.join(predicted)}": ((list(truth), list(predicted)), right)
        for (truth, predicted), right in known.items()
    }


def _counts_of_labels(truth, predicted):
    """For each true label: how often it was predicted right, how often it is true, how often it was predicted."""
    pairs = list(zip(truth, predicted, strict=True))
    labels = sorted(set(truth))
    return np.transpose([(pairs.count((one, one)), truth.count(one), predicted.count(one)) for one in labels])


def _recalls(truth, predicted):
    hits, true, _ = _counts_of_labels(truth, predicted)
    return hits / true


def _accuracy(truth, predicted):
    return np.mean(np.array(truth) == np.array(predicted))


def _precision(truth, predicted):
    hits, _, named = _counts_of_labels(truth, predicted)
    with np.errstate(invalid="ignore"):  # a label that is never predicted: 0 of 0
        return np.mean(hits / named)


def _macro_f1(truth, predicted):
    hits, true, named = _counts_of_labels(truth, predicted)
    return np.mean(2 * hits / (true + named))


def _mean_over_predicted_labels(truth, predicted):
    labels = sorted(set(truth))
    shares = dict(zip(labels, _recalls(truth, predicted), strict=True))
    return np.mean([shares[one] for one in set(predicted)])


EXERCISES = {
    "05.1": Exercise(
        right=5 / 9,
        tolerance=0.005,
        praise="Two words substituted, one left out and two put in, over the nine that were said.",
        otherwise="write the normalised texts one above the other, and count the words substituted, left out and put "
        "in. What was said, expanded, has how many words?",
        mistakes={
            "that is the number of errors. A rate divides it by the words that were said.": 5,
            "that is right in percent. A rate is a share: divide by 100.": 100 * 5 / 9,
            "that divides by the words heard. The rate takes the words that were said.": 5 / 10,
            "words that were put in are errors too.": 3 / 9,
            "that is the share that is left when errors are taken off. Asked for are the errors.": 4 / 9,
            "a contraction and its expansion are the same words: normalise both sides before you count.": 7 / 8,
        },
    ),
    "05.2": Exercise(
        cases=_draw_cases,
        praise="Whole recordings come and go, and one that is drawn twice counts twice.",
        otherwise="put together the turns of all recordings in the draw, then divide all errors by all words.",
        mistakes={
            "a recording drawn twice counts twice. Asking which turns are in the draw counts it once.": _each_name_once,
            "that is a mean of recordings' rates, in which a short one weighs as much as a long one. Pool first.": (
                _mean_of_recordings
            ),
            "that is a mean of turns' rates, in which a short turn weighs as much as a long one. Pool first.": (
                _mean_of_turns
            ),
            "that is the rate of the whole table. It does not depend on what was drawn.": (
                lambda turns, drawn: turns["errors"].sum() / turns["words"].sum()
            ),
            "that is right in percent. Give the rate as a share.": lambda turns, drawn: (
                100 * _pooled_rate(turns, drawn)
            ),
            "that is how many words there are for each error. Turn the fraction over.": (
                lambda turns, drawn: 1 / _pooled_rate(turns, drawn)
            ),
        },
    ),
    "05.3": Exercise(
        cases=_word_and_turn_cases,
        praise="A middle forgives a time that is a little off, and a pause belongs to nobody.",
        otherwise="for each word, which turn has begun and not yet ended at the word's middle?",
        mistakes={
            "you ask who speaks at the word's onset, which is often a little early. Ask at its middle.": (
                lambda words, turns: _speakers_at(words["onset"], turns)
            ),
            "you ask who speaks at the word's end, which is often a little late. Ask at its middle.": (
                lambda words, turns: _speakers_at(words["offset"], turns)
            ),
            "you take the last turn that has begun, and it may be over. Ask about its end too.": _last_to_begin,
            "you ask that the whole word lies in a turn. Times are a little off: its middle is enough.": (
                _speaker_at_both_ends
            ),
            "a word that nobody says is missing. Keep one name a word, or names slip against words.": _without_nobody,
        },
    ),
    "05.4": Exercise(
        cases=_columns_to_scale,
        tolerance=0.01,  # whoever divides by n - 1 is right too
        praise="What is unusual in the test part stays unusual: its scale was made without it.",
        otherwise="take mean and standard deviation of each training column, and use both on the test part.",
        mistakes={
            "you scaled the test part by itself. A louder day would look like any other: take the training's scale.": (
                lambda train, test: (test - test.mean(axis=0)) / test.std(axis=0)
            ),
            "you fitted on both parts together, so the test part helped to set its own scale.": _scaled_by_all,
            "that is one mean and one spread for all columns. Hz and dB need one each: look at the axis.": (
                lambda train, test: (test - train.mean()) / train.std()
            ),
            "you divided by the variance. Its square root is the standard deviation.": (
                lambda train, test: (test - train.mean(axis=0)) / train.var(axis=0)
            ),
            "the mean is off, the spread is not: divide by the standard deviation too.": (
                lambda train, test: test - train.mean(axis=0)
            ),
            "that is the training part, scaled. Asked for is the test part.": (
                lambda train, test: (train - train.mean(axis=0)) / train.std(axis=0)
            ),
        },
    ),
    "05.5": Exercise(
        cases=_label_cases,
        praise="A label of one case in six counts as much as the label of the other five.",
        otherwise="for each label in truth, which share of its cases was predicted right?",
        mistakes={
            "that is accuracy, in which a common label counts more. Take a share for each label first.": _accuracy,
            "that divides by how often a label was predicted. Divide by how often it is true.": _precision,
            "that is macro-F1. Here only the true cases of each label count.": _macro_f1,
            "a label that is never predicted counts too, with a share of 0: go through the labels in truth.": (
                _mean_over_predicted_labels
            ),
            "that is the sum over the labels. Divide by how many there are.": (
                lambda truth, predicted: np.sum(_recalls(truth, predicted))
            ),
            "there may be more labels than two: divide by how many there are.": (
                lambda truth, predicted: np.sum(_recalls(truth, predicted)) / 2
            ),
            "two lists compared with == give one answer for the whole. Make arrays of them first.": (
                lambda truth, predicted: np.mean(truth == predicted)
            ),
        },
    ),
}
