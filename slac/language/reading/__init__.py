"""From the tree to declarations: one file a part of the document, and a cursor that forgives what the schema told."""
