"""Drawing plugins' blocks."""

from core.hooks.contributions import Panel
from core.hooks.manager import FAULTS_UNTIL_OPEN
from core.house import House, open_assets, open_templates
from core.tenancy.context import tenant_scope
from tests.garages import Garage

PAGE = "before {{ draw_panel(panel) }}{{ draw_panel(other) }} after"


def draw(house: House, *panels: Panel) -> str:
    """A page with two blocks."""
    environment = open_templates(house.hooks, open_assets(house.hooks))
    return environment.from_string(PAGE).render(panel=panels[0], other=panels[1])


def test_a_panel_is_drawn_by_its_own_template_with_its_own_values(
    house: House, garage: Garage
) -> None:
    with tenant_scope(garage.tenant):
        html = draw(
            house,
            Panel("polite/panel.html", {"text": "<one>"}),
            Panel("polite/panel.html", {"text": "two"}),
        )
    assert html == "before <p>&lt;one&gt;</p><p>two</p> after"


def test_a_panel_whose_template_fails_costs_that_block_alone(house: House, garage: Garage) -> None:
    good = Panel("polite/panel.html", {"text": "good"})
    with tenant_scope(garage.tenant):
        assert draw(house, Panel("polite/no_such.html"), good) == "before <p>good</p> after"
        assert draw(house, good, Panel("polite/panel.html", {})) == "before <p>good</p> after"
    fault = house.hooks.faults[garage.tenant.id, "polite", "polite/panel.html"]
    assert fault.count == 1
    assert "UndefinedError" in fault.last_error
    with tenant_scope(garage.tenant):
        draw(house, good, good)
    assert (garage.tenant.id, "polite", "polite/panel.html") not in house.hooks.faults


def test_a_template_that_goes_on_failing_is_left_out_for_a_while(
    house: House, garage: Garage
) -> None:
    bad = Panel("polite/panel.html", {})
    with tenant_scope(garage.tenant):
        for _ in range(FAULTS_UNTIL_OPEN + 1):
            draw(house, bad, bad)
    fault = house.hooks.faults[garage.tenant.id, "polite", bad.template]
    assert fault.count == FAULTS_UNTIL_OPEN
    good = Panel("polite/panel.html", {"text": "good"})
    with tenant_scope(garage.tenant):
        assert draw(house, good, good) == "before  after"
        fault.open_until = 0.0
        assert draw(house, good, good) == "before <p>good</p><p>good</p> after"
