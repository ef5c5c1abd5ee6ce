"""A plugin of pytest: Hypothesis is content with the first failure, and neither simplifies nor keeps it."""

from hypothesis import Phase, settings

settings.register_profile("hasty", phases=[Phase.explicit, Phase.generate], database=None)
settings.load_profile("hasty")
