/**
 * Varlink framing: messages are JSON objects, each followed by a NUL byte. What a peer sends can end its own
 * connection and nothing else.
 */

export const MESSAGE_MAX = 64 * 1024;

export interface Call {
  readonly method: string;
  readonly parameters: Readonly<Record<string, unknown>>;
  readonly oneway: boolean;
  readonly more: boolean;
  readonly upgrade: boolean;
}

export interface Violation {
  readonly violation: string;
}

export interface Received {
  /** In the order sent; those before a violation are to be served. */
  readonly messages: readonly unknown[];
  readonly violation: string | null;
}

/** Cuts a stream of bytes into messages; any chunking gives the same ones. */
export class MessageReader {
  readonly #limit: number;
  readonly #decoder = new TextDecoder("utf-8", { fatal: true, ignoreBOM: true });
  #parts: Uint8Array[] = [];
  #length = 0;
  #violation: string | null = null;

  constructor(limit: number) {
    this.#limit = limit;
  }

  /** Whether the beginning of a message waits for its end. */
  get incomplete(): boolean {
    return this.#length > 0;
  }

  /** After a violation nothing more is read. */
  push(bytes: Uint8Array): Received {
    const messages: unknown[] = [];
    let rest = bytes;
    while (this.#violation === null && rest.length > 0) {
      const end = rest.indexOf(0);
      const part = end < 0 ? rest : rest.subarray(0, end);
      if (this.#length + part.length > this.#limit) {
        this.#violation = `a message is longer than ${this.#limit} bytes`;
        break;
      }
      if (end < 0) {
        // Copied, because the caller may use its buffer again.
        this.#parts.push(part.slice());
        this.#length += part.length;
        break;
      }
      const message = this.#parse(part);
      if (message !== undefined) messages.push(message);
      rest = rest.subarray(end + 1);
    }
    return { messages, violation: this.#violation };
  }

  #parse(last: Uint8Array): unknown {
    const whole = this.#parts.length === 0 ? last : Buffer.concat([...this.#parts, last]);
    this.#parts = [];
    this.#length = 0;
    try {
      return JSON.parse(this.#decoder.decode(whole));
    } catch {
      this.#violation = "a message is not JSON in UTF-8";
      return undefined;
    }
  }
}

export function encode(message: object): Buffer {
  return Buffer.from(`${JSON.stringify(message)}\0`);
}

/** A reply whose parameters are JSON text already. */
export function encodeText(parameters: string, continues: boolean): Buffer {
  return Buffer.from(`{"parameters":${parameters}${continues ? ',"continues":true' : ""}}\0`);
}

function flag(message: object, name: string): boolean | undefined {
  const value: unknown = Object.hasOwn(message, name) ? message[name as keyof typeof message] : false;
  return typeof value === "boolean" ? value : undefined;
}

/** A message as a method call. */
export function readCall(message: unknown): Call | Violation {
  if (typeof message !== "object" || message === null || Array.isArray(message)) {
    return { violation: "a message is not an object" };
  }
  const { method, parameters } = message as { method?: unknown; parameters?: unknown };
  if (typeof method !== "string" || !method.includes(".")) {
    return { violation: "a message does not name a method" };
  }
  if (parameters !== undefined && parameters !== null) {
    if (typeof parameters !== "object" || Array.isArray(parameters)) {
      return { violation: "the parameters of a call are not an object" };
    }
  }
  const oneway = flag(message, "oneway");
  const more = flag(message, "more");
  const upgrade = flag(message, "upgrade");
  if (oneway === undefined || more === undefined || upgrade === undefined) {
    return { violation: "a flag of a call is not a boolean" };
  }
  return { method, parameters: { ...(parameters as Record<string, unknown>) }, oneway, more, upgrade };
}

/** "org.sessionman.Login.GetStatus" as interface and method. */
export function splitMethod(name: string): { readonly interface: string; readonly method: string } {
  const dot = name.lastIndexOf(".");
  return { interface: name.slice(0, dot), method: name.slice(dot + 1) };
}
