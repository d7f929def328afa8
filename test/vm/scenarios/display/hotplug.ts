/** Keyboards and sound cards that come and go belong to whoever is in front then. */

import type { Checks } from "../../check.ts";
import { Desk } from "../../desk.ts";
import { until } from "../../machine.ts";
import { starts, types } from "./server.ts";
import { wlroots } from "./wlroots.ts";

/** What the display server can use of the input devices. */
async function usable(desk: Desk, pid: number): Promise<string[]> {
  const held = Desk.of(await desk.witness.look(), pid, "input");
  return [...new Set(held.filter(({ state }) => state === "live").map(({ node }) => node))].sort();
}

export async function hotplug(desk: Desk, checks: Checks): Promise<void> {
  const sway = wlroots("sway", "logind");
  await desk.logIn("bob", 2);
  const pid = await starts(desk, checks, sway);
  const first = await usable(desk, pid);
  const becomes = (what: string, holds: (nodes: string[]) => boolean) =>
    checks.comes(
      what,
      until(what, 60, async () => holds(await usable(desk, pid))),
    );

  await desk.machine.plug("usb-kbd", "second");
  await becomes(
    "a keyboard that is plugged in is given to the display server",
    (it) => it.length === first.length + 1,
  );
  await types(desk, checks, sway, " from it");
  await desk.machine.unplug("second");
  await becomes("and taken away when it is pulled out", (it) => it.join() === first.join());
  await types(desk, checks, sway, " from the first one");

  await desk.keys(2);
  await becomes("in the background it can use none", (it) => it.length === 0);
  await desk.machine.plug("usb-kbd", "third");
  await until("the keyboard", 60, async () => (await inputs(desk)) > first.length);
  checks.equal(await desk.typed("bob", 2, "id -un"), "bob", "a keyboard that comes then types in front");
  checks.equal(await usable(desk, pid), [], "and is not for the display server");
  await desk.keys(1);
  await becomes("which gets it when it is in front again", (it) => it.length === first.length + 1);
  await types(desk, checks, sway, " from it");
  await sound(desk, checks);
}

/** How many input devices a display server could take. */
async function inputs(desk: Desk): Promise<number> {
  return Number(await desk.machine.sh("udevadm settle; ls /dev/input/event* | wc -l"));
}

async function sound(desk: Desk, checks: Checks): Promise<void> {
  const open = (uid: number) =>
    desk.sees("its access", (look) => String(look.access["/dev/snd/controlC1"]) === String(uid), 60);
  await desk.machine.plug("usb-audio", "headset");
  await checks.comes("a sound card that is plugged in is open to who is in front", open(1000));
  await desk.keys(2);
  await checks.comes("and follows the switch", open(1001));
  await desk.machine.unplug("headset");
  await until("its end", 60, async () => !(await desk.exists("/dev/snd/controlC1")));
  await desk.machine.plug("usb-audio", "headset2");
  await checks.comes("one that comes afterwards, too", open(1001));
}
