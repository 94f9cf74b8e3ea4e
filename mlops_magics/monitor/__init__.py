"""Does new data still look right?"""
