"""Tables inside the runtime: whole versions in, changes as rows out."""
