"""The columns of an archive's tables, and what is known of its recordings beside what was measured in them."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq

from . import codebook, data_prep, features, segments, storage
from .deep_learning import talk
from .deep_learning.diarise import name_voices
from .errors import TutorialError
from .metadata import TEXT

VOICE_COLUMNS = ["recording", "speaker", "seconds", "vector"]
VECTOR = pd.ArrowDtype(pa.list_(pa.float32()))
FAILURE_COLUMNS = ["recording", "path", "error", "reason"]
# of these, a summary needs all frames at once; of the others it is a mean, and sums of two minutes are enough
KEPT = ["recording", "time", "f0", "f0_floor", "f0_ceiling", "voiced", "nucleus", "level"]


def _frames_of_noise() -> pd.DataFrame:
    """The frames of a second of noise: the columns of a dataset's tables are those that they lead to."""
    return features.frame_table(np.random.default_rng(0).normal(0, 0.1, data_prep.SR)).assign(recording="")


def summary_columns(parameters: dict[str, Any]) -> list[str]:
    """The columns of what is measured in a whole recording.

    Parameters
    ----------
    parameters : dict
        Of a dataset: `turns_and_words` says whether it has turns and words.
    """
    frames = _frames_of_noise()
    measures = [*segments.measure(frames, segments.whole(frames)), "damage"]
    return [*measures, *talk.ABOUT] if parameters["turns_and_words"] else measures


def dataset_columns(parameters: dict[str, Any]) -> list[str]:
    """The columns of all of a dataset's tables, but for what is known of its recordings.

    Parameters
    ----------
    parameters : dict
        As in `summary_columns`.
    """
    frames = _frames_of_noise()
    columns = [*frames, *summary_columns(parameters), *FAILURE_COLUMNS]
    if parameters["turns_and_words"]:
        columns += sum(map(list, talk.tables("", frames[KEPT], None, None).values()), [])
    if parameters["speakers"]:
        columns += [*VOICE_COLUMNS, "person"]
    return columns


def known_columns(recordings: pd.DataFrame, measured: list[str]) -> pd.DataFrame:
    """What is known of recordings, as columns for a table that also has their measures.

    Parameters
    ----------
    recordings : DataFrame
        As `Corpus.recordings`, indexed by name.
    measured : list of str
        The columns of the measures: a known column of the same name gets `given_` before it.

    Returns
    -------
    DataFrame
        The same rows, without the paths, which differ from machine to machine.
    """
    known = recordings.drop(columns="path").rename(columns=str)
    known = known.astype({column: TEXT for column in known if known[column].dtype == object})
    # Parquet has no whole seconds: with them, a date that was read again would seem to have changed
    known = known.astype(dict.fromkeys(known.select_dtypes("datetime"), "datetime64[ns]"))
    return known.rename(columns={column: f"given_{column}" for column in known.columns.intersection(measured)})


def describe_known(columns: list[str]) -> dict[str, dict[str, str]]:
    """The codebook's definitions of what is known; a column of the researcher's own is said to be one.

    Parameters
    ----------
    columns : list of str

    Returns
    -------
    dict
        As `codebook.describe`.
    """
    definitions: dict[str, dict[str, str]] = {}
    for column in columns:
        try:
            definitions |= codebook.describe([column])
        except TutorialError:
            definitions[column] = {"unit": "", "meaning": "a column of metadata.csv", "source": "metadata.csv"}
    return definitions


def beside(known: pd.DataFrame, summary: pd.DataFrame) -> pd.DataFrame:
    """One recording's row: its name, what is known of it, and its measures.

    Parameters
    ----------
    known : DataFrame of one row
        Of `known_columns`.
    summary : DataFrame of one row
        `recording`, and measures.
    """
    parts = [summary[["recording"]], known.reset_index(drop=True), summary.drop(columns="recording")]
    return pd.concat(parts, axis=1)


def refresh(out: str | Path, known: pd.DataFrame, measured: list[str]) -> None:
    """Bring the table of recordings up to date with what is known now; measures stay as they are.

    Parameters
    ----------
    out : str or Path
        A dataset of `scaling_up.extract`.
    known : DataFrame
        Of `known_columns`; recordings that are not in it stay as they are.
    measured : list of str
        The columns of the measures.
    """
    fs, place = storage.locate(storage.absolute(out))
    there = storage.files_in(fs, f"{place}/recordings")
    for name in known.index:
        file = f"{place}/recordings/{storage.file_name(name)}"
        if storage.file_name(name) in there:
            old = storage.read_table(fs, file)
            row = pa.Table.from_pandas(known.loc[[name]], preserve_index=False)
            own = [column for column in old.column_names if column in measured]
            columns = [*own[:1], *row.column_names, *own[1:]]  # after the recording's name, as `beside` has them
            new = pa.table({column: (row if column in row.column_names else old)[column] for column in columns})
            if not new.equals(old):
                with storage.atomic_write(fs, file) as opened:
                    pq.write_table(new.replace_schema_metadata(old.schema.metadata), opened, compression="zstd")
    about = json.loads(fs.cat_file(f"{place}/metadata.json"))
    if not known.columns.isin(about["codebook"]).all():
        about["codebook"] |= describe_known(list(known.columns))
        with storage.atomic_write(fs, f"{place}/metadata.json") as opened:
            opened.write(f"{json.dumps(about, indent=2)}\n".encode())


def voices_table(name: str, voices: pd.DataFrame) -> pd.DataFrame:
    """The voices of one recording, with types that are the same for all recordings.

    Parameters
    ----------
    name : str
        The recording's.
    voices : DataFrame
        Of `diarise.who_speaks_in_file`.

    Returns
    -------
    DataFrame
        A row a voice: `recording`, `speaker`, `seconds` of speech, and `vector`.
    """
    table = voices.assign(recording=name)[VOICE_COLUMNS]
    vectors = [np.asarray(vector, float).tolist() for vector in table["vector"]]
    types = {"recording": TEXT, "speaker": TEXT, "seconds": "float64"}
    return table.astype(types).assign(vector=pd.Series(vectors, table.index, dtype=VECTOR))


def write_speakers(out: str | Path) -> None:
    """Write the table `speakers`: which voices of the recordings are one person's, a row a voice.

    Parameters
    ----------
    out : str or Path
        A dataset of `scaling_up.extract`.
    """
    fs, place = storage.locate(storage.absolute(out))
    files = sorted(storage.files_in(fs, f"{place}/voices"))
    tables = [storage.read_table(fs, f"{place}/voices/{file}").to_pandas() for file in files]
    voices = pd.concat(tables, ignore_index=True) if tables else voices_table("", pd.DataFrame(columns=VOICE_COLUMNS))
    named = voices[["recording", "speaker", "seconds"]].assign(person=name_voices(voices))
    fs.makedirs(f"{place}/speakers", exist_ok=True)
    with storage.atomic_write(fs, f"{place}/speakers/all.parquet") as file:
        pq.write_table(pa.Table.from_pandas(named, preserve_index=False), file)
