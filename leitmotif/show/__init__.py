"""Results made visible: terminal tables, charts, plots, pages to take away."""
