"""Annotations beside recordings: each format as its program writes it, round trips, and what is refused."""

import warnings

import pandas as pd
import parselmouth
import pytest
from parselmouth.praat import call

from tutorial_helpers import annotations, corpora, metadata
from tutorial_helpers.errors import LeftOutWarning, TutorialError


@pytest.fixture
def write(tmp_path):
    """Write a file: write(name, text, encoding)."""

    def write(name, text, encoding="utf-8"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).write_bytes(text.encode(encoding))
        return tmp_path / name

    return write


@pytest.fixture
def folder(tmp_path):
    """A folder of three recordings."""
    (tmp_path / "deep").mkdir()
    for name in ("a.wav", "b.mp3", "deep/c.wav"):
        (tmp_path / name).touch()
    return tmp_path


def beside(folder):
    """The annotations of a folder, which are all used."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        return annotations.beside(folder, metadata.recordings_in(folder))


def rows(table, columns="onset offset speaker text"):
    return [tuple(None if pd.isna(cell) else cell for cell in row) for row in table[columns.split()].to_numpy()]


def cues(*texts):
    """SubRip of one cue a second."""
    return "".join(f"{n}\n00:00:{n:02},000 --> 00:00:{n + 1:02},000\n{text}\n\n" for n, text in enumerate(texts, 1))


def said(path):
    return rows(annotations.read(path), "speaker text")


SPOKEN = pd.DataFrame(
    [
        (0.5, 1.2, "Anna", 'Hi "you" & <b>x</b>'),
        (1.25, 3.0, "Ben", "5 < 6\nüöß"),
        (2.0, 4.5, "Anna", "東京"),
        (4.0, 4.2, "Anna", "and: a colon"),
        (7.0, 7.5, None, "said by nobody known"),
        (3601.0, 3602.5, "Ben", "1984"),
    ],
    columns=["onset", "offset", "speaker", "text"],
)


@pytest.mark.parametrize("suffix", [".srt", ".vtt", ".TextGrid", ".eaf", ".rttm"])
def test_what_is_written_is_read_again(tmp_path, suffix):
    annotations.write(SPOKEN, tmp_path / f"a{suffix}")
    again = annotations.read(tmp_path / f"a{suffix}")
    meant = SPOKEN.assign(text=SPOKEN["text"].str.split().str.join(" "))
    if suffix == ".rttm":
        meant["text"] = None
    if suffix == ".srt":
        meant["text"] = meant["text"].str.replace("<b>x</b>", "x")
    assert rows(again) == rows(meant)
    assert set(again["segment"]) == {"turn"}


@pytest.mark.parametrize("suffix", [".TextGrid", ".eaf"])
def test_words_that_are_written_are_read_as_words_of_their_speakers(tmp_path, suffix):
    words = pd.DataFrame({"onset": [0.1, 0.5], "offset": [0.4, 0.9], "word": ["a", "b"], "speaker": ["Anna", None]})
    annotations.write(SPOKEN, tmp_path / f"a{suffix}", words=words)
    again = annotations.read(tmp_path / f"a{suffix}")
    assert rows(again[again["segment"] == "word"]) == [(0.1, 0.4, "Anna", "a"), (0.5, 0.9, None, "b")]
    assert rows(again[again["segment"] == "turn"], "text")[-1] == ("1984",)


def test_praat_reads_a_textgrid_that_is_written(tmp_path):
    annotations.write(SPOKEN, tmp_path / "a.TextGrid")
    grid = parselmouth.read(str(tmp_path / "a.TextGrid"))
    names = [call(grid, "Get tier name", n + 1) for n in range(call(grid, "Get number of tiers"))]
    assert names == ["Anna", "Anna", "Ben", "turns"]
    assert call(grid, "Get label of interval", 1, 2) == 'Hi "you" & <b>x</b>'
    assert call(grid, "Get total duration") == 3602.5


def test_a_text_to_be_read_has_a_line_a_turn(tmp_path):
    annotations.write(SPOKEN, tmp_path / "a.txt")
    lines = (tmp_path / "a.txt").read_text(encoding="utf-8").splitlines()
    assert lines[1] == "Ben: 5 < 6 üöß" and lines[4] == "said by nobody known" and len(lines) == len(SPOKEN)


def test_music_is_written_as_a_label_and_read_as_music(folder):
    turns = pd.DataFrame({"onset": [0, 2], "offset": [1, 3], "kind": ["music", "speech"], "text": [None, "Hello"]})
    annotations.write(turns.assign(recording="a"), folder / "a.srt")
    found = beside(folder)["turns"]
    assert rows(found, "recording kind text") == [("a", "music", None), ("a", "speech", "Hello")]


@pytest.mark.parametrize(
    ("table", "name", "message"),
    [
        (SPOKEN, "a.docx", "Written are: .srt"),
        (SPOKEN.assign(offset=0.1), "a.srt", "a.srt: from 0.5 to 0.1 s"),
    ],
)
def test_what_cannot_be_written_is_refused(tmp_path, table, name, message):
    with pytest.raises(TutorialError, match=message):
        annotations.write(table, tmp_path / name)
    assert not (tmp_path / name).exists()


@pytest.mark.parametrize(
    ("texts", "meant"),
    [
        (["ANNA: Hi"], [("ANNA", "Hi")]),
        (["&gt;&gt; ANNA: Hi", ">> Hello"], [("ANNA", "Hi"), (None, "Hello")]),
        (["- Anna: Hi", "- Anna: you"], [("Anna", "Hi"), ("Anna", "you")]),
        (["<i>DR. O'NEIL-LEE:</i> Hi"], [("DR. O'NEIL-LEE", "Hi")]),
        (["SPEAKER_00: Hi", "SPEAKER 1:\nHi"], [("SPEAKER_00", "Hi"), ("SPEAKER 1", "Hi")]),
        (["主持人：你好", "主持人：再见"], [(None, "主持人：你好"), (None, "主持人：再见")]),
        (["主持人： 你好", "主持人： 再见"], [("主持人", "你好"), ("主持人", "再见")]),
        (["<v.loud Anna>Hi"], [("Anna", "Hi")]),
        (["Anna: Hi"], [(None, "Anna: Hi")]),
        (["Note: a", "Note: b", "NOTE: c"], [(None, "Note: a"), (None, "Note: b"), (None, "NOTE: c")]),
        (["10:30: we met", "10:30: again"], [(None, "10:30: we met"), (None, "10:30: again")]),
        (["http://a.org", "http://a.org"], [(None, "http://a.org")] * 2),
        (["And she said: no", "And she said: no"], [(None, "And she said: no")] * 2),
        (["The Four Words Here: no"] * 2, [(None, "The Four Words Here: no")] * 2),
        ([f"{'A' * 31}: no"], [(None, f"{'A' * 31}: no")]),
        (["-5 degrees"], [(None, "-5 degrees")]),
        (["{\\an8}<font color='red'>a</font> <c.yellow>b</c>"], [(None, "a b")]),
        (["one\ntwo"], [(None, "one two")]),
        (["How many?\n42", "7"], [(None, "How many? 42"), (None, "7")]),
    ],
)
def test_who_speaks_is_told_from_a_name_before_a_colon_and_nothing_else(write, texts, meant):
    assert said(write("a.srt", cues(*texts))) == meant


def test_a_cue_of_two_speakers_becomes_two_turns_that_share_its_time(write):
    path = write("a.srt", cues("- ANNA: Hi!\n- BEN: Nothing new.", "- Yes\n- Noo", "<v Anna>One</v> <v Ben>Two"))
    assert rows(annotations.read(path)) == [
        (1.0, 1.2, "ANNA", "Hi!"),
        (1.2, 2.0, "BEN", "Nothing new."),
        (2.0, 2.5, None, "Yes"),
        (2.5, 3.0, None, "Noo"),
        (3.0, 3.5, "Anna", "One"),
        (3.5, 4.0, "Ben", "Two"),
    ]


YOUTUBE = """WEBVTT
Kind: captions
Language: en

00:00:00.160 --> 00:00:02.470 align:start position:0%
{blank}
hello<00:00:00.480><c> and</c><00:00:00.640><c> welcome</c>

00:00:02.470 --> 00:00:02.480 align:start position:0%
hello and welcome
{blank}

00:00:02.480 --> 00:00:03.470 align:start position:0%
hello and welcome
okay

00:00:03.470 --> 00:00:03.480 align:start position:0%
okay
{blank}

00:00:03.480 --> 00:00:05.000 align:start position:0%
okay
to<00:00:04.000><c> you</c>

""".format(blank=" ")  # YouTube writes a space in what would be an empty line


def test_youtubes_rolling_captions_give_each_line_once_and_its_words(write):
    table = annotations.read(write("a.vtt", YOUTUBE))
    assert rows(table[table["segment"] == "turn"], "onset offset text") == [
        (0.16, 2.47, "hello and welcome"),
        (2.48, 3.47, "okay"),
        (3.48, 5.0, "to you"),
    ]
    assert rows(table[table["segment"] == "word"], "onset offset text") == [
        (0.16, 0.48, "hello"),
        (0.48, 0.64, "and"),
        (0.64, 2.47, "welcome"),
        (2.48, 3.47, "okay"),
        (3.48, 4.0, "to"),
        (4.0, 5.0, "you"),
    ]


def test_who_says_the_same_again_has_said_it_twice(write):
    assert said(write("a.srt", cues("No.", "No.", "No.", "Yes."))) == [(None, "No.")] * 3 + [(None, "Yes.")]


def test_notes_styles_and_names_of_cues_in_a_vtt_are_no_text(write):
    text = "WEBVTT - a title\n\nSTYLE\n::cue { color: red }\n\nintro\n00:01.000 --> 00:02.000 line:0\nAnna & Ben\n\n"
    text += "NOTE a remark\nof two lines\n\nouttro 2\n01:00:03.000 --> 01:00:04.000\n7\n"
    assert rows(annotations.read(write("a.vtt", text))) == [(1.0, 2.0, None, "Anna & Ben"), (3603.0, 3604.0, None, "7")]


def test_empty_cues_are_counted_and_left_out(write):
    table = annotations.read(write("a.srt", cues("a", "<i></i>", "b")))
    assert table["text"].tolist() == ["a", "b"]
    assert table.attrs["notes"] == ["1 empty cues left out"]


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "cp1252"])
@pytest.mark.parametrize("newline", ["\n", "\r\n", "\r"])
def test_subtitles_are_read_in_every_encoding_and_latin_1_is_said(write, encoding, newline):
    table = annotations.read(write("a.srt", cues("ANNA: Grüße", "zwei").replace("\n", newline), encoding))
    assert rows(table, "speaker text") == [("ANNA", "Grüße"), (None, "zwei")]
    assert ["Windows-1252" in note for note in table.attrs["notes"]] == [True] * (encoding == "cp1252")


def textgrid(path, how, *, text="Grüße", words="words"):
    """A TextGrid that Praat saves: a speaker, words, phones, points, and a tier that is empty."""
    grid = call("Create TextGrid", 0, 3, f"Anna {words} phones clicks nothing", "clicks")
    for tier in (1, 2, 3):
        call(grid, "Insert boundary", tier, 1.0)
        call(grid, "Insert boundary", tier, 2.5)
        call(grid, "Set interval text", tier, 2, [text, "x", "p"][tier - 1])
    call(grid, "Insert point", 4, 0.5, "click")
    call(grid, how, str(path))


@pytest.mark.parametrize("how", ["Save as text file", "Save as short text file"])
@pytest.mark.parametrize("text", ["plain", "Grüße 東京", 'she said "item [1]:" 7\n"IntervalTier"'])
def test_a_textgrid_is_read_as_praat_saves_it(tmp_path, how, text):
    textgrid(tmp_path / "a.TextGrid", how, text=text)
    assert ((tmp_path / "a.TextGrid").read_bytes()[:2] == b"\xfe\xff") == (text.startswith("G"))
    table = annotations.read(tmp_path / "a.TextGrid")
    assert rows(table, "onset offset speaker text segment") == [
        (1.0, 2.5, "Anna", " ".join(text.split()), "turn"),
        (1.0, 2.5, None, "x", "word"),
    ]
    assert table.attrs["notes"] == ["the tier 'phones' has no words", "the tier 'clicks' has points, and no intervals"]


def tiers(*names, label="x"):
    """A short TextGrid with one interval in each tier."""
    head = f'File type = "ooTextFile"\nObject class = "TextGrid"\n\n0\n2\n<exists>\n{len(names)}\n'
    return head + "".join(f'"IntervalTier"\n"{name}"\n0\n2\n2\n0\n1\n""\n1\n2\n"{label}"\n' for name in names)


@pytest.mark.parametrize(
    ("tier", "speaker", "kind"),
    [
        ("Anna", "Anna", "turn"),
        ("Utterances", None, "turn"),
        ("Anna - utterances", "Anna", "turn"),
        ("ORT", None, "word"),
        ("Anna - words", "Anna", "word"),
        ("words - Anna", "Anna", "word"),
        ("Anna - Maria", "Anna - Maria", "turn"),
    ],
)
def test_a_tiers_name_tells_what_it_holds_and_whose_it_is(write, tier, speaker, kind):
    assert rows(annotations.read(write("a.TextGrid", tiers(tier))), "speaker text segment") == [(speaker, "x", kind)]


@pytest.mark.parametrize("label", ["sil", "<p:>", "<unk>", "sp", "  "])
def test_what_aligners_write_between_words_is_no_word(write, label):
    assert annotations.read(write("a.TextGrid", tiers("words", label=label))).empty


EAF = """<?xml version="1.0" encoding="UTF-8"?>
<ANNOTATION_DOCUMENT AUTHOR="" DATE="2024-01-07T10:00:00+01:00" FORMAT="3.0" VERSION="3.0"
 xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"
 xsi:noNamespaceSchemaLocation="http://www.mpi.nl/tools/elan/EAFv3.0.xsd">
<HEADER MEDIA_FILE="" TIME_UNITS="milliseconds"><PROPERTY NAME="lastUsedAnnotationId">9</PROPERTY></HEADER>
<TIME_ORDER>
<TIME_SLOT TIME_SLOT_ID="ts1" TIME_VALUE="500"/><TIME_SLOT TIME_SLOT_ID="ts2"/>
<TIME_SLOT TIME_SLOT_ID="ts3" TIME_VALUE="1500"/><TIME_SLOT TIME_SLOT_ID="ts4" TIME_VALUE="2000"/>
</TIME_ORDER>
<TIER LINGUISTIC_TYPE_REF="part" PARENT_REF="A" TIER_ID="Anna - words">
<ANNOTATION><REF_ANNOTATION ANNOTATION_ID="a4" ANNOTATION_REF="a1">
<ANNOTATION_VALUE>guten</ANNOTATION_VALUE></REF_ANNOTATION></ANNOTATION>
<ANNOTATION><REF_ANNOTATION ANNOTATION_ID="a5" ANNOTATION_REF="a1" PREVIOUS_ANNOTATION="a4">
<ANNOTATION_VALUE>Tag</ANNOTATION_VALUE></REF_ANNOTATION></ANNOTATION></TIER>
<TIER LINGUISTIC_TYPE_REF="utterance" PARTICIPANT="Anna" TIER_ID="A">
<ANNOTATION><ALIGNABLE_ANNOTATION ANNOTATION_ID="a1" TIME_SLOT_REF1="ts1" TIME_SLOT_REF2="ts3">
<ANNOTATION_VALUE>guten  Tag &amp; Grüße</ANNOTATION_VALUE></ALIGNABLE_ANNOTATION></ANNOTATION></TIER>
<TIER LINGUISTIC_TYPE_REF="utterance" TIER_ID="Ben">
<ANNOTATION><ALIGNABLE_ANNOTATION ANNOTATION_ID="a2" TIME_SLOT_REF1="ts3" TIME_SLOT_REF2="ts4">
<ANNOTATION_VALUE>ja</ANNOTATION_VALUE></ALIGNABLE_ANNOTATION></ANNOTATION>
<ANNOTATION><ALIGNABLE_ANNOTATION ANNOTATION_ID="a3" TIME_SLOT_REF1="ts3" TIME_SLOT_REF2="ts4">
<ANNOTATION_VALUE></ANNOTATION_VALUE></ALIGNABLE_ANNOTATION></ANNOTATION></TIER>
<TIER LINGUISTIC_TYPE_REF="note" PARENT_REF="Ben" TIER_ID="translation">
<ANNOTATION><REF_ANNOTATION ANNOTATION_ID="a6" ANNOTATION_REF="a2">
<ANNOTATION_VALUE>yes</ANNOTATION_VALUE></REF_ANNOTATION></ANNOTATION></TIER>
<TIER LINGUISTIC_TYPE_REF="part" PARENT_REF="Ben" TIER_ID="words - Ben">
<ANNOTATION><ALIGNABLE_ANNOTATION ANNOTATION_ID="a7" TIME_SLOT_REF1="ts1" TIME_SLOT_REF2="ts2">
<ANNOTATION_VALUE>ja</ANNOTATION_VALUE></ALIGNABLE_ANNOTATION></ANNOTATION></TIER>
<TIER LINGUISTIC_TYPE_REF="utterance" TIER_ID="Cara"/>
<LINGUISTIC_TYPE GRAPHIC_REFERENCES="false" LINGUISTIC_TYPE_ID="utterance" TIME_ALIGNABLE="true"/>
</ANNOTATION_DOCUMENT>
"""


def test_elans_tiers_are_turns_and_words_and_a_translation_is_left_out(write):
    table = annotations.read(write("a.eaf", EAF))
    turns, words = table[table["segment"] == "turn"], table[table["segment"] == "word"]
    assert rows(turns) == [(0.5, 1.5, "Anna", "guten Tag & Grüße"), (1.5, 2.0, "Ben", "ja")]
    assert sorted(rows(words)) == [
        (0.5, 1.0, "Ben", "ja"),  # the slot without a time lies between its neighbours
        (0.5, 1.125, "Anna", "guten"),  # words share their parent's time by their lengths
        (1.125, 1.5, "Anna", "Tag"),
    ]
    assert table.attrs["notes"] == [
        "the tier 'translation' refers to 'Ben', and is not called words",
    ]


@pytest.mark.parametrize(
    "text",
    [
        "A\t\t00:00:00.500\t00:00:01.250\t00:00:00.750\tHi\nB\tBen\t00:00:02.000\t00:00:03.000\t00:00:01.000\t7\n",
        "A\t\t0.5\t1.25\t0.75\tHi\nB\tBen\t2.0\t3.0\t1.0\t7\n",
        "A\t\t500\t1250\t750\tHi\nB\tBen\t2000\t3000\t1000\t7\n",
        "A\t\t00:00:00.500\t0.5\t500\t00:00:01.250\t1.25\t1250\tHi\n"
        "B\tBen\t00:00:02.000\t2.0\t2000\t00:00:03.000\t3.0\t3000\t7\n",
        "Tier\tParticipant\tBegin Time - msec\tEnd Time - msec\tAnnotation\n"
        "A\t\t500\t1250\tHi\nB\tBen\t2000\t3000\t7\n",
        "Temps de départ - hh:mm:ss.ms\tTemps de départ - PAL\tTemps de fin - hh:mm:ss.ms\tTemps de fin - PAL\tA\tBen\n"
        "00:00:00.500\t00:00:00:12\t00:00:01.250\t00:00:01:06\tHi\t\n"
        "00:00:02.000\t00:00:02:00\t00:00:03.000\t00:00:03:00\t\t7\n",
        '"#file:///C:/a.wav -- offset: 0, duration: 00:01:00.000 / 60.0 / 60000"\n'
        "A\t\t00:00:00.500\t00:00:01.250\tHi\nB\tBen\t00:00:02.000\t00:00:03.000\t7\n",
    ],
)
def test_elans_tables_are_read_in_all_the_forms_that_elan_offers(write, text):
    assert rows(annotations.read(write("a.txt", text))) == [(0.5, 1.25, "A", "Hi"), (2.0, 3.0, "Ben", "7")]


def test_labels_of_audacity_are_turns_whose_speakers_are_not_known(write):
    assert rows(annotations.read(write("a.txt", "0.500000\t1.250000\tHi\n"))) == [(0.5, 1.25, None, "Hi")]


def test_rttm_tells_who_speaks(write):
    text = ";; a remark\nSPKR-INFO a 1 <NA> <NA> <NA> unknown A <NA> <NA>\n"
    table = annotations.read(write("a.rttm", text + "SPEAKER a 1 0.10 1.90 <NA> <NA> A <NA> <NA>\n"))
    assert rows(table) == [(0.1, 2.0, "A", None)]


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("a.srt", "nonsense", "a.srt cannot be read as .srt"),
        ("a.srt", "", "a.srt cannot be read as .srt"),
        ("a.srt", cues("a") + "2\n00:00:05,000 --> 00:00:04,000\nb\n", "a.srt: from 5 to 4 s is no segment"),
        ("a.TextGrid", "nonsense", "a.TextGrid cannot be read as .TextGrid"),
        ("a.TextGrid", tiers("Anna")[:-12], "a.TextGrid cannot be read as .TextGrid"),
        ("a.eaf", EAF[:900], "a.eaf cannot be read as .eaf"),
        ("a.eaf", EAF.replace('REF1="ts3"', 'REF1="ts9"'), "a.eaf cannot be read as .eaf .*ts9"),
        ("a.eaf", EAF.replace('"500"', '"5000"'), "a.eaf: from 5 to 2"),
        ("a.eaf", "<html/>", "a.eaf cannot be read as .eaf"),
        ("a.txt", "A\t\t00:00:01.000\t00:00:00.500\tHi\n", "a.txt: from 1 to 0.5 s"),
        ("a.txt", "Begin Time - msec\tDuration - msec\tA\n1\t2\tHi\n", "export both"),
        ("a.txt", "no table", "export both"),
        ("a.rttm", "SPEAKER a 1 0.10\n", "a.rttm cannot be read as .rttm"),
        ("a.rttm", "SPEAKER a 1 1.0 -1.0 <NA> <NA> A <NA> <NA>\n", "a.rttm: from 1 to 0 s is no segment"),
        ("a.rttm", "no rttm\n", "a.rttm .*lines that begin with SPEAKER"),
        ("a.docx", "", "a.docx is no annotation by its ending. Files that are read end in: .eaf"),
    ],
)
def test_a_damaged_file_is_refused_with_what_is_wrong_and_what_to_do(write, name, text, message):
    with pytest.raises(TutorialError, match=message):
        annotations.read(write(name, text))


def test_files_belong_to_the_recording_that_they_are_called_after(folder, write):
    write("a.en-GB.SRT", cues("ANNA: Hi"))
    write("deep/c.TextGrid", tiers("Ben", "words"))
    write("notes.txt", "only\ta note")
    found = beside(folder)
    assert list(found["turns"].columns) == annotations.TURN_COLUMNS
    assert rows(found["turns"], "recording onset kind speaker channel text") == [
        ("a", 1.0, "speech", "ANNA", None, "Hi"),
        ("deep/c", 1.0, "speech", "Ben", None, "x"),
    ]
    assert list(found["words"].columns) == annotations.WORD_COLUMNS
    assert rows(found["words"], "recording word speaker") == [("deep/c", "x", None)]
    assert found["outcome"] is None
    assert rows(found["files"], "file recording read_as rows note") == [
        ("a.en-GB.SRT", "a", "turns", 1, ""),
        ("deep/c.TextGrid", "deep/c", "turns, words", 2, ""),
    ]
    texts = ["recording", "kind", "speaker", "channel", "text", "style"]
    assert {found["turns"][column].dtype for column in texts} == {pd.StringDtype("python")}
    assert found["turns"]["onset"].dtype == float


def test_a_folder_without_annotations_has_none(folder):
    found = beside(folder)
    assert (found["turns"], found["words"], found["outcome"], len(found["files"])) == (None, None, None, 0)


def test_where_two_recordings_share_a_name_the_file_says_which(folder, write):
    (folder / "a.mp3").touch()
    write("a.mp3.srt", cues("mp3"))
    write("a.srt", cues("which?"))
    with pytest.warns(LeftOutWarning, match=r"1 files beside the sound not used: a.srt \(no recording is called so\)"):
        found = annotations.beside(folder, metadata.recordings_in(folder))
    assert rows(found["turns"], "recording text") == [("a.mp3", "mp3")]


def test_the_file_with_speakers_is_used_and_words_are_chosen_separately(folder, write):
    write("a.srt", cues("no speaker"))
    write("a.TextGrid", tiers("words"))
    write("a.eaf", EAF.replace("words", "gloss"))
    with pytest.warns(LeftOutWarning, match=r"1 files beside the sound not used: a.srt \(turns are taken from a.eaf\)"):
        found = annotations.beside(folder, metadata.recordings_in(folder))
    assert found["turns"]["speaker"].tolist() == ["Anna", "Ben"]
    assert found["files"].set_index("file")["read_as"].to_dict() == {
        "a.TextGrid": "words",
        "a.eaf": "turns",
        "a.srt": "",
    }


def test_of_two_files_that_tell_as_much_one_is_used_and_said(folder, write):
    write("a.srt", cues("one"))
    write("a.vtt", "WEBVTT\n\n00:01.000 --> 00:02.000\ntwo\n")
    with pytest.warns(LeftOutWarning, match=r"a.srt \(turns are taken from a.vtt\)"):
        found = annotations.beside(folder, metadata.recordings_in(folder))
    assert found["turns"]["text"].tolist() == ["two"]


def test_what_is_no_speech_is_music_or_left_out_and_said(folder, write):
    labels = ["[MUSIC]", "♪ la la la la ♪", "(applause)", "(pause)", "I (really) do", "(I did not say so)"]
    write("a.srt", cues(*labels))
    found = beside(folder)
    assert rows(found["turns"], "kind text") == [
        ("music", None),
        ("music", None),
        ("silence", None),
        ("speech", "I (really) do"),
        ("speech", "(I did not say so)"),
    ]
    assert found["files"]["note"].tolist() == ["labels of other sounds left out: (applause)"]


def test_an_rttm_of_one_recording_may_call_it_otherwise(folder, write):
    write("a.rttm", "SPEAKER file1 1 1.0 0.5 <NA> <NA> A <NA> <NA>\n")
    assert beside(folder)["turns"]["recording"].tolist() == ["a"]


@pytest.mark.parametrize("separator", [",", ";", "\t"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_tables_as_spreadsheets_save_them_are_read(folder, write, separator, encoding):
    point = "." if separator == "," else ","
    lines = ["file|onset|offset|speaker|kind", f"b.mp3|1{point}5|00:00:02|Jörg|", "a.wav|0|1||Music"]
    write("turns.csv", "\r\n".join(lines).replace("|", separator), encoding)
    write("words.csv", f"recording|onset|offset|word\nb|1{point}5|2|NA\n".replace("|", separator), encoding)
    write(
        "outcome.csv", f"recording|onset|offset|score|mood\na|0|5|46{point}5|good\n".replace("|", separator), encoding
    )
    found = beside(folder)
    assert rows(found["turns"], "recording onset offset kind speaker") == [
        ("a", 0.0, 1.0, "music", None),
        ("b", 1.5, 2.0, "speech", "Jörg"),
    ]
    assert rows(found["words"], "recording onset word") == [("b", 1.5, "NA")]
    assert rows(found["outcome"], "recording onset offset score mood") == [("a", 0.0, 5.0, 46.5, "good")]
    assert found["outcome"]["score"].dtype == float


def test_a_table_beside_a_recording_needs_no_column_that_names_it(folder, write):
    write("deep/c.turns.csv", "onset,offset,speaker,remark\n1,2,Anna,x\n")
    found = beside(folder)
    assert rows(found["turns"], "recording onset speaker") == [("deep/c", 1.0, "Anna")]
    assert found["files"]["note"].tolist() == ["columns left out: remark"]


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("turns.csv", "onset,offset\n1,2\n", "turns.csv has no column 'recording'"),
        ("turns.csv", "recording,onset,offset,Speakers\na,1,2,A\n", "column 'Speakers'. If it is 'speaker'"),
        ("turns.csv", "recording,onset\na,1\n", "turns.csv has no column 'offset'"),
        ("turns.csv", "recording,onset,offset\na,1,2\n\nintervew,1,2\n", "line 4: no recording is called 'intervew'"),
        ("turns.csv", "recording,onset,offset\nDeep/d,1,2\n", "called 'Deep/d'. The nearest is 'deep/c'"),
        ("turns.csv", "recording,onset,offset\na,2,1\n", "turns.csv: from 2 to 1 s"),
        ("turns.csv", "recording,onset,offset\na,,2\n", "turns.csv: a time under 'onset' is none"),
        ("turns.csv", "recording,onset,offset,kind\na,1,2,noise\n", "turns.csv: 'noise' is no kind of turn"),
        ("words.csv", "recording,onset,offset,text\na,1,2,x\n", "words.csv has no column 'word'"),
        ("a.srt", "damaged", "a.srt cannot be read as .srt .* Correct the file, or move it out of the folder"),
    ],
)
def test_a_table_that_is_wrong_is_refused_with_its_line_and_the_nearest_name(folder, write, name, text, message):
    write(name, text)
    with pytest.raises(TutorialError, match=message):
        beside(folder)


def test_files_that_are_not_used_are_counted_and_named_once(folder, write):
    write("lost.srt", cues("x"))
    write("deep/turns.csv", "recording,onset,offset\nc,1,2\n")
    write("b.TextGrid", tiers("phones"))
    with pytest.warns(LeftOutWarning) as record:
        found = annotations.beside(folder, metadata.recordings_in(folder))
    assert len(record) == 1
    message = str(record[0].message)
    assert "3 files beside the sound not used: " in message
    for part in ("lost.srt (no recording", "turns.csv (no recording", "b.TextGrid (the tier 'phones' has no words)"):
        assert part in message
    assert found["turns"] is None and found["files"]["rows"].tolist() == [0, 0, 0]


def test_names_in_small_letters_are_speakers_where_nearly_every_line_begins_with_one(tmp_path):
    show = corpora.load("show")
    turns = show.turns[show.turns["recording"] == show.recordings.index[1]]
    annotations.write(turns, tmp_path / "a.srt")
    again = annotations.read(tmp_path / "a.srt")
    speech = turns["kind"] == "speech"
    assert again["speaker"].dropna().tolist() == turns.loc[speech, "speaker"].tolist()
    assert again["text"][again["speaker"].notna()].tolist() == turns.loc[speech, "text"].tolist()


def test_a_colon_in_a_few_lines_makes_no_speaker(tmp_path):
    cues = ["one thing: stay", "I see", "one thing: go", "and now", "so it is", "well"]
    text = "".join(f"{n}\n00:00:0{n},000 --> 00:00:0{n},900\n{said}\n\n" for n, said in enumerate(cues))
    (tmp_path / "a.srt").write_text(text)
    assert annotations.read(tmp_path / "a.srt")["speaker"].isna().all()
