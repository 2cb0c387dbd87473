"""slac's example programs: real services that SLA documents watch, and the demo."""
