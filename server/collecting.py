"""What a process keeps for as long as it lives is not looked through for garbage again and again."""

import gc

OFTEN = (20_000, 3, 2)


def keep_what_stands() -> None:
    """Called once, when everything is imported and built: collections pass it by from then on.

    A full collection of the 450,000 objects that stand by then takes 170 ms, in which nobody is answered. Of what
    comes later there is so little that all of it is looked through often: a socket that is closed leaves 42 objects
    in circles, 10 KB, and 10,000 of them would wait for the next full collection otherwise.
    """
    gc.collect()
    gc.freeze()
    gc.collect()  # a full collection waits for a quarter of what survived the last one: now that is nothing
    gc.set_threshold(*OFTEN)
