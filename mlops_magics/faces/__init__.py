"""How a person reaches the house: in a cell, in a shell. Faces parse, call one function, show what it returned."""
