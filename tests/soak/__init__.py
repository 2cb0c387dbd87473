"""A system of several processes under load, whose runtimes are killed, and what an undisturbed run would have said."""
