"""The one error of this package that is meant for a person."""


class TutorialError(Exception):
    """Something a person can mend: the message says what was wrong, with which file or name, and what to do.

    The command line prints the message alone; in a notebook it stands at the end of the traceback.
    """
