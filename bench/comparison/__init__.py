"""Parts of bench/side_by_side: two daemons, the same load, one table."""
