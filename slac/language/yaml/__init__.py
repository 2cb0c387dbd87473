"""YAML as slac takes it: a tree with positions, the core scalars of YAML 1.2, and a finding for everything else."""
