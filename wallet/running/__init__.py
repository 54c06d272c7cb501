"""What is run: the command line, web processes, the worker, a demo town."""
