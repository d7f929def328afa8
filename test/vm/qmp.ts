/** The monitor of QEMU: JSON lines, one answer per command, events in between. */

import { createConnection, type Socket } from "node:net";
import { createInterface } from "node:readline";

interface Answer {
  readonly id?: number;
  readonly return?: unknown;
  readonly error?: { readonly desc: string };
}

export class Monitor {
  private readonly socket: Socket;
  private readonly waiting = new Map<number, (answer: Answer) => void>();
  private last = 0;

  private constructor(socket: Socket) {
    this.socket = socket;
    socket.on("error", () => {});
    socket.on("close", () => {
      for (const answer of this.waiting.values()) answer({ error: { desc: "the machine has ended" } });
    });
    const lines = createInterface({ input: socket });
    // It passes on what the socket says; a machine that ends resets it.
    lines.on("error", () => {});
    lines.on("line", (line) => {
      const answer = JSON.parse(line) as Answer;
      if (answer.id !== undefined) this.waiting.get(answer.id)?.(answer);
    });
  }

  static async connect(path: string): Promise<Monitor> {
    const monitor = new Monitor(createConnection(path));
    await monitor.ask("qmp_capabilities");
    return monitor;
  }

  ask(execute: string, options: object = {}): Promise<unknown> {
    const id = ++this.last;
    return new Promise((resolve, reject) => {
      this.waiting.set(id, (answer) => {
        this.waiting.delete(id);
        if (answer.error === undefined) resolve(answer.return);
        else reject(new Error(`monitor, ${execute}: ${answer.error.desc}`));
      });
      this.socket.write(`${JSON.stringify({ execute, arguments: options, id })}\n`);
    });
  }

  close(): void {
    this.socket.destroy();
  }
}
