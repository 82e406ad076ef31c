"""What Asterisk takes from the C library: text as bytes, numbers, times and regular expressions. Knows no Asterisk."""
