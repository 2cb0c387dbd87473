"""What is wrong with runtimes themselves, told like violations: a silent instance, a disk that takes no more."""
