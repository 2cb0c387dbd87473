"""The typed dataflow between compiler and runtime: nodes, schemas, expressions and the graph."""
