"""Lesson 06: every recording of a corpus measured, on all cores or on many machines, into tables on disk."""

from __future__ import annotations

import json
from contextlib import ExitStack
from importlib.metadata import version
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, BinaryIO

import numpy as np
import pandas as pd
import pyarrow as pa
import pyarrow.parquet as pq
from distributed import Client

from . import annotation_files, cluster, described, features, locking, metadata, segments, storage
from .codebook import describe
from .decoding import Damage, damage_text
from .deep_learning import talk
from .described import FAILURE_COLUMNS, KEPT, dataset_columns, summary_columns
from .errors import TutorialError

# the packages on whose versions the numbers depend: one dataset is made with one version of each
MEASURING = ["audio-as-data-tutorial", "numpy", "scipy", "librosa", "praat-parselmouth", "soundfile", "soxr", "av"]
FOLDERS = ["frames", "recordings"]
OF_TALK = ["turns", "words"]  # folders of a dataset with turns and words
RECOGNISING = ["faster-whisper", "ctranslate2"]  # further packages that words depend on
TRANSCRIPTS = [".srt", ".vtt", ".txt", ".TextGrid"]


def extract(
    recordings: pd.DataFrame,
    out: str | Path,
    *,
    client: Client | str | None = None,
    workers: int | None = None,
    floor: float | None = None,
    ceiling: float | None = None,
    turns: pd.DataFrame | None = None,
    words: pd.DataFrame | None = None,
    recogniser: str | None = None,
    language: str | None = None,
    speakers: int | str | None = None,
) -> pd.DataFrame:
    """Measure each recording, and write its frames and its summary as two tables of Parquet files.

    `out` gets a file a recording in `frames` (as `features.frame_table`, after a column `recording`) and in
    `recordings` (what the table knows of it, `segments.measure` of the whole recording, and `damage`),
    `failures.parquet`, and `metadata.json` (versions, parameters, and what each column means). What is complete is
    never measured again, what failed is: after a crash, with more recordings, or with other metadata, call it again
    with the same `out`. A script of your own calls this under `if __name__ == "__main__":`.

    With turns, words, a recogniser or speakers there are `turns` and `words` too (as `talk.tables` gives them), and in
    `transcripts` each recording's as .srt, .vtt, .txt and .TextGrid. With speakers, the table `speakers` names the
    voices across recordings.
    Lesson: 06_scaling_up.

    Parameters
    ----------
    recordings : DataFrame
        As `Corpus.recordings`: indexed by name, with a column `path`: of a file, or an address that fsspec knows.
    out : str or Path
        A folder, or the address of one, such as s3://bucket/folder.
    client : Client or str, optional
        A Dask client, or the address of a scheduler (tcp://host:8786), whose workers measure. None is this machine.
    workers : int, optional
        How many processes measure on this machine. None is one a core.
    floor, ceiling : float, optional
        The lowest and highest pitch to look for, in Hz. None has each recording's chosen from its sound.
    turns, words : DataFrame, optional
        As `Corpus.turns` and `Corpus.words`.
    recogniser : str, optional
        What writes the words of recordings whose words are not known, as in `talk.heard_in`; None, nothing does.
    language : str, optional
        What is spoken in all of them. None is what a column `language` of `recordings` says, or what is detected.
    speakers : int or "auto", optional
        How many speak in each recording whose turns are not known, or "auto", which has it estimated. None, nobody is
        told from the voices.

    Returns
    -------
    DataFrame
        A row a recording: `status` ("done", "there" (from an earlier call), "failed"), and the `reason` it failed.

    Raises
    ------
    TutorialError
        Where the table, `out` or the cluster is not right, where `out` was made with other versions or parameters,
        and where the scheduler is lost.
    """
    paths = _paths_by_name(recordings)
    out = storage.absolute(out)
    options = {"f0_floor": floor, "f0_ceiling": ceiling, "recogniser": recogniser, "language": language}
    options |= {"speakers": speakers}
    options |= {"turns_and_words": any(each is not None for each in (turns, words, recogniser, speakers))}
    _prepare(out, options)
    with locking.locked(*storage.locate(out)):
        measured = summary_columns(options)
        columns = described.known_columns(recordings, measured)
        done = _extract(paths, _known_of(recordings, columns, turns, words), out, client, workers)
        if speakers is not None:
            described.write_speakers(out)
        described.refresh(out, columns, measured)  # what is known may have changed since a recording was measured
    return done


def _known_of(
    recordings: pd.DataFrame, columns: pd.DataFrame, turns: pd.DataFrame | None, words: pd.DataFrame | None
) -> dict[str, dict[str, Any]]:
    """What is known of each recording: its `columns`, and `turns`, `words` and `language`, None where not known."""
    known: dict[str, dict[str, Any]] = {
        name: {"columns": columns.loc[[name]], "turns": None, "words": None, "language": None} for name in columns.index
    }
    for what, table in (("turns", turns), ("words", words)):
        if table is not None:
            for name, rows in table.groupby("recording"):
                if name in known:
                    known[name][what] = rows
    if "language" in recordings:
        for name, language in recordings["language"].dropna().items():
            known[name]["language"] = language
    return known


def _extract(
    paths: dict[str, str],
    known: dict[str, dict[str, Any]],
    out: str,
    client: Client | str | None,
    workers: int | None,
) -> pd.DataFrame:
    """As `extract`, with its arguments checked, and with `out` to itself."""
    there = _remove_incomplete(out)
    complete = {name for name in paths if storage.file_name(name) in there}
    waiting = storage.by_size({name: path for name, path in paths.items() if name not in complete})
    failed = {name: row for name, row in _read_failures(out).items() if storage.file_name(name) not in there}
    try:
        if waiting:
            with cluster.connected(client, workers) as connected:
                _check_workers(connected, out)
                inputs = {name: (path, known[name]) for name, path in waiting.items()}
                for name, failure in cluster.outcomes(connected, _measure_one, inputs, out=out):
                    failed.pop(name, None)
                    if failure:
                        failed[name] = {"path": waiting[name], **failure}
        _remove_incomplete(out)  # a worker that died has left files
    finally:  # whatever ended the run
        _write_failures(failed, out)
    rows = [
        ("failed", failed[name]["reason"]) if name in failed else ("there" if name in complete else "done", pd.NA)
        for name in paths
    ]
    return pd.DataFrame(rows, pd.Index(paths, name="recording"), ["status", "reason"], dtype=metadata.TEXT)


def _paths_by_name(recordings: pd.DataFrame) -> dict[str, str]:
    """The path of each recording, checked."""
    if "path" not in recordings.columns:
        raise TutorialError(
            f"The table of recordings has no column 'path'. Its columns: {', '.join(map(str, recordings.columns))}."
        )
    if recordings.empty:
        raise TutorialError("The table of recordings is empty. It needs one row a recording.")
    paths: dict[str, str] = {}
    known: dict[str, str] = {}
    for name, path in recordings["path"].items():
        if not isinstance(name, str) or not name:
            raise TutorialError(
                f"The index of the table of recordings holds {name!r}, which is no name. Let texts be its index: "
                "recordings.set_index('name')."
            )
        other = known.setdefault(metadata.same_name(name), name)
        if name in paths or name != other:
            raise TutorialError(
                f"The table of recordings names '{other}' and '{name}', whose files would be one on some machines. "
                "Keep one or rename one."
            )
        if pd.isna(path):
            raise TutorialError(f"The recording '{name}' has no path. Give it one, or leave the row out.")
        paths[name] = storage.absolute(path)
    return paths


def _versions(recogniser: str | None) -> dict[str, str]:
    """The versions here of the packages that measure, and of those that recognise words where a recogniser does."""
    return {package: version(package) for package in MEASURING + RECOGNISING * bool(recogniser)}


def _folders(parameters: dict[str, Any]) -> list[str]:
    """The folders of a dataset's tables; a recording is complete with its file in all of them."""
    return FOLDERS + OF_TALK * bool(parameters["turns_and_words"]) + ["voices"] * bool(parameters.get("speakers"))


def _prepare(out: str, options: dict[str, Any]) -> None:
    """Make the folders and `metadata.json`, or see that what is there was made as it would be made here."""
    folders = _folders(options)
    try:
        fs, place = storage.locate(out)
        fs.invalidate_cache()
        if fs.isfile(place):
            raise TutorialError(f"{out} is a file. Name a folder for the measures.")
        for folder in folders + ["transcripts"] * bool(options["turns_and_words"]):
            fs.makedirs(f"{place}/{folder}", exist_ok=True)
        if not fs.exists(f"{place}/metadata.json"):
            if any(storage.files_in(fs, f"{place}/{folder}") for folder in folders):
                raise TutorialError(
                    f"{out} holds files, and no metadata.json that says how they were made. Name another folder."
                )
            about = {
                "parameters": features.PARAMETERS | options,
                "versions": _versions(options["recogniser"]),
                "codebook": describe(dataset_columns(options)),
            }
            with storage.atomic_write(fs, f"{place}/metadata.json") as file:
                file.write(f"{json.dumps(about, indent=2)}\n".encode())
    except (OSError, ValueError, ImportError, RuntimeError) as error:  # what fsspec raises where it cannot write
        raise TutorialError(f"The folder {out} cannot be used: {error}. Name one that you can write to.") from error
    _check_made_alike(out, options)


def _check_made_alike(out: str, options: dict[str, Any] | None = None) -> dict[str, dict]:
    """The parameters and versions with which `out` is made.

    Raises TutorialError where this process does not see `out`, or has other versions or parameters (and options).
    """
    fs, place = storage.locate(out)
    try:
        about = json.loads(fs.cat_file(f"{place}/metadata.json"))
        made_with = {key: dict(about[key]) for key in ("parameters", "versions")}
    except FileNotFoundError:
        raise TutorialError(
            f"{out} is not there. Workers on several machines need a folder, or an address, that all of them share."
        ) from None
    except (ValueError, KeyError, TypeError) as error:
        raise TutorialError(f"{out}/metadata.json cannot be read ({error}). Name another folder.") from error
    theirs = made_with["parameters"] | made_with["versions"]
    ours = features.PARAMETERS | _versions(made_with["parameters"].get("recogniser")) | (options or {})
    if options is None:  # a worker is told them by `out`
        ours = {key: own for key, own in ours.items() if key not in ("f0_floor", "f0_ceiling")}
    differ = [f"{key} {theirs.get(key)} (here {own})" for key, own in ours.items() if theirs.get(key) != own]
    if differ:
        raise TutorialError(
            f"{out} is made with {', '.join(differ)}. Name another folder, or use those versions and parameters: "
            "measures of two kinds are not mixed."
        )
    return made_with


def _remove_incomplete(out: str) -> set[str]:
    """Remove what a killed run left of recordings that are not complete; the file names of those that are."""
    fs, place = storage.locate(out)
    parameters = _check_made_alike(out)["parameters"]
    there = {folder: storage.files_in(fs, f"{place}/{folder}") for folder in _folders(parameters)}
    complete = {file for file in set.intersection(*there.values()) if file.endswith(".parquet")}
    for folder, files in {"": storage.files_in(fs, place) - {"failures.parquet"}, **there}.items():
        for file in files - complete:
            if file.endswith((".part", ".parquet")):
                fs.rm_file(f"{place}/{folder}/{file}" if folder else f"{place}/{file}")
    return complete


def _check_workers(client: Client, out: str) -> None:
    """Raise TutorialError where there are no workers, or one that would not measure as this process would."""
    if not client.nthreads():
        address = client.scheduler.address
        raise TutorialError(f"The scheduler {address} has no workers. Start some: `dask worker {address}`.")
    for worker, answer in client.run(_check_made_alike, out, on_error="return").items():
        if isinstance(answer, TutorialError):
            raise TutorialError(f"The worker {worker} is not right: {answer}") from answer
        if isinstance(answer, Exception):
            raise TutorialError(
                f"The worker {worker} cannot measure ({type(answer).__name__}: {answer}). Install the same packages "
                "there as here."
            ) from answer


def _measure_one(name: str, task: tuple[str, dict[str, Any]], out: str) -> cluster.Failure:
    """Measure one recording, by its path and what is known of it, and write its files: the work of a worker.

    Returns how that failed, or None. The summary is written last: with it the recording is complete.
    """
    path, known = task
    try:
        made_with = _check_made_alike(out)
        fs, place = storage.locate(out)
        folders = _folders(made_with["parameters"])
        files = {folder: f"{place}/{folder}/{storage.file_name(name)}" for folder in folders}
        if all(map(fs.exists, files.values())):  # Dask lost sight of a worker that had done it
            return None
        with storage.local_file(path) as local, ExitStack() as stack:
            summary_file = stack.enter_context(storage.atomic_write(fs, files["recordings"]))
            with storage.atomic_write(fs, files["frames"]) as frames_file:
                summary, frames = _write_frames(name, local, frames_file, made_with)
            if made_with["parameters"]["turns_and_words"]:
                tables, about = _talk_in(name, local, frames, known, made_with["parameters"])
                summary = summary.assign(**about).astype(talk.ABOUT)
                _write_transcripts(name, tables, out)
                for folder, table in tables.items():
                    with storage.atomic_write(fs, files[folder]) as file:
                        pq.write_table(_arrow(table, made_with), file, compression="zstd")
            row = described.beside(known["columns"], summary)
            pq.write_table(_arrow(row, made_with), summary_file, compression="zstd")
    except Exception as error:  # it becomes a row of the failures
        return {"error": type(error).__name__, "reason": str(error) or repr(error)}
    return None


def _talk_in(
    name: str, path: str, frames: pd.DataFrame, known: dict[str, Any], parameters: dict[str, Any]
) -> tuple[dict[str, pd.DataFrame], dict[str, Any]]:
    """The tables of turns and words of a recording, and what its words were heard with."""
    turns, words, about = known["turns"], known["words"], dict.fromkeys(talk.ABOUT)
    voices = pd.DataFrame(columns=["speaker", "seconds", "vector"])
    if turns is None and parameters.get("speakers"):
        turns, voices = talk.voices_in(path, parameters["speakers"])
    language = parameters["language"] or known["language"]
    if words is None and parameters["recogniser"]:
        words, about = talk.heard_in(path, parameters["recogniser"], language)
    tables = talk.tables(name, frames, turns, words)
    if parameters.get("speakers"):  # a dataset of an earlier version does not say
        tables["voices"] = described.voices_table(name, voices)
    return tables, about


def _write_transcripts(name: str, tables: dict[str, pd.DataFrame], out: str) -> None:
    """Write what was said for people and other programs, where anything was."""
    fs, place = storage.locate(out)
    if tables["turns"]["text"].isna().all():
        return
    with TemporaryDirectory() as folder:
        for ending in TRANSCRIPTS:
            local = Path(folder, storage.file_name(name, ending))
            annotation_files.write(tables["turns"], local, words=tables["words"])
            fs.put_file(str(local), f"{place}/transcripts/{local.name}")


def _write_frames(
    name: str, path: str, file: BinaryIO, made_with: dict[str, dict]
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Measure a recording and write its frames, a row group for what is measured at once.

    Returns its summary, and of its frames the columns that are `KEPT`.
    """
    floor, ceiling = (made_with["parameters"][limit] for limit in ("f0_floor", "f0_ceiling"))
    kept: list[pd.DataFrame] = []
    parts = []
    damage: list[Damage] = []
    with ExitStack() as stack:
        for table in features.frames_of_file(path, floor=floor, ceiling=ceiling, damage=damage):
            parts.append(_sums_and_counts(table))
            measures = table.select_dtypes("float").columns.drop("time")
            table = table.astype(dict.fromkeys(measures, "float32"))  # seven digits, half the disk
            table.insert(0, "recording", name)
            rows = _arrow(table, made_with)
            if not kept:  # measures hardly repeat, so a dictionary of their values would be larger than they are
                how = {"compression": "zstd", "use_dictionary": ["recording"]}
                writer = stack.enter_context(pq.ParquetWriter(file, rows.schema, **how))
            writer.write_table(rows)
            kept.append(table[KEPT].astype({"recording": "category"}))
    frames = pd.concat(kept, ignore_index=True)
    kept.clear()
    summary = segments.measure(frames, segments.whole(frames))
    means = sum(parts).loc["sum"] / sum(parts).loc["count"]
    over_voiced, _ = segments.columns_of_means(means.to_frame().T)
    if summary["f0"].isna().item():  # too little voice has no measures
        means[over_voiced] = np.nan
    return summary.assign(**means, damage=damage_text(damage)).astype({"damage": metadata.TEXT}), frames


def _sums_and_counts(frames: pd.DataFrame) -> pd.DataFrame:
    """`sum` and `count` of what `segments.measure` takes means of; what is missing counts in neither."""
    over_voiced, over_all = segments.columns_of_means(frames)
    voiced = frames.loc[frames["voiced"], over_voiced].agg(["sum", "count"])
    return voiced.join(frames[over_all].agg(["sum", "count"]))


def _arrow(table: pd.DataFrame, made_with: dict[str, dict]) -> pa.Table:
    """A table for a Parquet file, which says what it was made with."""
    rows = pa.Table.from_pandas(table, preserve_index=False)
    return rows.replace_schema_metadata({"tutorial_helpers": json.dumps(made_with)})


def _read_failures(out: str) -> dict[str, dict]:
    """The rows of `failures.parquet` by recording; none where it is not there."""
    fs, place = storage.locate(out)
    try:
        rows = storage.read_table(fs, f"{place}/failures.parquet").to_pylist()
    except FileNotFoundError:
        return {}
    return {row.pop("recording"): row for row in rows}


def _write_failures(failed: dict[str, dict], out: str) -> None:
    """Write `failures.parquet`."""
    fs, place = storage.locate(out)
    schema = pa.schema([(column, pa.string()) for column in FAILURE_COLUMNS])
    rows = [{"recording": name, **failed[name]} for name in sorted(failed)]
    with storage.atomic_write(fs, f"{place}/failures.parquet") as file:
        pq.write_table(pa.Table.from_pylist(rows, schema), file)
