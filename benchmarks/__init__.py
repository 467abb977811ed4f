"""How fast it is: `python -m benchmarks`. See docs/performance.md."""
