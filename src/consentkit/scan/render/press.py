"""Reaching a choice with the mouse, and counting what it takes."""

from __future__ import annotations

import asyncio
from typing import Any

from playwright.async_api import Dialog, Error, Page

from consentkit.lint.walked import Steps

FARTHEST = 5
"""Presses after which a choice counts as out of reach."""
PATIENCE = 8000
"""Milliseconds for a press to be possible: what is covered stays so, and a busy machine is no fault of the notice."""
ANSWERED = 10.0
"""Seconds for a choice to be known to the server."""
LOOK = """const roots = [document, document.getElementById('consentkit')?.shadowRoot].filter(Boolean);
  const all = selector => roots.flatMap(root => [...root.querySelectorAll(selector)]);
  const shown = each => each.checkVisibility({visibilityProperty: true, opacityProperty: true})
    && each.getBoundingClientRect().width > 0 && each.getBoundingClientRect().height > 0;
  const hit = each => {
    const box = each.getBoundingClientRect();
    const at = each.getRootNode().elementFromPoint(box.left + box.width / 2, box.top + box.height / 2);
    return at !== null && each.contains(at);
  };
"""
"""What scripts here look by."""
USABLE = f"""() => {{
  {LOOK}
  const probe = document.getElementById('probe');
  probe.scrollIntoView({{block: 'center', behavior: 'instant'}});
  return scrollY > 0 && hit(probe);
}}"""
REACH = f"""action => {{
  {LOOK}
  all('[data-press]').forEach(each => each.removeAttribute('data-press'));
  const dialog = all('dialog[open]').at(-1);
  const near = each => !dialog || dialog.contains(each);
  const acts = all(`button[value=${{action}}]:not(#consentkit-close), #consentkit-${{action}}`).filter(near);
  const act = acts.find(each => shown(each) && !each.disabled);
  const folds = acts.map(each => each.closest('details:not([open])')?.querySelector('summary'));
  const fold = folds.find(each => each && shown(each));
  const way = all('#consentkit-more, #consentkit-preferences').find(each => near(each) && shown(each));
  const next = act ?? fold ?? (dialog ? undefined : way);
  if (!next) return null;
  next.setAttribute('data-press', '');
  const needed = act && !act.formNoValidate ? [...(act.form?.elements ?? [])].filter(each => !each.checkValidity()) : [];
  needed.forEach(each => each.type === 'checkbox' ? each.checked = true : each.value = 'yes');
  return {{act: Boolean(act), scroll: !hit(next), fields: needed.length}};
}}"""


async def steps_to(page: Page, action: str, state: str) -> Steps | None:
    """What it takes to choose something from where a page stands; ``None``: it cannot be done.

    :param action: ``accept``, ``reject`` or ``withdraw``.
    :param state: address that tells what is chosen.
    """
    before, asked = await _chosen(page, state), 0
    presses = scrolls = fields = 0

    async def agree(dialog: Dialog) -> None:
        nonlocal asked
        asked += 1
        await dialog.accept()

    page.on("dialog", agree)
    try:
        for _ in range(FARTHEST):
            way = await page.evaluate(REACH, action)
            if way is None:
                return None
            presses, scrolls, fields = presses + 1, scrolls + way["scroll"], fields + way["fields"]
            await page.locator("[data-press]").first.click(timeout=PATIENCE)
            if not way["act"]:
                await _arrived(page, action)
            elif await _changes(page, state, before):
                return Steps(presses + asked, scrolls, fields)
    except Error:
        return None
    finally:
        page.remove_listener("dialog", agree)
    return None


async def _arrived(page: Page, action: str) -> None:
    """Wait until what a press opened is there: the preferences in a dialog or as a page, or what was folded."""
    there = (
        f"dialog button[value={action}], main.ck button[value={action}], details[open] button[value={action}]"
    )
    await page.locator(there).first.wait_for(state="attached", timeout=PATIENCE)


async def _changes(page: Page, state: str, before: Any) -> bool:
    for _ in range(round(ANSWERED / 0.05)):
        if await _chosen(page, state) != before:
            return True
        await asyncio.sleep(0.05)
    return False


async def _chosen(page: Page, state: str) -> Any:
    told = await (await page.context.request.get(state)).json()
    return told["decided"], told["outcome"]
