"""Stories about who makes something, shown to buyers; whoever is in one has agreed to it, elsewhere (decision 0068)."""
