// Types of window.consentkit, for sites that talk to the notice. See docs/reference/javascript.md.

export interface ConsentState {
  /** Whether the visitor has answered all that is asked. */
  readonly decided: boolean;
  /** For display; it opens nothing. */
  readonly outcome: "undecided" | "accepted" | "refused" | "custom";
  /** Ids of the purposes that are open, `necessary` always among them. */
  readonly granted: readonly string[];
  /** Whether each service may run, by id. */
  readonly services: Readonly<Record<string, boolean>>;
  /**
   * What has become of the browser's opt-out signal: it is `honored`; it is and takes back an earlier yes, a `conflict`; it is
   * `outweighed` by a yes that the visitor gave in its presence. `null` where none counts.
   */
  readonly signal: "honored" | "conflict" | "outweighed" | null;
}

export interface Choice {
  /** Purposes to open; all others are closed. */
  purposes?: Iterable<string>;
  /** Services that are to differ from their purposes: `true` opens, `false` closes. */
  services?: Record<string, boolean>;
}

export interface Consentkit {
  /** The present state: frozen, replaced at each change. */
  readonly state: ConsentState;
  /** Fulfilled with the state once it is known to be the present one. */
  readonly ready: Promise<ConsentState>;
  /** Whether a purpose or a service may run now. `false` for a name that the policy does not know. */
  allows(name: string): boolean;
  /** Each act is fulfilled with the new state, after the server has recorded it. */
  accept(): Promise<ConsentState>;
  reject(): Promise<ConsentState>;
  withdraw(): Promise<ConsentState>;
  save(choice: Choice): Promise<ConsentState>;
  /** Opens the preferences. */
  show(): Promise<void>;
  /** Calls the listener at once with the present state, then at each change. Returns what stops it. */
  on(type: "change", listener: (state: ConsentState) => void): () => void;
}

declare global {
  interface Window {
    /** From the event `consentkit:ready` on. Before, browsers find the notice's element under this name. */
    readonly consentkit: Consentkit;
  }
  interface DocumentEventMap {
    "consentkit:ready": CustomEvent<ConsentState>;
    "consentkit:change": CustomEvent<ConsentState>;
  }
}
