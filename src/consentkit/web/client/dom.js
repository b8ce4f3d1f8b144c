// Lookups go through prototypes: <img name=querySelectorAll> would answer in their stead.
export const all = (selector, root = document) =>
  [...(root === document ? Document : DocumentFragment).prototype.querySelectorAll.call(root, selector)];
