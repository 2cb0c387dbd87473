"""The scalar functions of the language, one file a theme; `slac.plan.functions` puts them together."""
