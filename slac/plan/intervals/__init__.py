"""What an expression may be where its columns are estimates: intervals of numbers, undecided conditions."""
