"""Results to what a reader sees: Swedish words, numbers, tables, figures and sentences. Calculates nothing."""
