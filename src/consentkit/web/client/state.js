// What the server has resolved, as a frozen value. No DOM, no law, no defaults: whoever knows nothing is allowed nothing.

const NOTHING = { decided: false, outcome: "undecided", granted: ["necessary"], services: {} };

/** A state from what the server sent, or the closed one. */
export function stateFrom(sent) {
  const { decided, outcome, granted, services, signal = null } = { ...NOTHING, ...sent };
  return Object.freeze({
    decided,
    outcome,
    granted: Object.freeze([...granted]),
    services: Object.freeze({ __proto__: null, ...services }),
    signal,
  });
}

/** Whether a purpose or a service may run. */
export const allows = (state, name) => state.granted.includes(name) || state.services[name] === true;
