"""What a published row looks like outside: the JSON record that all outputs share, and the mail made of it."""
