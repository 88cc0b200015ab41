"""The same lake, loaded and built in several engines, and what the engines then hold, compared row by row."""
