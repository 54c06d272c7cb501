"""Banks: payment orders out, reports and statements in, and what they are held against."""
