"""The one error of this package that is meant for a person, and its warnings."""


class TutorialError(Exception):
    """Something a person can mend: the message says what was wrong, with which file or name, and what to do.

    The command line prints the message alone; in a notebook it stands at the end of the traceback.
    """


class DamageWarning(UserWarning):
    """Something is wrong with a recording that was read: the message says what, in which file, and from when to when.

    Lesson: 01_data_prep.
    """


class LeftOutWarning(UserWarning):
    """Something in a folder of recordings was not taken: the message counts and names it. Lesson: 01_data_prep."""
