"""The owner sets up the portal: saved, shown, undone, by nobody else."""

import pytest
from bs4 import BeautifulSoup
from sqlalchemy import select

from core.web.colours import text_contrast
from core.workshop.audit.models import AuditEntry
from plugins.self_service_portal.look import Look, current_look
from plugins.self_service_portal.look_services import difference
from tests import factories
from tests.garages import Garage, Outbox
from tests.plugins.self_service_portal.after_booking import decide as support_decides
from tests.plugins.self_service_portal.after_booking import mails, request_estimate
from tests.plugins.self_service_portal.deciding import (
    DESK,
    decide,
    fields_of,
    filled,
    look_in,
    save,
    soup,
    texts,
)
from tests.statements import counted

NASTY = '"></textarea><script>alert(1)</script><img src=x onerror=y>{{ 7 }}{% x %} %(a)s'
MISTAKES = [
    ({"brand": "red; }"}, "Please choose a colour such as"),
    ({"accent": "javascript:"}, "Please choose a colour such as"),
    ({"welcome_fr": "x" * 81}, "Field cannot be longer than 80 characters."),
    ({"mileage": "perhaps"}, "Not a valid choice."),
    ({"draft_days": "31"}, "Number must be between 1 and 30."),
    ({"draft_days": "3", "photo_days": "4"}, "Photos cannot be kept longer"),
]


async def test_customers_see_what_the_owner_saved(garage: Garage) -> None:
    owner = await garage.staff("owner")
    answer = await save(
        owner, brand="#7a1f2b", accent="#0b5d6b", welcome_en="Welcome!", intro_en="One\r\nTwo"
    )
    assert "Saved. Customers see it now." in answer.text
    page = await garage.browser().open("/en")
    assert page.select_one("link[href='/theme/7a1f2b-0b5d6b.css']") is not None
    assert page.h1 is not None
    assert page.h1.text == "Welcome!"
    assert page.select(".as-typed")[0].text == "One\nTwo"


async def test_saving_the_form_as_it_is_changes_nothing(garage: Garage) -> None:
    owner = await garage.staff("owner")
    answer = await save(owner)
    assert "Nothing was different." in answer.text
    assert f"{DESK}/undo" not in answer.text
    assert await look_in(garage) == Look()
    assert (await fields_of(owner))["revision"] == "0"


async def test_what_the_owner_leaves_empty_is_said_in_the_readers_language(garage: Garage) -> None:
    await decide(garage, texts=texts("nl", welcome="Welkom bij ons"))
    browser = garage.browser()
    dutch, english = await browser.open("/nl"), await browser.open("/en")
    assert [page.h1.text for page in (dutch, english) if page.h1] == [
        "Welkom bij ons",
        "What can we do for you?",
    ]


async def test_a_colour_that_cannot_be_read_is_refused_with_the_nearest_that_can(
    garage: Garage,
) -> None:
    owner = await garage.staff("owner")
    answer = await save(owner, accent="#ffdd00", welcome_en="Still here")
    page = soup(answer)
    button = page.select_one("button[name=better_accent]")
    assert answer.status_code == 422
    assert "its contrast is 1.1 to 1" in page.text
    assert filled(page)["welcome_en"] == "Still here"
    assert button is not None
    assert text_contrast(str(button["value"])) >= 4.5
    assert await look_in(garage) == Look()
    fields = {**filled(page), "better_accent": str(button["value"])}
    assert (await owner.submit(DESK, fields)).status_code == 200
    assert (await look_in(garage)).accent == button["value"]


async def test_a_mistake_is_named_and_nothing_is_stored(garage: Garage) -> None:
    owner = await garage.staff("owner")
    fields = {**await fields_of(owner), "intro_en": "What I typed"}
    for changes, says in MISTAKES:
        answer = await owner.submit(DESK, {**fields, **changes})
        assert (answer.status_code, says in soup(answer).text) == (422, True), changes
        assert filled(soup(answer))["intro_en"] == "What I typed"
    assert await look_in(garage) == Look()


async def test_undo_brings_the_former_values_back_and_again_forth(garage: Garage) -> None:
    owner = await garage.staff("owner")
    await save(owner, welcome_en="First")
    await save(owner, welcome_en="Second")
    await owner.submit(f"{DESK}/undo?revision=2", page=DESK)
    assert (await look_in(garage)).texts["en"].welcome == "First"
    await owner.submit(f"{DESK}/undo?revision=3", page=DESK)
    assert (await look_in(garage)).texts["en"].welcome == "Second"


async def test_the_log_holds_before_and_after(garage: Garage) -> None:
    owner = await garage.staff("owner")
    await save(owner, welcome_en="First", insurer="required")
    async with garage.unit() as session:
        found = select(AuditEntry).where(AuditEntry.action.endswith("look_changed"))
        entry = (await session.scalars(found)).one()
    assert entry.actor_name == "Owner Person"
    assert entry.details == {
        "revision": 1,
        "insurer": ["hidden", "required"],
        "texts.en.welcome": [None, "First"],
    }
    assert "Portal changed" in (await owner.open("/desk/audit")).text


async def test_an_old_page_overwrites_nothing_and_an_old_undo_neither(garage: Garage) -> None:
    owner = await garage.staff("owner")
    old = await fields_of(owner)
    await save(owner, welcome_en="Newer")
    answer = await owner.submit(DESK, {**old, "welcome_en": "Older"})
    assert answer.status_code == 409
    assert filled(soup(answer))["welcome_en"] == "Older"
    assert (await owner.submit(f"{DESK}/undo?revision=0", page=DESK)).status_code == 409
    assert (await look_in(garage)).texts["en"].welcome == "Newer"


async def test_texts_stay_texts_on_every_page_and_in_mails(garage: Garage, outbox: Outbox) -> None:
    text = NASTY
    words = texts(welcome=text, intro=text, next_steps=text, status_foot=text, consent=text)
    owner, customer = await garage.staff("owner"), garage.browser()
    request = await request_estimate(garage)
    await decide(garage, texts=words)
    async with garage.unit() as session:
        job = await factories.a_job(session)
    await customer.submit("/en/status", {"plate": job.plate, "number": job.public_number})
    for path in ("/en", "/en/status/job", f"{DESK}/preview?shown_page=contact"):
        page = await (owner if path.startswith(DESK) else customer).open(path)
        assert text in page.text
        assert not page.select("main script, main img, main b")
    (mail,) = await mails(outbox, garage, request)
    assert text in mail.text
    assert text in BeautifulSoup(mail.html, "html.parser").text
    assert "<script" not in mail.html
    assert "<img" not in mail.html
    assert (await fields_of(owner))["intro_en"] == text


async def test_mails_wear_the_colours_and_no_picture(garage: Garage, outbox: Outbox) -> None:
    request = await request_estimate(garage)
    await decide(garage, brand="#7a1f2b", accent="#0b5d6b")
    (mail,) = await mails(outbox, garage, request)
    assert "border-bottom:4px solid #7a1f2b" in mail.html
    assert "background:#0b5d6b;color:#ffffff" in mail.html
    assert "<img" not in mail.html


async def test_the_preview_shows_what_is_typed_and_stores_nothing(garage: Garage) -> None:
    owner = await garage.staff("owner")
    fields = await fields_of(owner)
    typed = {"welcome_nl": "Nog niet", "accent": "#ffdd00", "shown_language": "nl"}
    answer = await owner.submit(f"{DESK}/preview", {**fields, **typed}, page=DESK)
    page = soup(answer)
    assert page.h1 is not None
    assert (page.h1.text, page.select_one("html[lang=nl]") is not None) == ("Nog niet", True)
    assert "could not be read" in page.text
    assert "frame-ancestors 'self'" in answer.headers["content-security-policy"]
    assert await look_in(garage) == Look()
    assert "Nog niet" not in (await garage.browser().get("/nl")).text


@pytest.mark.parametrize(
    ("shown", "field"), [("done", "next_steps"), ("status", "status_foot"), ("privacy", "privacy")]
)
async def test_the_preview_shows_the_garages_words_on_the_page_that_has_them(
    garage: Garage, shown: str, field: str
) -> None:
    owner = await garage.staff()
    fields = {**await fields_of(owner), f"{field}_nl": "Wij bellen u.\nAltijd."}
    fields |= {"shown_page": shown, "shown_language": "nl"}
    answer = await owner.submit(f"{DESK}/preview", fields, page=DESK)
    page = soup(answer)
    assert (answer.status_code, page.html["lang"]) == (200, "nl")  # type: ignore[index]
    assert [each.text for each in page.select("main .as-typed")] == ["Wij bellen u.\nAltijd."]


async def test_the_preview_shows_which_photos_are_asked_for(garage: Garage) -> None:
    owner = await garage.staff()
    page = await owner.open(f"{DESK}/preview?shown_page=photos")
    assert len(page.select("main input[type=file]")) > 1


async def test_the_preview_of_a_question_shows_what_would_be_asked(garage: Garage) -> None:
    owner = await garage.staff("owner")
    typed = {"insurer": "required", "consent_en": "We keep it.", "shown_page": "contact"}
    fields = {**await fields_of(owner), **typed}
    page = soup(await owner.submit(f"{DESK}/preview", fields, page=DESK))
    assert page.select_one("input[name=insurer]") is not None
    assert "We keep it." in page.text
    assert [field["value"] for field in page.select("[name=csrf_token]")] == [""]


async def test_only_this_page_may_show_a_frame(garage: Garage) -> None:
    owner = await garage.staff("owner")
    policies = {
        path: (await owner.get(path)).headers["content-security-policy"]
        for path in (DESK, "/desk", "/en")
    }
    assert [path for path, policy in policies.items() if "frame-src" in policy] == [DESK]


async def test_nobody_but_the_owner_decides(garage: Garage) -> None:
    browser = await garage.staff("planner")
    token = await browser.token("/desk")
    for path in ("", "/preview", "/undo?revision=1", "/logo/remove"):
        answer = await browser.post(f"{DESK}{path}", data={"csrf_token": token})
        assert answer.status_code == 403
    assert DESK not in (await browser.get("/desk")).text


async def test_switched_off_there_is_nothing_and_on_again_it_is_all_there(garage: Garage) -> None:
    await decide(garage, texts=texts(welcome="Kept meanwhile"))
    owner = await garage.staff("owner")
    await garage.switch("self_service_portal", on=False)
    assert (await owner.get(DESK)).status_code == 404
    assert DESK not in (await owner.get("/desk")).text
    await garage.switch("self_service_portal", on=True)
    assert "Kept meanwhile" in (await garage.browser().get("/en")).text


async def test_an_entry_is_shown_where_support_and_owner_both_say_so(garage: Garage) -> None:
    owner, browser = await garage.staff("owner"), garage.browser()
    await support_decides(garage, show_pictures=False)
    assert "show_pictures" not in await fields_of(owner)
    await save(owner, show_status=None)
    page = await browser.open("/en")
    shown = [str(each["href"]) for each in page.select(".entry-card")]
    codes = [(await browser.get(f"/en/{key}")).status_code for key in ("status", "pictures")]
    assert shown == ["/en/estimate", "/en/repair"]
    assert codes == [404, 404]


async def test_one_garages_decisions_are_not_anothers(garage: Garage, other_garage: Garage) -> None:
    await decide(garage, texts=texts(welcome="Only here"), brand="#7a1f2b")
    page = (await other_garage.browser().get("/en")).text
    assert "Only here" not in page
    assert "7a1f2b" not in page


async def test_the_first_page_costs_four_statements(garage: Garage) -> None:
    await decide(garage, texts=texts(welcome="Welcome"))
    browser = garage.browser()
    await browser.get("/en")
    with counted(garage.house) as sent:
        await browser.get("/en")
    assert len(sent) <= 4
    assert len([each for each in sent if "self_service_portal_looks" in each]) == 1


def test_without_a_request_every_garage_begins_alike() -> None:
    assert current_look() == Look()
    assert difference(Look(), Look(draft_days=3, photo_days=3)) == {
        "draft_days": [7, 3],
        "photo_days": [7, 3],
    }
