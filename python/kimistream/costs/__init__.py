"""What answers cost: prices, and budgets that stop."""
