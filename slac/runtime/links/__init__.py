"""Streams between runtimes: what is sent, kept until it is safe, accepted once, and how it travels over ZeroMQ."""
