/** Calls of ours that wait for their answers. */

import { readBody } from "./codec.ts";
import { bodyReader, type Incoming } from "./connection.ts";
import { DISCONNECTED, INVALID_SIGNATURE, LIMITS_EXCEEDED, NO_REPLY, refuse } from "./errors.ts";
import { DRIVER, ERROR } from "./header.ts";
import { isInterfaceName } from "./names.ts";
import { DBusError, type Value } from "./values.ts";

const PENDING_MAX = 1024;

export interface Expected {
  /** Only what this connection sends is the answer. */
  readonly from: string;
  readonly signature: string;
  readonly timeoutMs: number;
}

interface Waiting extends Expected {
  readonly resolve: (body: readonly Value[]) => void;
  readonly reject: (error: DBusError) => void;
  readonly timer: NodeJS.Timeout;
}

export class Pending {
  readonly #waiting = new Map<number, Waiting>();
  #lost = false;

  /** Sends, and waits for the answer to what was sent. */
  wait(send: () => number, expected: Expected): Promise<readonly Value[]> {
    return new Promise((resolve, reject) => {
      if (this.#lost) return reject(refuse(DISCONNECTED, "there is no bus"));
      if (this.#waiting.size >= PENDING_MAX) return reject(refuse(LIMITS_EXCEEDED, "too many calls wait"));
      const serial = send();
      const late = () => {
        this.#waiting.delete(serial);
        reject(refuse(NO_REPLY, `${expected.from} did not answer`));
      };
      const timer = setTimeout(late, expected.timeoutMs).unref();
      this.#waiting.set(serial, { ...expected, resolve, reject, timer });
    });
  }

  /** Whatever else claims to be an answer is ignored: anybody may send it. */
  answered(message: Incoming): void {
    const { header } = message;
    const waiting = this.#waiting.get(header.replySerial);
    if (waiting === undefined) return;
    // the bus says that who was asked has gone, or may not be asked
    const byBus = header.type === ERROR && header.sender === DRIVER;
    if (waiting.from !== header.sender && !byBus) return;
    this.#waiting.delete(header.replySerial);
    clearTimeout(waiting.timer);
    if (header.type === ERROR) waiting.reject(toError(message));
    else this.#resolve(waiting, message);
  }

  lost(): void {
    this.#lost = true;
    const all = [...this.#waiting.values()];
    this.#waiting.clear();
    for (const { reject, timer } of all) {
      clearTimeout(timer);
      reject(refuse(DISCONNECTED, "the bus is gone"));
    }
  }

  #resolve({ signature, resolve, reject }: Waiting, message: Incoming): void {
    const wrong = (why: string) => reject(refuse(INVALID_SIGNATURE, `${message.header.sender}: ${why}`));
    if (message.oversized) return wrong("the answer is too long");
    if (message.header.signature !== signature)
      return wrong(`"${message.header.signature}" is not the answer's signature "${signature}"`);
    try {
      const reader = bodyReader(message);
      reader.elements = message.body.length;
      resolve(readBody(reader, signature));
    } catch (error) {
      wrong(error instanceof Error ? error.message : String(error));
    }
  }
}

function toError(message: Incoming): DBusError {
  const { errorName, signature } = message.header;
  const name = isInterfaceName(errorName) ? errorName : NO_REPLY;
  try {
    const [text] =
      signature.startsWith("s") && !message.oversized ? readBody(bodyReader(message), signature) : [];
    return new DBusError(name, typeof text === "string" ? text : "");
  } catch {
    return new DBusError(name, "");
  }
}
