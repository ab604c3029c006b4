"""How documents write numbers, units, durations, dates and doses."""
