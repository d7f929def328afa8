/** The near end of the port over which /vm/agent runs commands in the machine. */

import { createConnection, type Socket } from "node:net";
import { createInterface } from "node:readline";

export interface Outcome {
  readonly status: number;
  readonly output: string;
}

export class Agent {
  private readonly socket: Socket;
  private readonly waiting = new Map<string, (outcome: Outcome) => void>();
  private last = 0;

  constructor(path: string) {
    this.socket = createConnection(path);
    this.socket.on("error", () => {});
    const lines = createInterface({ input: this.socket });
    // It passes on what the socket says; a machine that ends resets it.
    lines.on("error", () => {});
    lines.on("line", (line) => {
      const [id = "", status, output = ""] = line.split(" ");
      this.waiting.get(id)?.({
        status: Number(status),
        output: Buffer.from(output, "base64").toString(),
      });
    });
  }

  /** Status 124 and what came until then after the time is over; -1 if the machine itself is silent. */
  run(command: string, seconds: number): Promise<Outcome> {
    const id = String(++this.last);
    return new Promise((resolve) => {
      const done = (outcome: Outcome) => {
        clearTimeout(silence);
        this.waiting.delete(id);
        resolve(outcome);
      };
      const silence = setTimeout(() => done({ status: -1, output: "" }), (seconds + 5) * 1000);
      this.waiting.set(id, done);
      this.socket.write(`${id} ${seconds} ${Buffer.from(command).toString("base64")}\n`);
    });
  }

  close(): void {
    this.socket.destroy();
  }
}
