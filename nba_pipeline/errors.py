"""The root of every error that this project raises on purpose: what is not one is a defect."""


class NbaPipelineError(Exception):
    """Something that a person or a program can act on; the message says what and where."""


class WrongRequest(NbaPipelineError):
    """What was asked for makes no sense as it is worded; nothing was done."""
