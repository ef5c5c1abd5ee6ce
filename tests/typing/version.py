"""A program that asks which version it runs; the type checker reads it."""

from typing import assert_type

import hoofbeat

assert_type(hoofbeat.__version__, str)
