"""Every column of every table that leaves a public function has one definition in the codebook."""

import importlib
import inspect
import json
import pkgutil
import re
from fnmatch import fnmatchcase
from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest
import soundfile
import statsmodels.api as sm
from distributed import Client

import tutorial_helpers
from tutorial_helpers import (
    annotations,
    codebook,
    corpora,
    data_prep,
    described,
    features,
    manifest,
    metadata,
    praat,
    scaling_up,
    segments,
    voice,
)
from tutorial_helpers.deep_learning import align, diarise, language, learn, recognise, score, speakers, talk
from tutorial_helpers.errors import TutorialError
from tutorial_helpers.statistics import across, measurement, within

SR = 16_000

NO_LESSON_CODE = ("exercises", "project", "__main__")  # they judge answers and run lessons; what they make is no data

# functions whose columns the codebook cannot define, and why
NOT_DEFINED = {
    "codebook.table": "its rows are the definitions",
    "corpora.load_address": "the table of `load_folder`, of files that are fetched first",
    "deep_learning.learn.choose_label": "a Series of one value a segment, without a name",
    "segments.around": "the columns of the segments that it is given",
    "statistics.across.weekly": "a column for each series, named by the recordings' group or speaker",
    "statistics.within.standardise": "the columns of the table that it is given",
}


@pytest.fixture(scope="module")
def given(tmp_path_factory, request):
    """What the functions are called with: three seconds of a host of the show, and small tables made of them."""
    show = corpora.load("show")
    spoken = corpora.spoken(show)
    turn = spoken.iloc[[0]].assign(offset=lambda table: table["onset"] + 3.0)
    path, onset = turn[["path", "onset"]].iloc[0]
    y = data_prep.read(path, start=onset, seconds=3.0)
    rng = np.random.default_rng(0)
    chosen, _ = across.choose_design(show.recordings, rng, event_date="2024-07-01")
    measures = {name: rng.normal(size=len(chosen)) for name in [*across.MEASURES, *across.ALSO_MEASURED]}
    folder = tmp_path_factory.mktemp("recordings")
    soundfile.write(folder / "20240101_voice.wav", y, SR)
    annotations.write(turn.assign(onset=0.0, offset=3.0, kind="speech"), folder / "20240101_voice.srt")
    recordings = corpora.load(folder).recordings
    lost = recordings.assign(path=str(folder / "lost.wav")).rename({"20240101_voice": "lost"})
    with Client(processes=False, n_workers=1, threads_per_worker=1, dashboard_address=None) as client:
        status = scaling_up.extract(pd.concat([recordings, lost]), folder / "measures", client=client)
    return SimpleNamespace(
        show=show,
        spoken=spoken,
        turn=turn,
        path=path,
        y=y,
        rng=rng,
        frames=features.frame_table(y).assign(recording=turn["recording"].iloc[0]),
        turns=pd.DataFrame({"onset": [0.0, 1.5], "offset": [1.5, 3.0], "speaker": ["host", "cohost"]}),
        voices=pd.DataFrame({"recording": ["a"], "speaker": ["voice 1"], "seconds": [9.0], "vector": [np.ones(3)]}),
        words=pd.DataFrame({"recording": "a", "onset": [0.1], "offset": [0.5], "word": ["Good"]}),
        chosen=chosen,
        episodes=pd.DataFrame({"recording": chosen.index, "speaker": "host", **measures}),
        series=rng.normal(size=40),
        terms=across.event_terms(40, 20),
        folder=folder,
        recordings=recordings,
        status=status,
        counted=pd.DataFrame({"words": [3], "errors": [1], "speaker": "host", "recording": "a"}),
        load_prompts=lambda: request.getfixturevalue("prompts"),
    )


def tables_of_corpus(corpus):
    tables = (corpus.recordings, corpus.turns, corpus.outcome, corpus.words, corpus.annotated)
    return [table for table in tables if table is not None]


def archive(given):
    """The tables of an archive on disk."""
    out = given.folder / "measures"
    return [
        *(pd.read_parquet(out / folder) for folder in scaling_up.FOLDERS),
        pd.read_parquet(out / "failures.parquet"),
    ]


# each public function that returns a table, and a call that gives its table, or its tables
PRODUCERS = {
    "annotation_files.read": lambda given: annotations.read(given.folder / "20240101_voice.srt"),
    "annotations.beside": lambda given: [
        table for table in annotations.beside(given.folder, given.recordings).values() if table is not None
    ],
    "corpora.load": lambda given: tables_of_corpus(corpora.load("show")),
    "corpora.load_folder": lambda given: tables_of_corpus(corpora.load_folder(given.folder)),
    "corpora.load_prompts": lambda given: tables_of_corpus(given.load_prompts()),
    "corpora.load_show": lambda given: tables_of_corpus(given.show),
    "corpora.pick": lambda given: corpora.pick(given.show),
    "corpora.spoken": lambda given: given.spoken,
    "data_prep.probe": lambda given: data_prep.probe(given.path),
    "data_prep.quality": lambda given: data_prep.quality(given.y, SR),
    "data_prep.voice_activity": lambda given: data_prep.voice_activity(given.y),
    "deep_learning.align.align": lambda given: align.align(
        pd.DataFrame({"speaker": ["host"], "text": ["good day to you"]}),
        pd.DataFrame({"onset": [0.0], "offset": [1.0], "word": ["good"]}),
    ),
    "deep_learning.align.read_transcript": lambda given: align.read_transcript(given.folder / "20240101_voice.srt"),
    "deep_learning.diarise.name_voices": lambda given: diarise.name_voices(given.voices).to_frame("person"),
    "deep_learning.diarise.who_speaks": lambda given: diarise.who_speaks(given.y),
    "deep_learning.diarise.who_speaks_in_file": lambda given: diarise.who_speaks_in_file(
        given.folder / "20240101_voice.wav"
    ),
    "deep_learning.language.detect_language": lambda given: language.detect_language(given.y),
    "deep_learning.language.language_of_file": lambda given: language.language_of_file(
        given.folder / "20240101_voice.wav"
    ),
    "deep_learning.learn.classification_scores": lambda given: learn.classification_scores(
        ["a", "b"], ["a", "a"], [1, 2], given.rng
    ),
    "deep_learning.learn.embed_segments": lambda given: learn.embed_segments(
        given.turn, seconds=2.0, find_speech=False
    ),
    "deep_learning.learn.embed_windows": lambda given: learn.embed_windows(given.turn, seconds=2.0, hop=2.0),
    "deep_learning.recognise.recognition_pieces": lambda given: recognise.recognition_pieces(given.y),
    "deep_learning.recognise.transcribe": lambda given: recognise.transcribe(given.y, SR),
    "deep_learning.recognise.transcribe_file": lambda given: recognise.transcribe_file(
        given.folder / "20240101_voice.wav"
    ),
    "deep_learning.score.error_rates": lambda given: score.error_rates(
        given.counted, "speaker", cluster="recording", rng=given.rng
    ),
    "deep_learning.score.recognise_segments": lambda given: score.recognise_segments(given.turn),
    "deep_learning.score.recognised_on_show": lambda given: score.recognised_on_show(given.spoken.head(2)),
    "deep_learning.score.word_errors": lambda given: score.word_errors(["a b c"], ["a x c"]),
    "deep_learning.speakers.diarisation_error": lambda given: speakers.diarisation_error(given.turns, given.turns, 3),
    "deep_learning.speakers.speech_windows": lambda given: speakers.speech_windows(given.y),
    "deep_learning.talk.heard_in": lambda given: talk.heard_in(given.folder / "20240101_voice.wav", "tiny.en", "en"),
    "deep_learning.talk.tables": lambda given: talk.tables("a", given.frames, given.turns, given.words).values(),
    "deep_learning.talk.voices_in": lambda given: talk.voices_in(given.folder / "20240101_voice.wav", 1),
    "deep_learning.talk.doubts": lambda given: talk.doubts(given.words.assign(probability=0.9), "tiny.en").to_frame(
        "flag"
    ),
    "deep_learning.talk.turns_of_words": lambda given: talk.turns_of_words(given.words),
    "described.beside": lambda given: described.beside(given.recordings[["date"]], given.recordings.reset_index()),
    "described.known_columns": lambda given: described.known_columns(
        given.recordings.assign(language="en"), ["language"]
    ),
    "described.voices_table": lambda given: described.voices_table("a", given.voices),
    "features.frame_table": lambda given: features.frame_table(given.y),
    "features.frames_of_file": lambda given: features.frames_of_file(given.folder / "20240101_voice.wav"),
    "features.frames_of_segments": lambda given: features.frames_of_segments(given.turn),
    "metadata.read_table": lambda given: metadata.read_table(corpora.SHOW / "metadata.csv", "metadata.csv"),
    "metadata.read_metadata": lambda given: metadata.read_metadata(corpora.SHOW / "metadata.csv", "metadata.csv"),
    "metadata.recordings_in": lambda given: metadata.recordings_in(given.folder),
    "metadata.recordings_table": lambda given: metadata.recordings_table({}),
    "praat.pitch_of": lambda given: praat.pitch_of(lambda a, b: given.y[a:b], len(given.y), SR, 75.0, 500.0, 1.0),
    "scaling_up.extract": lambda given: [given.status, *archive(given)],
    "segments.measure": lambda given: segments.measure(given.frames, segments.whole(given.frames)),
    "segments.of_excerpt": lambda given: segments.of_excerpt(
        given.show.turns, given.show.default, start=0.0, seconds=60.0
    ),
    "segments.whole": lambda given: segments.whole(given.frames),
    "segments.windows": lambda given: segments.windows(given.frames, 1.0),
    "statistics.across.choose_design": lambda given: given.chosen,
    "statistics.across.choose_segments": lambda given: across.choose_segments(
        given.spoken.head(2), given.chosen, given.rng
    ),
    "statistics.across.design_table": lambda given: across.design_table(given.episodes, given.chosen),
    "statistics.across.event_fits": lambda given: across.event_fits(given.series, 20).values(),
    "statistics.across.event_study": lambda given: across.event_study(given.series, 20),
    "statistics.across.event_terms": lambda given: given.terms,
    "statistics.across.known_speakers": lambda given: across.known_speakers(given.episodes, given.rng)[0],
    "statistics.across.placebo_effects": lambda given: across.placebo_effects(given.series, 20),
    "statistics.measurement.calibrate": lambda given: measurement.calibrate(
        given.series, given.series, np.where(np.arange(40) < 20, given.series, np.nan)
    ),
    "statistics.measurement.robustness": lambda given: measurement.robustness(
        [given.y[:SR], given.y[SR : 2 * SR], given.y[2 * SR :]], given.rng
    ),
    "statistics.measurement.simex": lambda given: measurement.simex(
        given.series, given.rng.normal(size=(40, 2)), given.rng, boots=2
    ),
    "statistics.measurement.simulated": lambda given: map(measurement.simulated, ["ladder", "series", "coverage"]),
    "statistics.within.gls_ar1": lambda given: within.gls_ar1(given.series, given.terms)[0],
    "statistics.within.planted_vs_estimated": lambda given: within.planted_vs_estimated(
        {"after": 0.0}, across.event_fits(given.series, 20)
    ),
    "statistics.within.speaker_windows": lambda given: within.speaker_windows(
        given.frames.drop(columns="recording"), given.turns, "host", seconds=1.0
    ),
    "statistics.within.terms": lambda given: within.terms(sm.OLS(given.series, given.terms).fit()),
    "voice.pitch": lambda given: voice.pitch(given.y),
}


def manifest_table(given):
    """A manifest as it is written, with the column that a publisher may add."""
    return pd.read_csv(manifest.write_manifest(given.folder)).assign(url="")


@pytest.fixture(scope="module")
def tables(given):
    """The tables of each function that can be called here: not all can without PyTorch, or without the prompts."""
    found = {"manifest.write_manifest": [manifest_table(given)]}
    for name, produce in PRODUCERS.items():
        try:
            made = produce(given)
        except pytest.skip.Exception:
            continue
        found[name] = [made] if isinstance(made, pd.DataFrame | pd.Series) else list(made)
    return found


def columns_of(table):
    """The names that want a definition: columns and the names of the index, or the entries of a row."""
    if isinstance(table, pd.Series):
        return {str(name) for name in table.index}
    return {str(name) for name in [*table.columns, *table.index.names] if name is not None}


def all_columns(tables):
    return {name: set().union(*map(columns_of, made)) for name, made in tables.items()}


def public_functions():
    """The package's public functions by their names in it."""
    found = {}
    for module in pkgutil.walk_packages(tutorial_helpers.__path__, "tutorial_helpers."):
        name = module.name.removeprefix("tutorial_helpers.")
        if name.split(".")[0] in NO_LESSON_CODE:
            continue
        for function in vars(importlib.import_module(module.name)).values():
            own = callable(function) and getattr(function, "__module__", "") == module.name
            if own and not inspect.isclass(function) and not function.__name__.startswith("_"):
                found[f"{name}.{function.__name__}"] = function
    return found


def test_every_public_function_that_returns_a_table_is_called_here():
    annotations = {name: str(inspect.signature(of).return_annotation) for name, of in public_functions().items()}
    returns_table = {name for name, kind in annotations.items() if re.search("DataFrame|Series|Corpus", kind)}
    assert returns_table == PRODUCERS.keys() | NOT_DEFINED.keys()


def test_every_column_of_every_table_has_one_definition(tables):
    patterns = list(codebook.table().index)
    definitions = {
        (function, column): [name for name in patterns if fnmatchcase(column, name)]
        for function, columns in all_columns(tables).items()
        for column in columns
    }
    assert {where: names for where, names in definitions.items() if len(names) != 1} == {}
    assert all(entry["meaning"] for entry in codebook.describe({column for _, column in definitions}).values())


def test_every_definition_is_of_a_column_of_some_table(tables):
    if missing := PRODUCERS.keys() - tables.keys():
        pytest.skip(f"cannot be called here: {', '.join(missing)}")
    columns = set().union(*all_columns(tables).values())
    unused = [name for name in codebook.table().index if not any(fnmatchcase(column, name) for column in columns)]
    assert unused == []


def test_a_column_without_a_definition_is_refused_by_its_name():
    with pytest.raises(TutorialError, match="codebook has no column 'loudness'"):
        codebook.describe(["f0", "loudness"])


def names_in_docstring(function):
    """What a docstring's Returns or Yields puts between backticks, but for parameters, functions and paths."""
    found = re.search(r"^(Returns|Yields)\n-+\n(.*?)(?=^\w[^\n]*\n-+\n|\Z)", inspect.getdoc(function), re.M | re.S)
    names = {name for name in re.findall(r"`([^`]+)`", found[2]) if not re.search("[.()]", name)} if found else set()
    functions = {name.rpartition(".")[2] for name in public_functions()}
    return names - functions - set(inspect.signature(function).parameters)


def test_the_columns_that_a_docstring_says_are_returned_are_there(tables):
    functions, columns = public_functions(), all_columns(tables)
    assert names_in_docstring(features.frame_table) >= {"time", "mfcc_13"}
    absent = {}
    for name in PRODUCERS.keys() & tables.keys():
        labels = {label for table in tables[name] for label in table.index if isinstance(label, str)}
        absent[name] = names_in_docstring(functions[name]) - columns[name] - labels
    assert {name: names for name, names in absent.items() if names} == {}


def test_an_archive_defines_all_columns_of_its_tables_and_no_others(given):
    about = json.loads((given.folder / "measures" / "metadata.json").read_text())
    assert about["codebook"] == codebook.describe(set().union(*map(columns_of, archive(given))))
