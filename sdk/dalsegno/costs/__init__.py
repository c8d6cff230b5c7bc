"""What workflows cost on AWS: list prices, bills, and estimates before anything runs."""
