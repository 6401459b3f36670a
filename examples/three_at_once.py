"""Three pictures at the same time, with asyncio; the first one ready is saved first. Needs BFL_API_KEY."""

import asyncio

from bfl_client import AsyncClient


async def make(client: AsyncClient, animal: str) -> None:
    """Make one picture, and print its progress."""
    task = await client.submit.flux_2_pro(prompt=f"{animal}, woodcut")
    result = await task.wait(on_update=lambda update: print(f"{animal}: {update.status}"))
    print(f"{animal}: {await result.save(f'{animal}.jpg')}")


async def main() -> None:
    """Start all three, and wait for them."""
    async with AsyncClient() as client, asyncio.TaskGroup() as group:
        for animal in ("fox", "hare", "owl"):
            group.create_task(make(client, animal))


if __name__ == "__main__":
    asyncio.run(main())
