"""What a team takes along: the roll, the numbers and the whole letter, as files."""
