"""What each aggregate is made of, one family a file; `slac.plan.aggregates` is the way in."""
