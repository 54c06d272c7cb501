"""The speed figures: how they are measured is told in docs/performance.md."""
