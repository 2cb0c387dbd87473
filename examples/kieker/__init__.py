"""Text logs of Kieker as events: what an instrumented program has written, put together as traces by slac."""
