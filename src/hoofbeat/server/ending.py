"""The end of a process that must not go on."""

import logging
import os

logger = logging.getLogger("hoofbeat.server")


def end_at_once(why: str) -> None:
    """Say why, and end the process without another word to anybody.

    For what is kept on disk and may not be: after a failed write nobody knows what is safe, and each
    receipt from then on could be a lie. Called from any thread.
    """
    logger.critical("! %s", why)
    logging.shutdown()
    os._exit(1)
