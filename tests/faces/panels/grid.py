"""What a leaderboard on a page reads, row by row."""


def heads(shown):
    return [text.rstrip(" ↑↓") for text in shown.page.get_by_role("columnheader").all_inner_texts()]


def column(shown, label):
    at = heads(shown).index(label)
    rows = shown.page.locator(".mlops-body [role=row]").all()
    rows.sort(key=lambda row: int(row.get_attribute("aria-rowindex")))
    return [row.locator("[role=gridcell]").nth(at).inner_text() for row in rows]


def names(shown):
    shown.page.wait_for_timeout(80)
    return "".join(column(shown, "run"))


def sort_by(shown, label):
    shown.page.get_by_role("columnheader", name=label).get_by_role("button").click()


def row(shown, name):
    return shown.page.locator(".mlops-body [role=row]").filter(has=shown.page.get_by_text(name, exact=True))
