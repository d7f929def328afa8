/** A bus on the in-memory kernel, played by the test: it greets, names, and tells what it is asked unless told not to. */

import { METHOD_CALL, METHOD_RETURN, SIGNAL } from "../../daemon/src/bus/header.ts";
import { type Value, Variant } from "../../daemon/src/bus/values.ts";
import type { MemoryService } from "../../daemon/src/kernel/memory-stream.ts";
import type { MemorySystem } from "../../daemon/src/kernel/memory-system.ts";
import { type Sent, unwire, type WireMessage, wire } from "./wire.ts";

export const PATH = "/run/dbus/system_bus_socket";
export const DRIVER = "org.freedesktop.DBus";
const GUID = "0123456789abcdef0123456789abcdef";

/** Returns the body of the answer, or null for an error; undefined for no answer. */
type Answers = Record<string, (args: readonly Value[]) => [string, readonly Value[]] | null | undefined>;

export class FakeBus {
  /** One for each connection that the daemon made. */
  readonly connections: FakeConnection[] = [];
  /** uid of each unique name; the bus knows nobody else. */
  readonly uids = new Map<string, number>();
  readonly answers: Answers = {
    Hello: () => ["s", [":1.1"]],
    AddMatch: () => ["", []],
    RequestName: () => ["u", [1]],
    GetNameOwner: () => ["s", [":1.7"]],
    NameHasOwner: ([name]) => ["b", [this.uids.has(String(name))]],
    GetConnectionCredentials: ([name]) => {
      const uid = this.uids.get(String(name));
      if (uid === undefined) return null;
      const credentials = new Map([
        ["UnixUserID", new Variant("u", uid)],
        ["ProcessID", new Variant("u", 4000 + uid)],
      ]);
      return ["a{sv}", [credentials]];
    },
  };
  readonly #system: MemorySystem;

  constructor(system: MemorySystem) {
    this.#system = system;
    this.open();
  }

  /** Somebody listens from now on. */
  open(): void {
    this.#system.services.set(
      PATH,
      (service) => void this.connections.push(new FakeConnection(this, service)),
    );
  }

  /** Ends, with every connection. */
  close(): void {
    this.#system.services.delete(PATH);
    for (const connection of this.connections) connection.service.close();
  }

  /** The newest connection. */
  get now(): FakeConnection {
    const last = this.connections.at(-1);
    if (last === undefined) throw new Error("the daemon has not connected");
    return last;
  }
}

export class FakeConnection {
  readonly service: MemoryService;
  /** What came that is not for the bus itself. */
  readonly sent: (Sent & { readonly fds: readonly number[] })[] = [];
  readonly asked: string[] = [];
  greeting = "";
  readonly #bus: FakeBus;
  #looked = 0;
  #serial = 1000;

  constructor(bus: FakeBus, service: MemoryService) {
    this.#bus = bus;
    this.service = service;
  }

  /** Reads what has come and answers it, until nothing more comes. */
  async turn(): Promise<void> {
    for (let idle = 0; idle < 4; idle += 1) {
      await new Promise(setImmediate);
      for (; this.#looked < this.service.received.length; this.#looked += 1, idle = 0) {
        const next = this.service.received[this.#looked];
        if (next !== undefined) this.#read(next.bytes, next.fds);
      }
    }
  }

  send(message: WireMessage, fds: readonly number[] = []): number {
    this.#serial += 1;
    this.service.send(wire({ serial: this.#serial, destination: ":1.1", ...message }), fds);
    return this.#serial;
  }

  /** A call by that connection; the serial by which its answer is found. */
  call(sender: string, message: WireMessage, fds: readonly number[] = []): number {
    return this.send({ type: METHOD_CALL, sender, fds: fds.length, ...message }, fds);
  }

  answerTo(serial: number): (Sent & { readonly fds: readonly number[] }) | undefined {
    return this.sent.find(({ header }) => header.replySerial === serial);
  }

  /** The bus says that the connection has left. */
  leaves(name: string): void {
    this.#bus.uids.delete(name);
    const head = { path: "/org/freedesktop/DBus", interface: DRIVER, member: "NameOwnerChanged" };
    this.send({ ...head, type: SIGNAL, sender: DRIVER, signature: "sss", body: [name, name, ""] });
  }

  #read(bytes: Buffer, fds: readonly number[]): void {
    if (this.greeting === "") {
      this.greeting = bytes.toString("latin1");
      this.service.send(Buffer.from(`OK ${GUID}\r\nAGREE_UNIX_FD\r\n`));
      return;
    }
    for (const message of unwire(bytes)) {
      const { header, body } = message;
      if (header.type !== METHOD_CALL || header.destination !== DRIVER) this.sent.push({ ...message, fds });
      else this.#answer(header.serial, header.member, body);
    }
  }

  #answer(replySerial: number, member: string, args: readonly Value[]): void {
    this.asked.push(member);
    const answer = this.#bus.answers[member]?.(args);
    if (answer === undefined) return;
    const head = { sender: DRIVER, replySerial };
    if (answer === null) this.send({ ...head, type: 3, errorName: `${DRIVER}.Error.NameHasNoOwner` });
    else this.send({ ...head, type: METHOD_RETURN, signature: answer[0], body: answer[1] });
  }
}
