"""Each flow of the portal without a mouse or a finger, at 320 px."""

from playwright.async_api import expect

from tests.demo_run import DemoRun
from tests.factories import jpeg
from tests.journeys.people import NARROW, People, Person

MOST_TABS = 60


class Keyboard:
    """Hands on a keyboard: what has the focus is all that can be reached."""

    def __init__(self, person: Person) -> None:
        self._person = person
        self._page = person.page

    async def reach(self, selector: str) -> None:
        """Tab until something that fits has the focus, which must be visible."""
        for _ in range(MOST_TABS):
            await self._page.keyboard.press("Tab")
            if await self._page.evaluate(
                "selector => document.activeElement?.matches(selector) ?? false", selector
            ):
                await self._sees_where()
                return
        raise AssertionError(f"{self._page.url}: {selector} is not reached by Tab")

    async def type(self, selector: str, text: str) -> None:
        """Into a field."""
        await self.reach(selector)
        await self._page.keyboard.type(text)

    async def enter(self, selector: str) -> None:
        """A button, which leads anywhere."""
        await self.reach(selector)
        await self._page.keyboard.press("Enter")

    async def press(self, selector: str, target: str, key: str = "Enter") -> None:
        """A link or a button, which leads to `target`."""
        await self.reach(selector)
        await self._page.keyboard.press(key)
        await self._page.wait_for_url(target)

    async def _sees_where(self) -> None:
        """The focused thing, or the label that stands for it, is on the screen and is marked."""
        marked = await self._page.evaluate(
            """() => {
              const near = document.activeElement;
              const label = near.labels?.[0];
              const lines = [near, near.parentElement, label].filter(Boolean);
              const box = (label && getComputedStyle(near).opacity === "0" ? label : near);
              const {top, bottom, width} = box.getBoundingClientRect();
              return width > 0 && bottom > 0 && top < innerHeight
                && lines.some((each) => getComputedStyle(each).outlineStyle !== "none");
            }"""
        )
        assert marked, f"{self._page.url}: the focus is not seen"


NEXT = "main .actions button.primary"


async def at_home(people: People, entry: str) -> tuple[Keyboard, Person]:
    """Somebody who has opened a flow from the first page."""
    person = await people.sit_down("noord", screen=NARROW)
    await person.go("/en")
    hands = Keyboard(person)
    await hands.press(f".entry-card[href$='/{entry}']", f"**/en/{entry}**")
    return hands, person


async def identify(hands: Keyboard, job: dict[str, str], target: str) -> None:
    """Plate and number; the second field's Enter would do as well."""
    await hands.type("input[name=plate]", job["plate"])
    await hands.type("input[name=number]", job["number"])
    await hands.press(NEXT, f"**/{target}")


async def test_an_estimate_and_its_repair_by_keyboard_alone(people: People) -> None:
    hands, person = await at_home(people, "estimate")
    await hands.type("input[name=plate]", "1-KEY-123")
    await hands.press(NEXT, "**/damage")
    await hands.type("textarea[name=damage]", "A dent in the roof")
    await hands.reach("input[type=checkbox][value=roof]")
    await person.page.keyboard.press("Space")
    await hands.press(NEXT, "**/photos")
    await hands.press(NEXT, "**/time")
    await hands.press("button[name=take]", "**/contact")
    await hands.type("input[name=name]", "Kay Board")
    await hands.type("input[name=email]", "kay@example.com")
    await hands.press(NEXT, "**/check")
    await hands.press(NEXT, "**/done")
    await person.reads_heading("Thank you, we have your request")
    number = (await person.page.locator(".code").inner_text()).strip()
    assert not person.complaints
    hands, person = await at_home(people, "repair")
    await identify(hands, {"plate": "1-KEY-123", "number": number}, "repair/time")
    await hands.reach("input[type=radio][name=slot]")
    await person.page.keyboard.press("Space")
    await hands.reach(NEXT)
    await person.page.keyboard.press("Enter")
    await person.reads_heading("Is this right?")
    await hands.press(NEXT, "**/repair/done")
    assert not person.complaints


async def test_the_status_by_keyboard_alone(people: People, demo: DemoRun) -> None:
    hands, person = await at_home(people, "status")
    await identify(hands, demo.garage("noord")["jobs"][0], "status/job")
    await hands.type("textarea[name=body]", "When is it ready?")
    await hands.reach("#messages button.primary")
    await person.page.keyboard.press("Enter")
    await person.sees("Thank you. We have your message")


async def test_pictures_by_keyboard_alone(people: People, demo: DemoRun) -> None:
    hands, person = await at_home(people, "pictures")
    await identify(hands, demo.garage("noord")["jobs"][0], "pictures/add")
    await hands.reach("#photos, #photos-camera")
    async with person.page.expect_file_chooser() as opened:
        await person.page.keyboard.press("Enter")
    await (await opened.value).set_files(
        [{"name": "key.jpg", "mimeType": "image/jpeg", "buffer": jpeg((3, 99, 3))}]
    )
    await expect(person.page.get_by_text("Received", exact=True)).to_have_count(1)
    await hands.press(NEXT, "**/pictures/done")
    assert not person.complaints
