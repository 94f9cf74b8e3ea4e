"""What goes out, and does it deserve trust?"""
