// An element named like a method hides it on document and window; prototypes cannot be hidden.
export const on = (target, type, listener) => EventTarget.prototype.addEventListener.call(target, type, listener);
export const tell = (type, detail) =>
  EventTarget.prototype.dispatchEvent.call(document, new CustomEvent(`consentkit:${type}`, { bubbles: true, detail }));

// Storage and channels throw where site data is blocked or the frame is sandboxed; nothing of ours depends on them.
export const attempt = (what) => {
  try {
    what();
  } catch {}
};
