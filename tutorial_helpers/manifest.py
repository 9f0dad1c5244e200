"""Recordings at an address on the web: write the manifest that names them, and fetch and verify what one names."""

from __future__ import annotations

import hashlib
import unicodedata
from io import StringIO
from pathlib import Path
from tempfile import TemporaryDirectory
from urllib.parse import quote, urljoin, urlsplit

import pandas as pd
import pooch
from tqdm import tqdm

from .errors import TutorialError
from .metadata import check_files, read_metadata, read_table, recordings_in

CACHE = "audio-as-data-tutorial"  # the folder in this machine's cache where recordings from the web are kept
TIMEOUT = 30  # seconds that a server may be silent
HOW_TO_MAKE_ONE = "Make one with `python -m tutorial_helpers manifest FOLDER`."


def write_manifest(folder: str | Path) -> Path:
    """Write `manifest.csv` for the audio files of a folder, so that others can load it by the address of that file.

    It holds `file`, `sha256` and the columns of the folder's `metadata.csv`, and takes the place of an older one.
    Upload it together with the audio files, in the same folders.

    Raises
    ------
    TutorialError
        Where the folder is not right, or a file's name would not do on every machine.
    """
    folder = Path(folder).expanduser().resolve()
    if not folder.is_dir():
        raise TutorialError(f"There is no folder {folder}. Name the one that holds your recordings.")
    paths = [Path(path) for path in recordings_in(folder)["path"]]
    files = [path.relative_to(folder).as_posix() for path in paths]
    check_files(files, str(folder))
    table = pd.DataFrame({"file": files, "sha256": [pooch.file_hash(path) for path in paths]})
    metadata = folder / "metadata.csv"
    if metadata.exists():
        known = read_table(metadata, metadata)
        for column in {"sha256", "url"} & set(known.columns):
            raise TutorialError(f"{metadata} has a column '{column}', which a manifest has for itself. Rename it.")
        real = {unicodedata.normalize("NFC", file): file for file in files}  # a Mac stores umlauts in two parts
        known["file"] = read_metadata(metadata, metadata)["file"].map(real).to_numpy()
        table = table.merge(known, on="file", how="left")
    _atomic_write(table, folder / "manifest.csv")
    return folder / "manifest.csv"


def fetch(address: str) -> Path:
    """Fetch the recordings that a manifest on the web names into this machine's cache, each verified by its SHA-256.

    Where a fetch breaks off, what is complete stays and the next call fetches the rest. Once all are there, no request
    is made any more: to take a newer manifest, delete the folder.

    Parameters
    ----------
    address : str
        Of a CSV, http or https. Its columns: `file`, the recording's name with `/` between folders; `sha256`; perhaps
        `url`, where the file lies (relative to the manifest; beside it where empty); and those of a `metadata.csv`.

    Returns
    -------
    Path
        The folder with the recordings and their `metadata.csv`.

    Raises
    ------
    TutorialError
        Where the manifest is not right, or a file cannot be fetched or is not the one that was meant.
    """
    parts = urlsplit(address)
    on_the_web = parts.scheme.lower() in ("http", "https") and parts.hostname
    if not on_the_web or parts.username or not address.lower().endswith(".csv"):  # reports show the address
        raise TutorialError(
            f"'{address}' is not the address of a manifest. It begins with https:// (or http://), ends in .csv "
            "and holds no password, such as https://example.org/talks/manifest.csv."
        )
    folder = cache_of(address)
    if not (folder / "metadata.csv").exists():
        _fetch_recordings(address, folder)
    return folder


def cache_of(address: str) -> Path:
    """The folder of this machine's cache that holds, or will hold, the recordings of a manifest on the web."""
    return Path(pooch.os_cache(CACHE)) / hashlib.sha256(address.encode()).hexdigest()[:16]


def _fetch_recordings(address: str, folder: Path) -> None:
    """Fetch what a manifest names. `metadata.csv` is written last, so that it says: all is there."""
    with TemporaryDirectory() as place:
        _fetch_file(address, Path(place) / "manifest.csv", None)
        table = _read_manifest(Path(place) / "manifest.csv", address)
    for row in tqdm(table.itertuples(), total=len(table), desc="recordings", unit="file", disable=None):
        _fetch_file(row.url, folder / row.file, row.sha256)
    named = {folder / name for name in table["file"]}
    for path in folder.rglob("*"):
        if path.is_file() and path not in named:  # an older manifest named it, or a killed process left it
            path.unlink()
    _atomic_write(table.drop(columns=["sha256", "url"]), folder / "metadata.csv")


def _read_manifest(path: Path, address: str) -> pd.DataFrame:
    """A manifest as a table of texts, checked, with the whole address of each file in `url`."""
    try:
        text = path.read_text(encoding="utf-8-sig")
    except UnicodeDecodeError as error:
        raise TutorialError(f"{address} is not a CSV in UTF-8 ({error}). {HOW_TO_MAKE_ONE}") from error
    if text.lstrip().startswith("<"):
        raise TutorialError(
            f"{address} gave a web page, not a CSV. Open the address in a browser: you should see the table itself."
        )
    try:
        table = read_table(StringIO(text), address)
    except TutorialError as error:
        raise TutorialError(f"{error} {HOW_TO_MAKE_ONE}") from error
    if "sha256" not in table.columns:
        columns = ", ".join(table.columns)
        raise TutorialError(f"{address} has no column 'sha256'. Its columns: {columns}. {HOW_TO_MAKE_ONE}")
    check_files(list(table["file"]), address)
    read_metadata(StringIO(table.drop(columns=["sha256", "url"], errors="ignore").to_csv(index=False)), address)
    table["sha256"] = table["sha256"].str.strip().str.lower()
    wrong = table[~table["sha256"].str.fullmatch("[0-9a-f]{64}")]
    if len(wrong):
        raise TutorialError(
            f"{address} gives '{wrong['sha256'].iloc[0]}' as the SHA-256 of {wrong['file'].iloc[0]}: it has 64 digits "
            f"and letters from a to f. {HOW_TO_MAKE_ONE}"
        )
    given = table.get("url", pd.Series("", table.index)).str.strip()
    table["url"] = [urljoin(address, url or quote(file)) for url, file in zip(given, table["file"], strict=True)]
    for file, url in zip(table["file"], table["url"], strict=True):
        if urlsplit(url).scheme.lower() not in ("http", "https"):
            raise TutorialError(
                f"{address} gives {url} as the address of {file}. It must begin with https:// or http://."
            )
    return table


def _fetch_file(url: str, path: Path, sha256: str | None) -> None:
    """Fetch one file whole and verified, or not at all. What is there and verified is not fetched again."""
    from requests import exceptions  # here, because most who load a corpus fetch nothing

    pooch.get_logger().setLevel("WARNING")  # it would tell of every file
    downloader = pooch.HTTPDownloader(timeout=TIMEOUT, chunk_size=2**16)
    again = "What is complete stays: load the corpus again to fetch the rest."
    try:
        pooch.retrieve(url, sha256, fname=path.name, path=path.parent, downloader=downloader)
    except exceptions.HTTPError as error:
        answer = str(error).split(" for url")[0]
        raise TutorialError(
            f"{url} could not be fetched: the server answers '{answer}'. Check the address in a browser, or ask "
            f"whoever published it. {again}"
        ) from error
    except exceptions.ChunkedEncodingError as error:
        raise TutorialError(f"{url} could not be fetched: the connection broke off in the middle. {again}") from error
    except (exceptions.ConnectionError, exceptions.Timeout) as error:
        if "timed out" in str(error):
            why = f"the server was silent for {TIMEOUT} s."
        else:
            why = f"there is no connection to {urlsplit(url).netloc}. Are you online, and is the address right?"
        raise TutorialError(f"{url} could not be fetched: {why} {again}") from error
    except OSError as error:  # another refusal of requests; or no room, or no permission, on this machine
        raise TutorialError(f"{url} could not be fetched to {path}: {error}. {again}") from error
    except ValueError as error:  # pooch's word for another checksum
        raise TutorialError(
            f"{url} gave another file than the manifest means: its SHA-256 is not {sha256}. It was changed after the "
            "manifest was made, or the address leads to a page about the file. Ask whoever published it to make the "
            "manifest anew; nothing of this file was kept."
        ) from error


def _atomic_write(table: pd.DataFrame, path: Path) -> None:
    """Write a CSV whole or not at all."""
    part = path.with_name(path.name + ".part")
    table.to_csv(part, index=False)
    part.replace(path)
