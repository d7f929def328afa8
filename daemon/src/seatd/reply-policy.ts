/**
 * Clients with libseat up to 0.8 take an answer to two of their requests for that to the next one, and are lost then;
 * those since 0.9 wait for it for ever. The protocol does not tell them apart, but the library that the client has
 * mapped does.
 */

export type Protocol = "auto" | "0.9" | "0.8";

/** What only releases since 0.9 contain, then what only those before do. */
const NEW = ["expected background event", "Device paused (%s)"];
const OLD = ["DRM device paused: %s", "Could not activate session"];

export const MARKS: readonly string[] = [...NEW, ...OLD];

/** Whether a client gets these answers, by which of the marks its library has; null: that cannot be told. */
export function answersAll(protocol: Protocol, marks: readonly string[] | null): boolean {
  if (protocol !== "auto") return protocol === "0.9";
  if (marks === null || NEW.some((mark) => marks.includes(mark))) return true;
  return !OLD.some((mark) => marks.includes(mark));
}
