"""One picture, with its seed and its cost. Needs BFL_API_KEY; ``python one_picture.py "a fox"``."""

import sys

from bfl_client import BFLError, Client


def main() -> None:
    """Submit, wait, save."""
    prompt = " ".join(sys.argv[1:]) or "a fox in the snow"
    try:
        with Client() as client:
            result = client.generate.flux_2_pro(prompt=prompt, width=1024, height=768)
            path = result.save("picture.jpg")
    except BFLError as error:
        sys.exit(f"no picture: {error}")
    print(f"{path}: seed {result.seed}, {result.cost} credits")


if __name__ == "__main__":
    main()
