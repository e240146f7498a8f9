"""How soon the largest thing of a page is painted on a slow phone, as Chromium itself reports it.

    python -m bench.first_view http://noord.localhost:8000/nl http://noord.localhost:8000/fr/estimate

Each page is opened with an empty cache, over each of the networks below and with a processor four
times as slow, so often as `--rounds` says; what is printed is *largest contentful paint* in
milliseconds: the median, the fastest and the slowest. It needs a demo that runs, and a browser as the journeys do.
"""

import argparse
import asyncio
import statistics
import sys
from dataclasses import dataclass
from urllib.parse import urlsplit

from playwright.async_api import Browser, async_playwright

from tests import browser as chromium

SLOWER = 4
PHONE = {"width": 390, "height": 844}
_WATCH = """
    new PerformanceObserver((list) => {
      for (const entry of list.getEntries()) window.largest = entry.startTime;
    }).observe({ type: "largest-contentful-paint", buffered: true });
"""


@dataclass(frozen=True, slots=True)
class Network:
    """What the browser is told: milliseconds before each answer, bits per second."""

    name: str
    latency: float
    bits: float


NETWORKS = (
    Network("150 ms, 1.6 Mbit/s", 150, 1_600_000),
    Network("562 ms, 1.44 Mbit/s", 562.5, 1_440_000),
)


async def largest_paint(chrome: Browser, address: str, network: Network) -> float:
    """Milliseconds until the page's largest text or picture was painted."""
    context = await chrome.new_context(viewport=PHONE, device_scale_factor=2, is_mobile=True)  # type: ignore[arg-type] # a plain dict does
    try:
        page = await context.new_page()
        await page.add_init_script(_WATCH)
        session = await context.new_cdp_session(page)
        await session.send("Network.enable")
        await session.send(
            "Network.emulateNetworkConditions",
            {
                "offline": False,
                "latency": network.latency,
                "downloadThroughput": network.bits / 8,
                "uploadThroughput": network.bits / 8,
            },
        )
        await session.send("Emulation.setCPUThrottlingRate", {"rate": SLOWER})
        await page.goto(address)
        await page.wait_for_load_state("networkidle")
        await page.wait_for_function("window.largest > 0")
        return float(await page.evaluate("window.largest"))
    finally:
        await context.close()


async def measure(addresses: list[str], rounds: int) -> None:
    """Print a line per page and network; networks and pages take turns."""
    sandbox = ["--no-sandbox"]
    async with async_playwright() as playwright:
        chrome = await playwright.chromium.launch(executable_path=chromium.find(), args=sandbox)
        found: dict[tuple[str, str], list[float]] = {}
        for _ in range(rounds):
            for address in addresses:
                for network in NETWORKS:
                    took = await largest_paint(chrome, address, network)
                    found.setdefault((address, network.name), []).append(took)
        await chrome.close()
    for (address, network_name), times in found.items():
        spread = f"{statistics.median(times):6.0f} ms ({min(times):.0f} to {max(times):.0f})"
        sys.stdout.write(f"{urlsplit(address).path:24} {network_name:22} {spread}\n")


def main() -> None:
    """The command."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("addresses", nargs="+")
    parser.add_argument("--rounds", type=int, default=5)
    options = parser.parse_args()
    asyncio.run(measure(options.addresses, options.rounds))


if __name__ == "__main__":
    main()
