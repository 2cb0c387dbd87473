"""What slac reaches on this machine: each module measures one number and compares it with its goal."""
