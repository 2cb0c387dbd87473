"""Settings that all tests share: property tests draw the same examples every time, and few of them."""

from hypothesis import HealthCheck, settings

SLOW_IS_FINE = [HealthCheck.too_slow]
"""How long it takes to draw examples says something of the machine, and nothing of what is tested."""

settings.register_profile(
    "slac", derandomize=True, deadline=None, max_examples=40, suppress_health_check=SLOW_IS_FINE, print_blob=True
)
settings.register_profile(
    "thorough", deadline=None, max_examples=1_000, suppress_health_check=SLOW_IS_FINE, print_blob=True
)
settings.load_profile("slac")
