"""One operator a file: what each kind of node does with rows and watermarks."""
