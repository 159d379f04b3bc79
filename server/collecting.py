"""What a process keeps for as long as it lives is not looked through for garbage again and again."""

import gc


def keep_what_stands() -> None:
    """Called once, when everything is imported and built: collections pass it by from then on.

    A full collection of the 450,000 objects that stand by then takes 170 ms, in which nobody is answered.
    """
    gc.collect()
    gc.freeze()
