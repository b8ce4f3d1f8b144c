// Two states beside each other.
import { allows } from "./state.js";

const open = (state) => [...state.granted, ...Object.keys(state.services).filter((name) => allows(state, name))];

/** Whether something that was open no longer is: code that ran cannot be un-run. */
export const narrows = (before, after) => open(before).some((name) => !allows(after, name));

export const same = (a, b) => JSON.stringify(a) === JSON.stringify(b);
