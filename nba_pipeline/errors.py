"""The root of every error that this project raises on purpose: what is not one is a defect."""


class NbaPipelineError(Exception):
    """Something that a person or a program can act on; the message says what and where.

    exit_code is what a command that it ends with exits with.
    """

    exit_code = 1


class WrongRequest(NbaPipelineError):
    """What was asked for makes no sense as it is worded; nothing was done."""

    exit_code = 2
