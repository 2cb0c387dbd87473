"""Where data comes in and results go out: inputs, outputs, and the decoding of what arrives."""
