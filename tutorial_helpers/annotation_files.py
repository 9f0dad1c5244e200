"""Turns and words of one recording, from and to the files of other programs: subtitles, TextGrid, ELAN, RTTM."""

from __future__ import annotations

import html
import re
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator, Sequence
from io import StringIO
from itertools import pairwise
from pathlib import Path

import pandas as pd
import parselmouth
import pympi
import webvtt
from parselmouth.praat import call

from .errors import TutorialError
from .metadata import TEXT, decoded

KINDS = ["speech", "music", "silence"]
MEND = "Correct the file, or move it out of the folder."

TIERS = {  # what a tier holds, by its name or by one side of "Anna - words"
    "word": {"word", "words", "ort", "mot", "mots", "wort", "wörter", "palabras", "parole"},
    "phone": {"phone", "phones", "phoneme", "phonemes", "segment", "segments", "mau", "syllables"},
    "turn": {"turn", "turns", "utterance", "utterances", "sentence", "sentences", "text", "transcript", "speech"},
}
NO_WORDS = re.compile(r"sil|sp|spn|#|<[^>]*>")  # what aligners write between words
VOICE = re.compile(r"<v[.\w]*\s+([^>]+)>")
NAME = r"[^\W\d_][\w.'’-]*(?: [\w.'’-]+){0,2}"
SAID = re.compile(rf"(- ?(?!\d)|[–—] ?|>>+ ?)?(?:({NAME}) ?[:：](?: +|$))?(.*)")
NO_NAMES = {"note", "nb", "ps", "warning", "example", "source", "translation", "question", "answer"}
FEWEST_LINES = 4  # with fewer, that most of them begin with a name may be chance
WORD_TIME = re.compile(r"<(\d+:[\d:.]+)>")
ELAN_TIMES = {"hh:mm:ss.ms": r"\d+:\d\d:\d\d\.\d+", "ss.msec": r"\d+\.\d+", "msec": r"\d+"}
ELAN_FRAMES = r"\d+:\d\d:\d\d:\d\d"  # of video, beside them

Entry = tuple[float, float, str]  # onset and offset (s), text
Row = tuple[float, float, str, str, str]  # onset, offset (s), speaker, text, "turn" or "word"


def read(path: str | Path) -> pd.DataFrame:
    """Read one annotation file: subtitles, Praat's TextGrid, ELAN or its tab-delimited export, RTTM.

    In subtitles `<v Anna>` is a speaker, and so is a name with a colon behind it at the beginning of a line: `ANNA:`
    in capitals, `Anna:` where it stands twice in the file, and `host:` where two of
    three lines, of four or more, begin with some name.
    Tiers are turns by their speakers' names, or words where they are called so.

    Parameters
    ----------
    path : str or Path
        It ends in .srt, .vtt, .TextGrid, .eaf, .rttm, or .txt (ELAN's export).

    Returns
    -------
    DataFrame
        `onset` and `offset` (s), `speaker`, `text`, and `segment` ("turn" or "word"), by onset. Its attrs
        have a list, notes: what was ignored, and why.

    Raises
    ------
    TutorialError
        Where the file cannot be read, or a segment ends before it begins.
    """
    path = Path(path)
    if path.suffix.lower() not in READERS:
        raise TutorialError(f"{path} is no annotation by its ending. Files that are read end in: {', '.join(READERS)}.")
    notes: list[str] = []
    try:
        rows = list(READERS[path.suffix.lower()](path, notes))
    except Exception as error:  # whatever the libraries raise on a file that is damaged
        raise TutorialError(
            f"{path} cannot be read as {path.suffix} ({error or type(error).__name__}). {MEND}"
        ) from error
    table = pd.DataFrame(rows, columns=["onset", "offset", "speaker", "text", "segment"])
    table = table.astype({"onset": float, "offset": float} | dict.fromkeys(["speaker", "text", "segment"], TEXT))
    table["text"] = table["text"].str.split().str.join(" ")
    refuse_disorder(table, path)
    table = table.replace({"": pd.NA, "<NA>": pd.NA}).sort_values("onset", kind="stable", ignore_index=True)
    table.attrs["notes"] = notes
    return table


def refuse_disorder(table: pd.DataFrame, where: str | Path) -> None:
    """Raise TutorialError where a segment ends before it begins."""
    wrong = table[~((table["onset"] >= 0) & (table["onset"] <= table["offset"]))]
    if len(wrong):
        onset, offset = wrong.iloc[0][["onset", "offset"]]
        raise TutorialError(f"{where}: from {onset:g} to {offset:g} s is no segment. {MEND}")


def text_of(path: Path, notes: list[str]) -> str:
    """The text of a file, with a note where it is not in Unicode."""
    content = path.read_bytes()
    try:
        return decoded(content)
    except UnicodeDecodeError:
        notes.append("not in UTF-8: read as Windows-1252 (Latin-1)")
        return content.decode("cp1252")


def has_times(path: Path) -> bool:
    """Whether a .txt has times between tabs, as ELAN's export has."""
    return re.search(rb"\t[\d:.]+\t", path.read_bytes().replace(b"\0", b"")) is not None


def seconds(time: str) -> float:
    """Seconds of 83.5, 83,5 or 00:01:23.500."""
    parts = [float(part) for part in time.strip().replace(",", ".").split(":")]
    return round(sum(part * 60**power for power, part in enumerate(reversed(parts))), 6)


def _shared(onset: float, offset: float, texts: Sequence[str]) -> Iterator[Entry]:
    """The time of a segment (s), shared among the texts in it by their lengths."""
    ends = pd.Series([0, *(len(text) or 1 for text in texts)]).cumsum()
    times = [round(onset + (offset - onset) * end / ends.iloc[-1], 6) for end in ends]
    for (begins, ends), text in zip(pairwise(times), texts, strict=True):
        yield begins, ends, text


def _subtitles(path: Path, notes: list[str]) -> Iterator[Row]:
    """The turns of SRT or VTT, and words where the cues tell when each is spoken."""
    captions = webvtt.from_buffer(StringIO(text_of(path, notes)), format=path.suffix[1:].lower()).captions
    texts = [each.raw_text for each in captions]
    lines_of = [[line for line in re.split(r"\n|(?=<v[ .])", text) if _plain(line)] for text in texts]
    cues = [(seconds(each.start), seconds(each.end), lines) for each, lines in zip(captions, lines_of, strict=True)]
    if empty := sum(not lines for _, _, lines in cues):
        notes.append(f"{empty} empty cues left out")
    spoken = [plain for _, _, lines in cues for line in lines if not (plain := _plain(line)).startswith(("[", "("))]
    names = Counter(SAID.match(line)[2] for line in spoken)  # type: ignore[index]
    times_words = any(WORD_TIME.search(text) for text in texts)
    for onset, offset, lines in _each_line_once([cue for cue in cues if cue[2]]):
        said = statements(lines, names)
        spans = _shared(onset, offset, [text for _, text in said])
        for (speaker, _), (begins, ends, text) in zip(said, spans, strict=True):
            yield begins, ends, speaker, text, "turn"
        if times_words:
            pieces = WORD_TIME.split(" ".join(lines))
            times = [onset, *map(seconds, pieces[1::2]), offset]
            for (begins, ends), piece in zip(pairwise(times), pieces[::2], strict=True):
                for begin, end, word in _shared(begins, ends, _plain(piece).split()):
                    yield begin, end, "", word, "word"


def _plain(line: str) -> str:
    """A line of a subtitle as it is seen: no tags, no escapes."""
    return " ".join(html.unescape(re.sub(r"</?[a-zA-Z][^>]*>|<[\d:.]+>|\{\\[^}]*\}", "", line)).split())


def _each_line_once(cues: list[tuple[float, float, list[str]]]) -> list[tuple[float, float, list[str]]]:
    """Cues without the lines that they repeat from the cue before, as YouTube's rolling captions do."""
    seen = [[_plain(line) for line in lines] for _, _, lines in cues]
    repeated = [0] * len(cues)
    for number, (before, now) in enumerate(pairwise(seen), 1):
        sizes = range(min(len(before), len(now)), -1, -1)
        repeated[number] = next(n for n in sizes if before[len(before) - n :] == now[:n])
    rolling = sum(0 < n < len(now) for n, now in zip(repeated, seen, strict=True))
    if 3 * rolling < len(cues) or not rolling:  # who says the same again has said it twice
        return cues
    fresh = [(onset, offset, lines[n:]) for (onset, offset, lines), n in zip(cues, repeated, strict=True)]
    return [cue for cue in fresh if cue[2]]


def statements(lines: list[str], names: Counter) -> list[tuple[str, str]]:
    """Who says what in the lines of one cue: pairs of speaker (or nothing) and text."""
    said: list[tuple[str, str]] = []
    for line in lines:
        plain, voice = _plain(line), VOICE.match(line)
        mark, name, text = SAID.match(plain).groups()  # type: ignore[union-attr]  # it matches every text
        if voice or not _is_speaker(name, names):
            name, text = (voice[1] if voice else ""), plain[len(mark or "") :]
        if name or mark or not said:
            said.append((name, text))
        else:
            said[-1] = (said[-1][0], f"{said[-1][1]} {text}")
    return said


def _is_speaker(name: str | None, names: Counter) -> bool:
    """Whether what stands before a colon is a speaker's name, by how often it does."""
    if not name or name.lower() in NO_NAMES or len(name) > 30:
        return False
    if name.isupper() or (names.total() >= FEWEST_LINES and 3 * names[None] <= names.total()):
        return True
    return names[name] > 1 and all(word[0] == word[0].upper() for word in name.split())


def _textgrid(path: Path, notes: list[str]) -> Iterator[Row]:
    """The interval tiers of a TextGrid, in any of Praat's forms."""
    grid = parselmouth.read(str(path))
    for number in range(1, call(grid, "Get number of tiers") + 1):
        name = call(grid, "Get tier name", number)
        if not call(grid, "Is interval tier", number):
            notes.append(f"the tier '{name}' has points, and no intervals")
            continue
        intervals = range(1, call(grid, "Get number of intervals", number) + 1)
        asked = [f"Get {what} of interval" for what in ("start time", "end time", "label")]
        entries = [tuple(call(grid, what, number, interval) for what in asked) for interval in intervals]
        yield from _rows_of_tier(name, "", entries, notes)


def _eaf(path: Path, notes: list[str]) -> Iterator[Row]:
    """The tiers of ELAN that have times of their own, and those of words, which share their parents' times."""
    eaf = pympi.Eaf(str(path), suppress_version_warning=True)
    eaf.timeslots = pd.Series(eaf.timeslots, dtype=float).interpolate().to_dict()  # some are only between others
    for name, (aligned, references, about, _) in eaf.tiers.items():
        entries = [(eaf.timeslots[first], eaf.timeslots[last], text) for first, last, text, _ in aligned.values()]
        if (entries or references) and "PARENT_REF" in about and _meaning(name)[0] != "word":
            notes.append(f"the tier '{name}' refers to '{about['PARENT_REF']}', and is not called words")
            continue
        of_parent = defaultdict(list)
        for reference, text, _, _ in references.values():
            of_parent[eaf.get_parent_aligned_annotation(reference)[:2]].append(text)
        for (first, last), texts in of_parent.items():
            entries += _shared(eaf.timeslots[first], eaf.timeslots[last], texts)
        in_seconds = [(onset / 1000, offset / 1000, text) for onset, offset, text in entries]
        yield from _rows_of_tier(name, about.get("PARTICIPANT"), in_seconds, notes)


def _elan_table(path: Path, notes: list[str]) -> Iterator[Row]:
    """ELAN's export: tier, perhaps participant, times in one form or several, text; or times and a column a tier."""
    lines = [line.split("\t") for line in text_of(path, notes).splitlines() if line.strip() and line[:2] != '"#']
    cells = pd.DataFrame(lines).fillna("")
    header = cells.iloc[0].tolist() if cells.iloc[0].str.contains(r" - (?:hh:|ss|msec)").any() else []
    cells = cells.iloc[int(bool(header)) :]
    form_of = {
        column: next((form for form, pattern in ELAN_TIMES.items() if cells[column].str.fullmatch(pattern).all()), "")
        for column in cells.columns[:-1]
    }
    alike = [[column for column, form in form_of.items() if form == wanted] for wanted in ELAN_TIMES]
    times = next((columns for columns in alike if len(columns) > 1), [])
    if not times or (header and header[times[1]].lower().startswith(("dur", "dau"))):
        raise ValueError("it has no begin and end times as ELAN exports them: export both")
    unit = 0.001 if form_of[times[0]] == "msec" else 1
    onsets, offsets = (cells[column].map(seconds) * unit for column in times[:2])
    of_time = [n for n in cells.columns[:-1] if form_of[n] or cells[n].str.fullmatch(ELAN_FRAMES).all()]
    first, last = min(of_time), max(of_time)
    for column in cells.columns[last + 1 :]:
        tiers = cells[0] if first else pd.Series(header[column] if header else "", cells.index)
        participants = cells[1] if first > 1 else pd.Series("", cells.index)
        entries = pd.DataFrame({"onset": onsets, "offset": offsets, "text": cells[column]})
        for (tier, participant), part in entries.groupby([tiers, participants], sort=False):
            yield from _rows_of_tier(tier, participant, part.itertuples(index=False, name=None), notes)


def _rttm(path: Path, notes: list[str]) -> Iterator[Row]:
    """The turns of RTTM, of one recording."""
    lines = [line.split() for line in text_of(path, notes).splitlines() if line.strip() and line[0] != ";"]
    speakers = [fields for fields in lines if fields[0] == "SPEAKER"]
    if not speakers or len({fields[1] for fields in speakers}) > 1:
        raise ValueError("it needs lines that begin with SPEAKER, all of one recording")
    for fields in speakers:
        onset = float(fields[3])
        yield onset, round(onset + float(fields[4]), 6), fields[7], "", "turn"


READERS: dict[str, Callable[[Path, list[str]], Iterator[Row]]] = {  # of two files that know as much, the first is used
    ".eaf": _eaf,
    ".textgrid": _textgrid,
    ".vtt": _subtitles,
    ".srt": _subtitles,
    ".txt": _elan_table,
    ".rttm": _rttm,
}


def _meaning(tier: str) -> tuple[str, str]:
    """What a tier of this name holds (a key of `TIERS`), and whose it is."""
    parts = [re.sub(r" \(\d+\)$", "", part.strip()) for part in tier.split(" - ")]  # "Anna (2)": where she overlaps
    for kind, names in TIERS.items():
        others = [part for part in parts if part.lower() not in names]
        if len(others) < len(parts):
            return kind, " - ".join(others)
    return "turn", " - ".join(parts)


def _rows_of_tier(tier: str, participant: str | None, entries: Iterable[Entry], notes: list[str]) -> Iterator[Row]:
    """The turns or words of one tier; a participant that is known, if only to be nobody, is the speaker."""
    kind, speaker = _meaning(tier)
    if kind == "phone":
        notes.append(f"the tier '{tier}' has no words")
        return
    for onset, offset, text in entries:
        if text.strip() and not (kind == "word" and NO_WORDS.fullmatch(text.strip())):
            yield onset, offset, participant or speaker, text, kind


def write(turns: pd.DataFrame, path: str | Path, *, words: pd.DataFrame | None = None) -> None:
    """Write the turns of one recording for people and other programs, in the form that the ending names.

    `.srt` and `.vtt` are subtitles, `.TextGrid` is Praat's, `.eaf` ELAN's, `.rttm` who speaks when; `.txt` is for
    reading. All but the last are read again by `read`: subtitles to the millisecond, names in .srt as `read` finds
    them. Music and silence are written as a label.

    Parameters
    ----------
    turns : DataFrame
        `onset` and `offset` (s), `speaker`, `text`; `kind` where it is known.
    path : str or Path
    words : DataFrame, optional
        `onset`, `offset` (s), `word` and `speaker`: tiers of their own in a TextGrid and in ELAN.

    Raises
    ------
    TutorialError
        Where nothing is written in that form, or a segment ends before it begins.
    """
    path = Path(path)
    if path.suffix.lower() not in WRITERS:
        raise TutorialError(f"{path}: no transcript ends so. Written are: {', '.join(WRITERS)}.")
    parts = [turns.assign(tier=""), pd.DataFrame() if words is None else words.assign(tier="words", text=words["word"])]
    table = pd.concat(parts, ignore_index=True).reindex(columns=["onset", "offset", "speaker", "text", "tier", "kind"])
    refuse_disorder(table, path)
    texts = table[["speaker", "text"]].astype(TEXT).fillna("")
    is_label = table["kind"].isin(KINDS[1:])
    table["text"] = texts["text"].str.split().str.join(" ").mask(is_label, "[" + table["kind"].astype(TEXT) + "]")
    table["speaker"] = texts["speaker"].str.strip()
    WRITERS[path.suffix.lower()](table.sort_values("onset", kind="stable"), path)


def _write_lines(table: pd.DataFrame, path: Path) -> None:
    """Subtitles, RTTM, or a text to be read."""
    form, lines = path.suffix.lower(), []
    for number, row in enumerate(table[table["tier"] == ""].itertuples(), 1):
        said = f"{row.speaker}: {row.text}" if row.speaker else row.text
        times = f"{_clock(row.onset)} --> {_clock(row.offset)}"
        if form == ".srt":
            said = f"{number}\n{times.replace('.', ',')}\n{said}\n"
        elif form == ".vtt":
            voice = f"<v {row.speaker}>" if row.speaker else ""
            said = f"{times}\n{voice}{html.escape(row.text, quote=False)}\n"
        elif form == ".rttm":
            recording, speaker = ("_".join(name.split()) or "<NA>" for name in (path.stem, row.speaker))
            seconds_of = f"{row.onset:.3f} {row.offset - row.onset:.3f}"
            said = f"SPEAKER {recording} 1 {seconds_of} <NA> <NA> {speaker} <NA> <NA>"
        lines.append(said)
    path.write_text("\n".join(["WEBVTT\n"] * (form == ".vtt") + lines) + "\n", encoding="utf-8")


def _clock(time: float) -> str:
    """A time (s) as 00:01:23.500."""
    whole, milliseconds = divmod(round(time * 1000), 1000)
    return f"{whole // 3600:02}:{whole // 60 % 60:02}:{whole % 60:02}.{milliseconds:03}"


def _tiers(table: pd.DataFrame) -> Iterator[tuple[str, str, list[Entry]]]:
    """Tiers a speaker, of turns and of words; one more where a speaker's segments overlap, as a tier cannot."""
    table = table[table["onset"] < table["offset"]]
    for (speaker, tier), part in table.groupby(["speaker", "tier"], sort=False):
        lanes: list[list[Entry]] = []
        for entry in part[["onset", "offset", "text"]].itertuples(index=False, name=None):
            free = next((lane for lane in lanes if lane[-1][1] <= entry[0]), [])
            lanes += [] if free else [free]
            free.append(entry)
        yield from ((speaker, tier, lane) for lane in lanes)


def _write_textgrid(table: pd.DataFrame, path: Path) -> None:
    """Praat's TextGrid."""
    tiers = list(_tiers(table))
    grid = call("Create TextGrid", 0, table["offset"].max(), "t " * len(tiers), "")
    for number, (speaker, tier, entries) in enumerate(tiers, 1):
        call(grid, "Set tier name", number, " - ".join(filter(None, [speaker, tier])) or "turns")
        for edge in sorted({time for entry in entries for time in entry[:2]} - {0, table["offset"].max()}):
            call(grid, "Insert boundary", number, edge)
        for onset, offset, text in entries:
            interval = call(grid, "Get interval at time", number, (onset + offset) / 2)
            call(grid, "Set interval text", number, interval, text)
    call(grid, "Save as short text file", str(path))


def _write_eaf(table: pd.DataFrame, path: Path) -> None:
    """ELAN's file."""
    eaf = pympi.Eaf(author="audio-as-data-tutorial")
    eaf.remove_tier("default")
    for number, (speaker, tier, entries) in enumerate(_tiers(table), 1):
        name = f"{speaker or tier or 'turns'} ({number})" + f" - {tier}" * bool(speaker and tier)
        eaf.add_tier(name, part=speaker)
        for onset, offset, text in entries:
            first, last = round(onset * 1000), round(offset * 1000)
            eaf.add_annotation(name, first, max(last, first + 1), text)
    eaf.to_file(str(path))


WRITERS: dict[str, Callable[[pd.DataFrame, Path], None]] = {
    **dict.fromkeys([".srt", ".vtt", ".txt", ".rttm"], _write_lines),
    ".textgrid": _write_textgrid,
    ".eaf": _write_eaf,
}
