"""What is dropped behind the decoder: by class and size of group, by key, or by window, and counted before."""
