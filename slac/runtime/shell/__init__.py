"""The thin shell around the core: one asyncio process with its inputs, outputs, links, checkpoints and budget."""
