/** What clients ask for, as events for the core, and its answers in their words. */

import type { CallResult } from "../core/effects.ts";
import type { Asked, Event } from "../core/events.ts";
import { type Instant, type Requester, SEATD, type Session, type World } from "../core/model.ts";
import type { TakeResult } from "../core/seat-effects.ts";
import type { DeviceNumber } from "../core/seat-model.ts";
import { type Kernel, KernelError } from "../kernel/kernel.ts";
import type { Calls } from "./calls.ts";
import type { Client } from "./client.ts";
import {
  DEVICE_CLOSED,
  deviceOpened,
  failed,
  PONG,
  type Request,
  SEAT_CLOSED,
  SEAT_DISABLED,
  SESSION_SWITCHED,
  seatOpened,
} from "./codec.ts";
import { EBADF, EINVAL, EIO, ENOENT, EPERM, errnoNamed, errnoOf, refusalErrno } from "./errors.ts";

export interface Surroundings {
  readonly kernel: Pick<Kernel, "findNode" | "descriptorOf" | "closeFd">;
  readonly calls: Calls;
  readonly world: () => World;
  readonly now: () => Instant;
  /** The session whose seat the client may have, or why it may have none. */
  readonly admit: (client: Client) => Session | string;
  /** Ends the connection: the only refusal that there is of a seat. */
  readonly refuse: (client: Client, why: string) => void;
  /** It has its seat from now on. */
  readonly opened: (client: Client) => void;
}

/** What every event of a client begins with. */
type Common = Asked & { readonly id: string; readonly name: string };

export class Requests {
  readonly #around: Surroundings;

  constructor(around: Surroundings) {
    this.#around = around;
  }

  answer(client: Client, request: Request, more: boolean): void {
    switch (request.kind) {
      case "ping":
        return client.reply(PONG);
      case "openSeat":
        return this.#openSeat(client);
      case "closeSeat":
        return this.#ofOpen(client, () => this.#closeSeat(client));
      case "openDevice":
        return this.#ofOpen(client, () => this.#openDevice(client, request.path));
      case "closeDevice":
        return this.#ofOpen(client, () => this.#closeDevice(client, request.id));
      case "disableSeat":
        return this.#ofOpen(client, () => this.#disableSeat(client, more));
      case "switchSession":
        return this.#ofOpen(client, () => this.#switchSession(client, request.session, more));
    }
  }

  #ofOpen(client: Client, then: () => void): void {
    if (client.state === "open") then();
    else this.#around.refuse(client, "asked for something without a seat");
  }

  #common(client: Client, requester: Requester): Common {
    const { uid, pid } = client.connection.peer;
    const { name } = client;
    return { at: this.#around.now(), requester, caller: { uid, pid }, id: client.session ?? "", name };
  }

  /** The session, if it is in the foreground and the client has its seat. */
  #front(client: Client): Session | null {
    const session = this.#around.world().sessions.get(client.session ?? "");
    const control = session?.control;
    if (session === undefined || control?.bus !== SEATD || control.name !== client.name) return null;
    return control.seat === "enabled" ? session : null;
  }

  #openSeat(client: Client): void {
    const { admit, calls, opened, refuse } = this.#around;
    if (client.state !== "new" && !client.asksAgain) return refuse(client, "asked for a second seat");
    const session = admit(client);
    if (typeof session === "string") return refuse(client, session);
    if (client.session !== null && client.session !== session.id)
      return refuse(client, "has left its session");
    client.session = session.id;
    client.state = "open";
    const { uid, pid } = client.connection.peer;
    const controller = { name: client.name, bus: SEATD, uid, pid };
    const make = (requester: Requester): Event => ({
      kind: "session.controlRequested",
      ...this.#common(client, requester),
      force: false,
      controller,
    });
    calls.ask(client, make, (result) => {
      if (!result.ok) return refuse(client, `gets no seat: ${result.message}`);
      client.reply(seatOpened(session.seat ?? ""));
      opened(client);
    });
  }

  #closeSeat(client: Client): void {
    const make = (requester: Requester): Event => ({
      kind: "session.controlReleased",
      ...this.#common(client, requester),
    });
    this.#around.calls.ask(client, make, () => {
      client.state = "closed";
      client.reply(SEAT_CLOSED);
    });
  }

  #openDevice(client: Client, path: string): void {
    const { calls } = this.#around;
    if (this.#front(client) === null) return client.reply(failed(EPERM));
    const found = this.#find(path);
    if (typeof found === "number") return client.reply(failed(found));
    const { device, number } = found;
    const make = (requester: Requester): Event => ({
      kind: "device.takeRequested",
      ...this.#common(client, requester),
      number,
      device,
    });
    calls.take(client, make, (result) => this.#taken(client, result));
  }

  /** An errno if it is none that can be taken. */
  #find(
    path: string,
  ):
    | { readonly device: NonNullable<ReturnType<Kernel["findNode"]>>; readonly number: DeviceNumber }
    | number {
    try {
      const device = this.#around.kernel.findNode(path);
      const number = device?.device.number ?? null;
      return device === null || number === null ? ENOENT : { device, number };
    } catch (error) {
      if (error instanceof KernelError) return errnoNamed(error.errno);
      throw error;
    }
  }

  #taken(client: Client, result: TakeResult): void {
    if (!result.ok) return client.reply(failed(errnoOf(result)));
    const fd = this.#around.kernel.descriptorOf(result.key);
    if (fd < 0) client.reply(failed(EIO));
    else client.reply(deviceOpened(result.key), [fd]);
  }

  /** One that was unplugged meanwhile is closed already. */
  #closeDevice(client: Client, id: number): void {
    const { calls, world } = this.#around;
    const { sessions, nextKey } = world();
    const device = sessions.get(client.session ?? "")?.devices.find(({ key }) => key === id);
    if (device === undefined) return client.reply(id > 0 && id < nextKey ? DEVICE_CLOSED : failed(EBADF));
    const { major, minor } = device;
    const make = (requester: Requester): Event => ({
      kind: "device.releaseRequested",
      ...this.#common(client, requester),
      number: { major, minor },
    });
    calls.ask(client, make, (result) => client.reply(answerTo(result, DEVICE_CLOSED)));
  }

  #disableSeat(client: Client, more: boolean): void {
    const make = (requester: Requester): Event => ({
      kind: "seat.disableAcknowledged",
      ...this.#common(client, requester),
    });
    this.#mayAnswer(client, more, () =>
      this.#around.calls.ask(client, make, (result) => client.replyNew(answerTo(result, SEAT_DISABLED))),
    );
  }

  #switchSession(client: Client, place: number, more: boolean): void {
    const { calls } = this.#around;
    this.#mayAnswer(client, more, () => {
      const session = this.#front(client);
      if (session?.seat == null) return client.replyNew(failed(EPERM));
      if (place <= 0) return client.replyNew(failed(EINVAL));
      const { seat } = session;
      const make = (requester: Requester): Event => ({
        kind: "seat.switchRequested",
        ...this.#common(client, requester),
        seat,
        place,
      });
      calls.ask(client, make, (result) => client.replyNew(answerTo(result, SESSION_SWITCHED)));
    });
  }

  /** Who has sent the next request already does not wait for an answer to this one. */
  #mayAnswer(client: Client, more: boolean, then: () => void): void {
    if (more && client.guesses) client.showedOld();
    client.whenKnown(then);
  }
}

function answerTo(result: CallResult, done: Uint8Array): Uint8Array {
  return result.ok ? done : failed(refusalErrno(result.refusal));
}
