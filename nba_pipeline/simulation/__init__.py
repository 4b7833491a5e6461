"""A simulated league whose truth is known, written as the sources would serve it."""
