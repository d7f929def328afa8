/**
 * Controllers of a simulated machine, over the bus and over the seatd socket, and all they are told. Each is a process
 * of its session. What must never be told to one is noted.
 */

import type { Refusal } from "../../daemon/src/core/effects.ts";
import type { Event } from "../../daemon/src/core/events.ts";
import { SEATD, type Session, type SessionId } from "../../daemon/src/core/model.ts";
import type { TakeResult } from "../../daemon/src/core/seat-effects.ts";
import type { DeviceNumber } from "../../daemon/src/core/seat-model.ts";
import { type Ask, type Client, type Had, hearPause, hearResume, type Pause } from "./client.ts";
import type { Found, OpenFile } from "./hardware.ts";
import type { Simulation } from "./simulation.ts";

const text = ({ major, minor }: DeviceNumber): string => `${major}:${minor}`;

export class Clients {
  readonly list: Client[] = [];
  readonly wrongs: string[] = [];
  readonly #machine: Simulation;
  /** Who asked what, by the number of the call. */
  readonly #calls = new Map<number, { readonly client: Client; readonly ask: Ask }>();
  #last = 0;

  constructor(machine: Simulation) {
    this.#machine = machine;
  }

  /** A program of the session that wants its seat. */
  start(session: Session, seatd: boolean): Client {
    const process = this.#machine.spawn(session.id);
    this.#last += 1;
    const name = seatd ? String(this.#last) : this.#machine.bus.connect();
    if (seatd) this.#machine.seats.keeper.connections.add(this.#last);
    const client: Client = {
      name,
      seatd,
      process,
      session: session.id,
      seatId: session.seat ?? "",
      devices: new Map(),
      seat: "disabled",
      hangs: false,
      waiting: null,
      lost: new Set(),
    };
    this.list.push(client);
    return client;
  }

  ask(client: Client, ask: Ask): void {
    if (!client.process.alive || client.waiting !== null) return;
    if (client.seatd) client.waiting = ask;
    this.#send(client, ask);
  }

  #send(client: Client, ask: Ask): void {
    // nobody asks over a bus that is not there
    if (!client.seatd) this.#machine.bus.comeBack();
    if (this.#machine.dead) return;
    const room = client.seatd ? "seatd" : "login1";
    const call = this.#machine.bus.number();
    this.#calls.set(call, { client, ask });
    const requester = { room, call } as const;
    this.#machine.submit({ ...ask, at: this.#machine.instant(), requester } as Event);
  }

  /** Answers whether it was one of ours. */
  answered(call: number, ok: boolean): boolean {
    const asked = this.#calls.get(call);
    this.#calls.delete(call);
    if (asked === undefined) return false;
    const { client, ask } = asked;
    client.waiting = null;
    if (ask.kind === "device.pauseCompleted") this.#putDown(client, ask.number);
    if (!ok) return this.#refused(client, ask);
    if (ask.kind === "session.controlReleased") this.#reset(client);
    if (ask.kind === "device.releaseRequested") client.devices.delete(text(ask.number));
    if (ask.kind === "seat.disableAcknowledged" && client.seat === "disabling") client.seat = "disabled";
    return true;
  }

  #putDown(client: Client, number: DeviceNumber): void {
    const device = client.devices.get(text(number));
    if (device === undefined) return;
    device.yielded ||= device.word === "active";
    device.word = "paused";
  }

  /** Who was told to put down its seat and controls it must not be refused that. */
  #refused(client: Client, ask: Ask): true {
    if (ask.kind !== "seat.disableAcknowledged") return true;
    const control = this.#machine.engine.world().sessions.get(client.session)?.control;
    if (control?.name === client.name && control.bus === SEATD)
      this.wrongs.push(`${client.name} may not put down its seat`);
    client.seat = "disabled";
    return true;
  }

  #reset(client: Client): void {
    client.devices.clear();
    client.seat = "disabled";
  }

  taken(call: number, result: TakeResult, fetch: (key: number) => OpenFile | null): void {
    const asked = this.#calls.get(call);
    if (!this.answered(call, result.ok) || asked?.ask.kind !== "device.takeRequested") {
      this.wrongs.push(`take ${call} was answered without a question`);
      return;
    }
    const { client, ask } = asked;
    if (!result.ok) return this.#notTaken(client, ask.number, result.refusal);
    client.lost.delete(text(ask.number));
    const file = fetch(result.key);
    if (file === null) this.wrongs.push(`device ${text(ask.number)} was given without a descriptor`);
    if (file === null || !client.process.alive) return;
    file.holders.add(client.process);
    if (file.live && !result.active) this.wrongs.push(`${file.name} was given live as if it were not`);
    const word = result.active ? "active" : "paused";
    client.devices.set(text(ask.number), {
      number: ask.number,
      name: file.name,
      word,
      yielded: false,
      again: false,
      unheard: false,
    });
  }

  /** Nobody has it already who was never given it, and does not wait for it. */
  #notTaken(client: Client, number: DeviceNumber, refusal: Refusal): void {
    if (refusal !== "device-taken" || client.devices.has(text(number))) return;
    const waits = [...this.#calls.values()].some(
      ({ client: who, ask }) =>
        who === client && ask.kind === "device.takeRequested" && text(ask.number) === text(number),
    );
    if (!waits) this.wrongs.push(`${client.name} was told that it has ${text(number)}, which it has not`);
  }

  /** Whoever was not answered, because a daemon died over it, asks again. */
  askLost(): void {
    for (const client of this.list)
      for (const number of [...client.lost]) {
        client.lost.delete(number);
        const found = this.#machine.seats.hardware.find(number);
        if (found !== null) this.take(client, found);
      }
  }

  take(client: Client, found: Found): void {
    const { session: id, name, process } = client;
    const caller = { uid: 0, pid: process.identity.pid };
    const { major, minor } = found.device.number ?? { major: 0, minor: 0 };
    const device = found.kind === null ? null : found;
    this.ask(client, { kind: "device.takeRequested", id, name, number: { major, minor }, device, caller });
  }

  /** Who hears over the bus what happens to a device, and has it. */
  #hearer(id: SessionId, name: string, number: DeviceNumber) {
    const client = this.list.find((each) => !each.seatd && each.name === name && each.session === id);
    if (this.#machine.bus.away || !client?.process.alive) return null;
    const device = client.devices.get(text(number));
    return device === undefined ? null : { client, device };
  }

  paused(id: SessionId, name: string, number: DeviceNumber, how: Pause): void {
    const heard = this.#hearer(id, name, number);
    // one that was released or that a daemon died over is not known any more
    if (heard === null) return;
    const { client, device } = heard;
    const { word } = device;
    if (!hearPause(device, how))
      this.wrongs.push(`${name} was told ${how} of ${device.name}, which is ${word}`);
    if (how === "gone") client.devices.delete(text(number));
  }

  resumed(id: SessionId, name: string, number: DeviceNumber, file: OpenFile | null): void {
    const heard = this.#hearer(id, name, number);
    if (heard === null) return;
    const { client, device } = heard;
    const { word } = device;
    if (!hearResume(device))
      this.wrongs.push(`${name} was told that ${device.name} is resumed, which is ${word}`);
    if (file === null) this.wrongs.push(`${device.name} was resumed without a descriptor`);
    else file.holders.add(client.process);
  }

  /** A display server puts down a card before it lets somebody switch away. */
  yield(client: Client, device: Had): void {
    const { session: id, name, process } = client;
    const caller = { uid: 0, pid: process.identity.pid };
    if (!process.alive) return;
    this.ask(client, { kind: "device.pauseCompleted", id, name, number: device.number, caller });
  }

  told(name: string, what: "enable" | "disable" | "close"): void {
    const client = this.list.find((each) => each.seatd && each.name === name);
    if (client === undefined) return;
    if (what === "close") this.#machine.exit(client.process);
    if (what === "enable" && client.seat === "disabling")
      this.wrongs.push(`${name} was given its seat before it had put it down`);
    if (what === "enable") this.#checkCards(client);
    if (what === "enable") client.seat = "enabled";
    if (what === "disable") client.seat = "disabling";
  }

  /** What it draws then is on the screen. */
  #checkCards({ name, session }: Client): void {
    for (const { kind, node, state } of this.#machine.engine.world().sessions.get(session)?.devices ?? [])
      if (kind === "drm" && state !== "active" && state !== "paused")
        this.wrongs.push(`${name} was given its seat while ${node} is ${state}`);
  }

  /** What they put down by themselves, they get back when the terminal is shown again. */
  left(vt: number): void {
    const { sessions } = this.#machine.engine.world();
    for (const client of this.list)
      if (sessions.get(client.session)?.vtnr === vt)
        for (const device of client.devices.values()) device.yielded = false;
  }

  /** Somebody does what they were asked to; answers whether anybody did. */
  react(): boolean {
    for (const client of this.list) {
      if (!client.process.alive || client.hangs || client.waiting !== null) continue;
      const { session: id, name } = client;
      const caller = { uid: 0, pid: client.process.identity.pid };
      if (client.seat === "disabling") {
        this.ask(client, { kind: "seat.disableAcknowledged", id, name, caller });
        return true;
      }
      for (const device of client.devices.values()) {
        if (device.word !== "asked") continue;
        this.ask(client, { kind: "device.pauseCompleted", id, name, number: device.number, caller });
        return true;
      }
    }
    return false;
  }

  /** The kernel says whose connections are gone. */
  hangUp(): boolean {
    const { keeper } = this.#machine.seats;
    for (const client of this.list) {
      if (client.process.alive) continue;
      this.list.splice(this.list.indexOf(client), 1);
      if (!client.seatd) this.#machine.bus.disconnect(client.name);
      else if (keeper.connections.delete(Number(client.name)))
        this.#machine.submit({ kind: "seatd.left", at: this.#machine.instant(), name: client.name });
      return true;
    }
    return false;
  }

  /** Another daemon: what was asked over the bus is lost, and over seatd asked again by nobody but the socket. */
  restarted(): void {
    for (const { client, ask } of this.#calls.values()) {
      if (ask.kind === "device.takeRequested" && !client.seatd) client.lost.add(text(ask.number));
      const device = ask.kind === "device.pauseCompleted" ? client.devices.get(text(ask.number)) : undefined;
      if (device?.word !== "active") continue;
      device.yielded = true;
      device.unheard = true;
    }
    this.#calls.clear();
    for (const client of this.list) for (const device of client.devices.values()) device.again = true;
  }

  /** The daemon reads the socket. */
  askAgain(): void {
    for (const client of this.list)
      if (client.waiting !== null && client.process.alive) this.#send(client, client.waiting);
  }

  /** Another bus: programs live on without it, and with what they have. */
  disconnected(): void {
    for (const client of this.list) {
      if (client.seatd) continue;
      client.name = `${client.name} of an earlier bus`;
      client.hangs = true;
    }
  }

  /** The keeper is gone, and with it the connections to the seatd socket. */
  cutOff(): void {
    for (const client of this.list) if (client.seatd) this.#machine.exit(client.process);
  }

  get unanswered(): number {
    return this.#calls.size;
  }

  of(session: Session): Client | null {
    const { control } = session;
    if (control === null) return null;
    const seatd = control.bus === SEATD;
    return this.list.find((each) => each.name === control.name && each.seatd === seatd) ?? null;
  }
}
