"""Fills a hole in a picture from what surrounds it."""

from PIL import Image, ImageChops


def filled(picture: Image.Image, hole: Image.Image) -> Image.Image:
    """Return a picture (RGB) whose hole (white in a mask of the same size) goes on smoothly from around it.

    The known part is reduced step by step, each time over twice the distance, and what is known far off is laid
    under what is known nearby.
    """
    level = picture.copy()
    level.putalpha(ImageChops.invert(hole))
    levels = [level]
    while max(level.size) > 1:
        # Across twice as fast as down: in most pictures what is beside a thing is more like what is behind it.
        size = max(1, level.width // 4), max(1, level.height // 2)
        # Pillow weighs colours with their alpha here: what is not known has no say.
        level = level.resize(size, Image.Resampling.BOX)
        # A part that is known a little is taken as known: its colour is right, and there is none better.
        level.putalpha(level.getchannel("A").point([min(255, 3 * value) for value in range(256)]))
        levels.append(level)
    result = levels.pop().convert("RGB")
    while levels:
        level = levels.pop()
        under = result.resize(level.size, Image.Resampling.BILINEAR)
        result = Image.composite(level.convert("RGB"), under, level.getchannel("A"))
    return result
