"""The command line: `python -m tutorial_helpers run`, `workshop`, `doctor` and what else `--help` tells of."""

from __future__ import annotations

import argparse
import sys
import warnings
from typing import Any

from . import corpora
from .errors import DamageWarning, LeftOutWarning, TutorialError


def main(arguments: list[str] | None = None) -> int:
    """Do what the command line asks for; the exit status is 0 only if all went well."""
    parser = argparse.ArgumentParser(prog="python -m tutorial_helpers", description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)

    run = commands.add_parser("run", help="execute lessons on a corpus and write a report")
    run.add_argument(
        "--corpus", default=corpora.DEFAULT, help="'show', 'prompts', a folder of audio files, or a manifest's address"
    )
    run.add_argument("--out", default="runs/latest", help="the folder that gets the executed lessons and the report")
    run.add_argument("--lessons", default="", help="such as 01,03; all where it is left out")
    run.add_argument("--profile", default="full", help="full, or fast: the same path over less sound")
    run.add_argument(
        "-p", dest="parameters", nargs=2, action="append", default=[], metavar=("NAME", "VALUE"),
        help="a value for the lessons' parameters, such as -p minutes 5",
    )  # fmt: skip
    workshop = commands.add_parser("workshop", help="execute lessons once a team, and compare the teams on a page")
    workshop.add_argument("groups", help="a CSV with a column 'team' and parameters of the lessons, such as minutes")
    workshop.add_argument("--out", default="runs/workshop", help="the folder that gets a folder a team, and the page")
    workshop.add_argument("--lessons", default="", help="such as 01,03; all where it is left out")
    workshop.add_argument("--profile", default="full", help="full, or fast: the same path over less sound")
    manifest = commands.add_parser("manifest", help="write manifest.csv, to give a folder of recordings an address")
    manifest.add_argument("folder", help="the folder with the recordings, and metadata.csv where there is one")
    extract = commands.add_parser(
        "extract", help="measure every recording of a corpus, on all cores or on many machines"
    )
    extract.add_argument("corpus", help="'show', 'prompts', a folder of audio files, or a manifest's address")
    extract.add_argument("out", help="the folder, or the address of one, that gets the measures; what is there is kept")
    extract.add_argument("--scheduler", help="the address of a Dask scheduler whose workers measure: tcp://host:8786")
    extract.add_argument("--workers", type=int, help="processes on this machine; one a core where it is left out")
    extract.add_argument("--recogniser", default="auto", help="what writes the words: auto, tiny.en, base, small, ...")
    extract.add_argument("--language", help="what is spoken, such as fr; detected where it is left out")
    extract.add_argument(
        "--speakers", default="auto", type=_speakers, metavar="auto|N|none",
        help="how many speak in each recording whose turns are not known; none leaves it open who speaks",
    )  # fmt: skip
    extract.add_argument("--no-words", action="store_true", help="leave words to the files beside the recordings")
    extract.add_argument("--csv", action="store_true", help="write all tables but frames as CSV too")
    extract.add_argument("--floor", type=float, help="lowest pitch in Hz; from each recording where it is left out")
    extract.add_argument("--ceiling", type=float, help="highest pitch in Hz; from each recording where it is left out")
    align = commands.add_parser("align", help="find when the words of transcripts NAME.txt are said")
    align.add_argument("folder", help="the folder with the recordings and their transcripts")
    align.add_argument("--recogniser", default="auto", help="what hears the words: auto, tiny.en, base, small, ...")
    align.add_argument("--language", help="what is spoken, such as fr; detected where it is left out")
    commands.add_parser("doctor", help="check this machine: one OK/FAIL line a thing the tutorial needs")
    commands.add_parser("warm-up", help="compile librosa's loops once, so that no lesson waits for it (make setup)")
    notebooks = commands.add_parser("notebooks", help="make notebooks/ from notebooks/source/ (for authors)")
    notebooks.add_argument("--lessons", default="", help="such as 01,03; all where it is left out")
    links = commands.add_parser("links", help="write where the project is published wherever it is shown (for authors)")
    links.add_argument("repository", help="owner/name")
    commands.add_parser("environment", help="write binder/ from environment.yml (for authors)")

    options = parser.parse_args(arguments)
    try:
        with warnings.catch_warnings():
            warnings.showwarning = _print_note
            return COMMANDS[options.command](options)
    except KeyboardInterrupt:
        print(f"Stopped. {KEPT_OF.get(options.command, '')}".rstrip(), file=sys.stderr)
        return 130  # as a shell calls it
    except TutorialError as error:
        print(f"Error: {error}", file=sys.stderr)
    except ModuleNotFoundError as error:
        if options.command not in EXTRA_OF or (error.name or "").startswith("tutorial_helpers"):
            raise
        print(
            f"Error: '{options.command}' needs the package {error.name}, which is not installed. Install it: "
            f'pip install "audio-as-data-tutorial[{EXTRA_OF[options.command]}]"',
            file=sys.stderr,
        )
    return 1


def _speakers(text: str) -> int | str | None:
    """How many speakers an argument says there are."""
    return None if text == "none" else text if text == "auto" else int(text)


def _print_note(message: Warning | str, category: type[Warning], *_: Any, **__: Any) -> None:
    """Print a warning of ours as a sentence; those of other packages are for programmers."""
    if issubclass(category, (DamageWarning, LeftOutWarning)):
        print(f"Note: {message}", file=sys.stderr)


def _run(options: argparse.Namespace) -> int:
    from .project import runner  # heavy imports wait until they are needed: `--help` answers at once

    report = runner.run(
        options.corpus,
        options.out,
        lessons=options.lessons,
        profile=options.profile,
        parameters=dict(options.parameters),
    )
    failures = runner.failures(report)
    for line in failures:
        print(f"FAILED {line}", file=sys.stderr)
    print(f"{len(report['lessons']) - len(failures)} of {len(report['lessons'])} lessons ran: {options.out}/index.html")
    return 1 if failures else 0


def _workshop(options: argparse.Namespace) -> int:
    from .project import workshop

    done = workshop.run(options.groups, options.out, lessons=options.lessons, profile=options.profile)
    for line in workshop.failures(done):
        print(f"FAILED {line}", file=sys.stderr)
    ran = sum(team["status"] == "ok" for team in done["teams"])
    print(f"{ran} of {len(done['teams'])} teams ran without a failure: {options.out}/index.html")
    return 0 if ran == len(done["teams"]) else 1


def _manifest(options: argparse.Namespace) -> int:
    from . import manifest

    print(manifest.write_manifest(options.folder))
    return 0


def _extract(options: argparse.Namespace) -> int:
    from . import scaling_up, storage

    corpus = corpora.load(options.corpus)
    done = scaling_up.extract(
        corpus.recordings,
        options.out,
        client=options.scheduler,
        workers=options.workers,
        floor=options.floor,
        ceiling=options.ceiling,
        turns=corpus.turns,
        words=corpus.words,
        recogniser=None if options.no_words else options.recogniser,
        language=options.language,
        speakers=options.speakers,
    )
    if options.csv:
        storage.write_csv(options.out, ["recordings", "turns", "words", "speakers"])
    failed = done[done["status"] == "failed"]
    for name, reason in failed["reason"].items():
        print(f"FAILED {name}: {reason}", file=sys.stderr)
    ends = f", {len(failed)} failed: {options.out}/failures.parquet" if len(failed) else ""
    print(f"{len(done) - len(failed)} of {len(done)} recordings are in {options.out}{ends}")
    return 1 if len(failed) else 0


def _align(options: argparse.Namespace) -> int:
    from .deep_learning import align

    failed = False
    for path in align.with_transcripts(options.folder):
        try:
            found = align.align_file(path, recogniser=options.recogniser, language=options.language)
            print(f"{path.name}: {found}")
        except TutorialError as error:
            print(f"FAILED {path.name}: {error}", file=sys.stderr)
            failed = True
    return 1 if failed else 0


def _doctor(options: argparse.Namespace) -> int:
    from .project import doctor

    checks = doctor.examine()
    for ok, line in checks:
        print(f"{'OK  ' if ok else 'FAIL'} {line}")
    return 0 if all(ok for ok, _ in checks) else 1


def _warm_up(options: argparse.Namespace) -> int:
    from .project import doctor

    doctor.warm_up()
    return 0


def _publish(options: argparse.Namespace) -> int:
    from .project import publish

    if options.command == "notebooks":
        written = publish.make_notebooks(options.lessons)
    elif options.command == "links":
        written = publish.set_repository(options.repository)
    else:
        written = publish.make_binder()
    print(*written, sep="\n")
    return 0


COMMANDS = {
    "run": _run,
    "workshop": _workshop,
    "manifest": _manifest,
    "extract": _extract,
    "align": _align,
    "doctor": _doctor,
    "warm-up": _warm_up,
    "notebooks": _publish,
    "links": _publish,
    "environment": _publish,
}
# what stays when a command is stopped, and how to go on
KEPT_OF = {
    "run": "The lessons that were done are in the report, and in run.json.",
    "workshop": "The teams that were done are on the page, and in workshop.json.",
    "extract": "What is complete is kept: start again with the same command.",
}
# what a command needs beyond the helpers themselves
EXTRA_OF = dict.fromkeys(["run", "workshop", "notebooks", "links", "environment"], "notebooks") | {"extract": "archive"}

if __name__ == "__main__":
    sys.exit(main())
