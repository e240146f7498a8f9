"""How public pages look, where somebody says so and where nobody does."""

from core.web.headers import CONTENT_SECURITY_POLICY, policy_with
from core.web.site_look import SiteLook


def test_one_colour_or_two_are_one_style_sheet() -> None:
    assert SiteLook("#0B5CAB").theme_url == "/theme/0b5cab.css"
    assert SiteLook("#0b5cab", "#7a1f2b").theme_url == "/theme/0b5cab-7a1f2b.css"


def test_a_page_that_needs_another_line_of_the_policy_keeps_all_others() -> None:
    usual = CONTENT_SECURITY_POLICY.split("; ")
    framed = policy_with(frame_ancestors="'self'").split("; ")
    framing = policy_with(frame_src="'self'").split("; ")
    assert set(usual) - set(framed) == {"frame-ancestors 'none'"}
    assert set(framing) - set(usual) == {"frame-src 'self'"}
