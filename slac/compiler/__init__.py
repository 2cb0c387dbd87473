"""From a document to a plan, pass by pass."""
