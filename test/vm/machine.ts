/** One virtual machine: its process, its keyboard and screen, and commands run in it. */

import { type ChildProcess, spawn } from "node:child_process";
import { closeSync, existsSync, openSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { Agent, type Outcome } from "./agent.ts";
import { keysOf } from "./keys.ts";
import { Monitor } from "./qmp.ts";

/** Where the disk, kernel and project lie, and where sockets and logs of this run go. */
export interface Places {
  readonly image: string;
  readonly project: string;
  readonly scratch: string;
}

/** Asks again and again until the answer is not undefined or false; that is the only way to wait here. */
export async function until<T>(
  what: string,
  seconds: number,
  ask: () => Promise<T | undefined | false>,
): Promise<T> {
  const end = Date.now() + seconds * 1000;
  for (;;) {
    const answer = await ask();
    if (answer !== undefined && answer !== false) return answer;
    if (Date.now() > end) throw new Error(`${what}: not within ${seconds} s`);
    await sleep(200);
  }
}

export class Machine {
  private readonly process: ChildProcess;
  private readonly monitor: Monitor;
  private readonly agent: Agent;
  private readonly places: Places;

  private constructor(process: ChildProcess, monitor: Monitor, agent: Agent, places: Places) {
    this.process = process;
    this.monitor = monitor;
    this.agent = agent;
    this.places = places;
  }

  /** Starts the machine; what is written to its disk is forgotten at its end. */
  static async start(places: Places): Promise<Machine> {
    const at = (name: string) => join(places.scratch, name);
    const log = openSync(at("qemu.log"), "w");
    // However this process ends, the machine does not outlive it.
    const tied = ["--pdeathsig", "KILL", "qemu-system-x86_64", ...options(places)];
    const child = spawn("setpriv", tied, { stdio: ["ignore", log, log] });
    closeSync(log);
    await until("QEMU's sockets", 20, async () => {
      if (child.exitCode !== null) throw new Error(`QEMU ended: ${readFileSync(at("qemu.log"), "utf8")}`);
      return existsSync(at("monitor")) && existsSync(at("agent"));
    });
    return new Machine(child, await Monitor.connect(at("monitor")), new Agent(at("agent")), places);
  }

  run(command: string, seconds = 60): Promise<Outcome> {
    return this.agent.run(command, seconds);
  }

  /** Like run, for commands that have to succeed. */
  async sh(command: string, seconds = 60): Promise<string> {
    const { status, output } = await this.run(command, seconds);
    if (status !== 0) throw new Error(`in the machine: ${command}: status ${status}: ${output.slice(-500)}`);
    return output;
  }

  /** Presses the keys in this order and lets them go. */
  async press(...keys: string[]): Promise<void> {
    for (const down of [true, false]) {
      for (const data of down ? keys : keys.toReversed()) {
        const event = { type: "key", data: { down, key: { type: "qcode", data } } };
        await this.monitor.ask("input-send-event", { events: [event] });
        await sleep(15);
      }
    }
  }

  async type(text: string): Promise<void> {
    for (const character of text) await this.press(...keysOf(character));
  }

  /** Saves what the screen shows as PNG. */
  async screen(file: string): Promise<void> {
    await this.monitor.ask("screendump", { filename: file, format: "png" });
  }

  /** What the kernel and init wrote to the serial line. */
  serial(): string {
    return readFileSync(join(this.places.scratch, "serial.log"), "utf8");
  }

  async end(): Promise<void> {
    this.agent.close();
    this.monitor.close();
    const ended = new Promise((resolve) => this.process.once("exit", resolve));
    this.process.kill("SIGKILL");
    await ended;
  }
}

function options({ image, project, scratch }: Places): string[] {
  const socket = (name: string) => `socket,id=${name},path=${join(scratch, name)},server=on,wait=off`;
  const disk = (id: string, file: string, more: string) =>
    `id=${id},file=${file},if=none,format=raw,cache=unsafe,${more}`;
  // Emulation in software: it works everywhere, and what it costs is some seconds.
  return [
    ...[
      "-machine",
      "pc,hpet=off",
      "-accel",
      "tcg,thread=multi",
      "-cpu",
      "Nehalem",
      "-smp",
      "2",
      "-m",
      "1024",
    ],
    ...["-nodefaults", "-no-user-config", "-display", "none", "-vga", "std"],
    ...["-kernel", join(image, "vmlinuz"), "-initrd", join(image, "initrd")],
    ...["-append", "console=ttyS0 quiet loglevel=4 panic=-1 mitigations=off"],
    ...["-drive", disk("system", join(image, "root.ext4"), "snapshot=on")],
    ...["-device", "virtio-blk-pci,drive=system"],
    ...["-drive", disk("project", project, "readonly=on"), "-device", "virtio-blk-pci,drive=project"],
    ...["-device", "virtio-serial-pci", "-chardev", socket("agent")],
    ...["-device", "virtserialport,chardev=agent,name=agent"],
    ...["-chardev", `file,id=serial,path=${join(scratch, "serial.log")}`, "-serial", "chardev:serial"],
    ...["-chardev", socket("monitor"), "-mon", "chardev=monitor,mode=control"],
    ...["-device", "virtio-rng-pci"],
  ];
}
