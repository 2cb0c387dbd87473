"""Settings that all tests share: property tests draw the same examples every time, and few of them."""

from hypothesis import HealthCheck, settings

settings.register_profile("slac", derandomize=True, deadline=None, max_examples=40, print_blob=True)
settings.register_profile(
    "thorough", deadline=None, max_examples=1_000, suppress_health_check=[HealthCheck.too_slow], print_blob=True
)
settings.load_profile("slac")
