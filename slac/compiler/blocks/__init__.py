"""From one block's declaration to the typed nodes that do its work: one file a kind of block."""
