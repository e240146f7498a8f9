"""What a customer holds in hand after booking: mails, calendar files, the personal link."""

from datetime import timedelta
from zoneinfo import ZoneInfo

import pytest

from core.clock import frozen
from core.workshop.audit import repository as audit
from core.workshop.jobs import repository as jobs
from core.workshop.jobs.services import set_status
from core.workshop.locations import repository as locations
from core.workshop.planning import repository as planning_repository
from core.workshop.planning import services as planning
from plugins.self_service_portal.services import book_drop_off
from tests.factories import a_job, free_slots
from tests.garages import STAFF, Garage, Outbox
from tests.plugins.self_service_portal.after_booking import (
    PLATE,
    Request,
    appointment_of,
    decide,
    far_slot,
    file_in,
    invitation_in,
    mails,
    path_in,
    request_estimate,
)
from tests.security.furnished import everything_in


@pytest.fixture
async def far(garage: Garage) -> Request:
    """A request whose appointment may still be changed online."""
    async with garage.unit() as session:
        slot = await far_slot(session)
    return await request_estimate(garage, at=slot)


async def link_of(outbox: Outbox, garage: Garage, request: Request) -> str:
    """The personal link of the newest mail."""
    return path_in((await mails(outbox, garage, request))[-1], "appointment")


async def cancel(garage: Garage, link: str, **values: object) -> int:
    """Press the button on the page that asks whether to cancel; the status of the answer."""
    async with garage.browser() as browser:
        form = {"plate": PLATE, **values}
        return (await browser.submit(f"{link}/cancel", form, follow=False)).status_code


@pytest.mark.parametrize(
    ("language", "subject"),
    [
        ("en", "Your appointment at "),
        ("nl", "Uw afspraak bij "),
        ("fr", "Votre rendez-vous chez "),
        ("de", "Ihr Termin bei "),
    ],
)
async def test_the_confirmation_speaks_the_customers_language(
    garage: Garage, outbox: Outbox, language: str, subject: str
) -> None:
    request = await request_estimate(garage, language=language)
    (mail,) = await mails(outbox, garage, request)
    assert mail.subject.startswith(subject)
    assert mail.message["Content-Language"] == language


async def test_the_confirmation_invites_the_customers_calendar(
    garage: Garage, outbox: Outbox
) -> None:
    request = await request_estimate(garage)
    (mail,) = await mails(outbox, garage, request)
    part, calendar, event = invitation_in(mail)
    attendee, organiser = event["attendee"], event["organizer"]
    assert (part.get_param("method"), calendar["method"]) == ("REQUEST", "REQUEST")
    assert str(attendee) == f"mailto:{request.email}"
    assert (attendee.params["PARTSTAT"], attendee.params["RSVP"]) == ("ACCEPTED", "FALSE")
    assert str(organiser) == f"mailto:desk@{garage.slug}.test"
    assert organiser.params["SENT-BY"] == f"mailto:{garage.house.settings.mail_from}"


async def test_text_and_html_come_before_the_invitation_and_the_file_last(
    garage: Garage, outbox: Outbox
) -> None:
    (mail,) = await mails(outbox, garage, await request_estimate(garage))
    kinds = [part.get_content_type() for part in mail.message.walk() if not part.is_multipart()]
    assert kinds == ["text/plain", "text/html", "text/calendar", "text/calendar"]
    assert file_in(mail)[1] == invitation_in(mail)[2]


async def test_the_confirmation_links_to_calendars_on_the_web_without_plate_or_number(
    garage: Garage, outbox: Outbox
) -> None:
    request = await request_estimate(garage)
    (mail,) = await mails(outbox, garage, request)
    links = [part.split('"')[0] for part in mail.html.split('href="') if "calendar" in part[:60]]
    async with garage.unit() as session:
        number = (await jobs.by_id(session, request.job_id)).public_number
    assert [link.split("/")[2] for link in links] == ["calendar.google.com", "outlook.live.com"]
    assert not any(secret in link for link in links for secret in ("QZX", number, number[:3]))


async def test_a_moved_appointment_moves_in_the_calendar(
    garage: Garage, outbox: Outbox, far: Request
) -> None:
    link = await link_of(outbox, garage, far)
    before = invitation_in((await mails(outbox, garage, far))[0])[2]
    async with garage.unit() as session:
        other = (await free_slots(session))[-1]
    async with garage.browser() as browser:
        await browser.submit(f"{link}/move", {"plate": PLATE, "slot": other.isoformat()}, page=link)
    _first, second = await mails(outbox, garage, far)
    _part, calendar, after = invitation_in(second)
    assert (calendar["method"], after["uid"]) == ("REQUEST", before["uid"])
    assert after["sequence"] > before["sequence"]
    assert after.decoded("dtstart") == other


async def test_a_cancelled_appointment_leaves_the_calendar(
    garage: Garage, outbox: Outbox, far: Request
) -> None:
    before = invitation_in((await mails(outbox, garage, far))[0])[2]
    assert await cancel(garage, await link_of(outbox, garage, far)) == 303
    _first, second = await mails(outbox, garage, far)
    part, calendar, after = invitation_in(second)
    assert (part.get_param("method"), calendar["method"]) == ("CANCEL", "CANCEL")
    assert (str(after["status"]), after["uid"]) == ("CANCELLED", before["uid"])
    assert after["sequence"] > before["sequence"]
    assert "As you asked" in second.text


async def test_a_drop_off_that_the_customer_moved_keeps_its_link(
    garage: Garage, outbox: Outbox
) -> None:
    email = f"drop@{garage.slug}.test"
    async with garage.unit() as session:
        job = await a_job(session, email=email)
        first = await far_slot(session, "drop_off")
        last = (await free_slots(session, "drop_off"))[-1]
        await book_drop_off(session, job, first, courtesy_car=False, language="en")
    await outbox.empty(garage)
    async with garage.unit() as session:
        job = await jobs.by_id(session, job.id)
        await book_drop_off(session, job, last, courtesy_car=False, language="en")
    await outbox.empty(garage)
    new, old = outbox.mails_to(email)
    links = {path_in(new, "appointment"), path_in(old, "appointment")}
    assert len(links) == 1
    async with garage.browser() as browser:
        assert (await browser.get(links.pop())).status_code == 200


async def test_a_time_that_the_desk_gave_keeps_its_link_when_the_customer_asks_for_it_too(
    garage: Garage,
) -> None:
    async with garage.unit() as session:
        job = await a_job(session)
        slot = (await free_slots(session, "drop_off"))[0]
        booked, secret = await planning.book(session, job.id, "drop_off", slot, STAFF)
        again, same = await planning.book(session, job.id, "drop_off", slot, STAFF)
    assert (again.id, same) == (booked.id, secret)


async def test_opening_any_link_changes_nothing(
    garage: Garage, outbox: Outbox, far: Request
) -> None:
    link = await link_of(outbox, garage, far)
    before = await everything_in(garage)
    async with garage.browser() as browser:
        for page in (link, f"{link}/cancel", f"{link}/move", f"{link}/calendar.ics"):
            answer = await browser.get(page)
            assert answer.status_code in {200, 303}, page
            assert "QZX" not in answer.text
            assert "Peeters" not in answer.text
    assert await everything_in(garage) == before


async def test_the_calendar_file_behind_the_link_says_when_and_not_who(
    garage: Garage, outbox: Outbox, far: Request
) -> None:
    link = await link_of(outbox, garage, far)
    async with garage.browser() as browser:
        answer = await browser.get(f"{link}/calendar.ics")
    booked = await appointment_of(garage, far)
    assert answer.headers["content-type"].startswith("text/calendar")
    assert f"DTSTART:{booked.starts_at:%Y%m%dT%H%M%SZ}" in answer.text
    assert "ATTENDEE" not in answer.text


async def test_a_wrong_plate_cancels_nothing(garage: Garage, outbox: Outbox, far: Request) -> None:
    link = await link_of(outbox, garage, far)
    assert await cancel(garage, link, plate="1-XYZ-999") == 422
    assert (await appointment_of(garage, far)).status == "booked"


async def test_after_the_deadline_the_page_says_to_call_and_the_button_does_nothing(
    garage: Garage, outbox: Outbox, far: Request
) -> None:
    link = await link_of(outbox, garage, far)
    token_page = f"{link}/cancel"
    booked = await appointment_of(garage, far)
    async with garage.browser() as browser:
        token = await browser.token(token_page)
        with frozen(booked.starts_at - timedelta(hours=47, minutes=59)):
            page = await browser.get(link)
            answer = await browser.post(token_page, data={"csrf_token": token, "plate": PLATE})
    assert "until 48 hours before" in page.text
    assert answer.status_code == 409
    assert (await appointment_of(garage, far)).status == "booked"


async def test_a_minute_before_the_deadline_it_can_still_be_cancelled(
    garage: Garage, outbox: Outbox, far: Request
) -> None:
    link = await link_of(outbox, garage, far)
    with frozen((await appointment_of(garage, far)).starts_at - timedelta(hours=48, minutes=1)):
        assert await cancel(garage, link) == 303
    assert (await appointment_of(garage, far)).status == "cancelled"


async def test_no_reason_is_asked_unless_the_garage_wants_one(
    garage: Garage, outbox: Outbox, far: Request
) -> None:
    link = await link_of(outbox, garage, far)
    async with garage.browser() as browser:
        page = await browser.open(f"{link}/cancel")
    assert page.select("[name=reason]") == []


async def test_where_the_garage_asks_why_an_empty_answer_keeps_the_appointment(
    garage: Garage, outbox: Outbox, far: Request
) -> None:
    await decide(garage, ask_cancel_reason=True)
    link = await link_of(outbox, garage, far)
    async with garage.browser() as browser:
        answer = await browser.submit(f"{link}/cancel", {"plate": PLATE, "reason": " "})
    assert answer.status_code == 422
    assert "Please tell us why you cannot come." in answer.text
    assert f'value="{PLATE}"' in answer.text
    assert (await appointment_of(garage, far)).status == "booked"


async def test_the_reason_reaches_the_garage(garage: Garage, outbox: Outbox, far: Request) -> None:
    await decide(garage, ask_cancel_reason=True)
    link = await link_of(outbox, garage, far)
    assert await cancel(garage, link, reason="Sold the car <b>") == 303
    async with garage.unit() as session:
        logged = [entry.reason for entry in await audit.newest(session)]
    page = await (await garage.staff()).open(f"/desk/jobs/{far.job_id}")
    assert "Sold the car <b>" in logged
    assert "“Sold the car <b>”" in page.text


async def test_with_a_list_of_reasons_only_those_can_be_chosen(
    garage: Garage, outbox: Outbox, far: Request
) -> None:
    lists = {"cancel_reasons": "Ill; Repaired elsewhere;", "cancel_reasons_nl": "Ziek;; Verkocht"}
    await decide(garage, ask_cancel_reason=True, **lists)
    link = await link_of(outbox, garage, far)
    offered = []
    async with garage.browser() as browser:
        for language in ("en", "nl", "fr"):
            page = await browser.open(f"{link.replace('/en/', f'/{language}/')}/cancel")
            offered.append([field["value"] for field in page.select("input[name=reason]")])
    assert offered == [["Ill", "Repaired elsewhere"], ["Ziek", "Verkocht"], offered[0]]
    assert await cancel(garage, link, reason="Ziek") == 422
    assert await cancel(garage, link, reason="Because") == 422
    assert await cancel(garage, link, reason="Ill") == 303


async def test_when_the_garage_cancels_the_customer_and_their_calendar_hear_of_it(
    garage: Garage, outbox: Outbox
) -> None:
    request = await request_estimate(garage)
    await mails(outbox, garage, request)
    desk = await garage.staff()
    await desk.submit(f"/desk/appointments/{request.appointment_id}/cancel", {"tell": "yes"})
    _first, second = await mails(outbox, garage, request)
    assert "If you did not expect that, please call us." in second.text
    assert invitation_in(second)[1]["method"] == "CANCEL"


async def test_what_the_desk_books_moves_and_cancels_reaches_the_customers_calendar(
    garage: Garage, outbox: Outbox
) -> None:
    email = f"told@{garage.slug}.test"
    async with garage.unit() as session:
        job = await a_job(session, email=email, language="fr")
        first, *_between, last = await free_slots(session)
    desk = await garage.staff("planner")
    book = f"/desk/jobs/{job.id}/appointment/estimate"
    await desk.submit(book, {"slot": first.isoformat(), "tell": "yes"})
    async with garage.unit() as session:
        booked = await planning_repository.booked_of_job(session, job.id, "estimate")
    assert booked is not None
    path = f"/desk/appointments/{booked.id}"
    await desk.submit(f"{path}/move", {"slot": last.isoformat(), "tell": "yes"})
    await outbox.empty(garage)
    await desk.submit(f"{path}/cancel", {"tell": "yes"})
    await outbox.empty(garage)
    got = outbox.mails_to(email)[::-1]
    events = [invitation_in(mail) for mail in got]
    assert [calendar["method"] for _part, calendar, _event in events] == ["REQUEST"] * (
        len(got) - 1
    ) + ["CANCEL"]
    assert [int(event["sequence"]) for *_, event in events][-2:] == [1, 2]
    assert events[-2][2].decoded("dtstart") == last
    assert {mail.message["Content-Language"] for mail in got} == {"fr"}
    assert "/fr/appointment/" in got[-2].text


async def test_of_a_cancelled_job_the_customer_hears_that_nobody_expects_them(
    garage: Garage, outbox: Outbox, far: Request
) -> None:
    await mails(outbox, garage, far)
    async with garage.unit() as session:
        await set_status(session, far.job_id, "cancelled", STAFF)
    _first, second = await mails(outbox, garage, far)
    assert invitation_in(second)[1]["method"] == "CANCEL"


async def test_after_the_deadline_a_message_is_written_already_with_the_time_on_the_locations_clock(
    garage: Garage, outbox: Outbox, far: Request
) -> None:
    link, booked = await link_of(outbox, garage, far), await appointment_of(garage, far)
    async with garage.unit() as session:
        number = (await jobs.by_id(session, far.job_id)).public_number
        location = await locations.by_id(session, booked.location_id)
        location.timezone = "Asia/Tokyo"
    async with garage.browser() as browser:
        with frozen(booked.starts_at - timedelta(hours=2)):
            stranger = await browser.open(link)
            await browser.submit("/en/status", {"plate": PLATE, "number": number})
            page = await browser.open(link)
            (ask,) = page.select("a[href*='?ask=']")
            form = await browser.open(str(ask["href"]).partition("#")[0])
    (mail,) = stranger.select("main a[href^='mailto:']")
    assert "I%20cannot%20come" in str(mail["href"])
    written = form.select("textarea[name=body]")[0].text
    assert "I cannot come on" in written
    assert f"{booked.starts_at.astimezone(ZoneInfo('Asia/Tokyo')):%H:%M}" in written


async def test_what_the_desk_booked_itself_is_not_mailed_about(
    garage: Garage, outbox: Outbox
) -> None:
    email = f"desk-only@{garage.slug}.test"
    async with garage.unit() as session:
        job = await a_job(session, email=email)
        slot = (await free_slots(session))[0]
        booked, _secret = await planning.book(session, job.id, "estimate", slot, STAFF)
    async with garage.unit() as session:
        found = await planning_repository.by_id(session, booked.id)
        await planning.cancel(session, found, STAFF)
    await outbox.empty(garage)
    assert outbox.mails_to(email) == []


async def test_the_page_after_booking_offers_calendars_as_plain_links(garage: Garage) -> None:
    async with garage.unit() as session:
        job = await a_job(session, plate=PLATE)
        slot = (await free_slots(session, "drop_off"))[0]
        await book_drop_off(session, job, slot, courtesy_car=False, language="en")
    async with garage.browser() as browser:
        await browser.submit("/en/repair", {"plate": PLATE, "number": job.public_number})
        page = await browser.open("/en/repair/done")
    hosts = [
        link["href"].split("/")[2]
        for link in page.select("a.button[href^=https]")
        if "external" in link["rel"]
    ]
    assert hosts == ["calendar.google.com", "outlook.live.com"]
    assert page.select("a[href='/en/repair/calendar.ics']")
