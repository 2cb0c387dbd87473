"""What a document says: declarations with their places, and the JSON Schema; names and SQL are not resolved here."""
