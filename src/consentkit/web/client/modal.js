// A notice in front of the page: nothing behind it is reached before there is a choice. Without this module it stands there all
// the same, and the keyboard may leave it: nothing claims what does not hold.

/** Opens the notice as a modal dialog, for as long as it can be seen: a filter list that hides it leaves the page as it was. */
export function guard(dialog) {
  dialog.tabIndex = -1;
  // Escape is no choice, so it changes nothing. A browser that closes it all the same leaves the notice in its place.
  dialog.closedBy = "none";
  dialog.oncancel = () => false;
  new ResizeObserver(() => {
    if (!dialog.offsetHeight) return dialog.close();
    if (dialog.open) return;
    dialog.showModal();
    // Its label is read first, and no button is pressed by a key that was meant for the page.
    dialog.focus();
  }).observe(dialog);
}
