/** The service of test/bus/run: `service.cjs ADDON SOCKET`. Its log goes to standard output, a line each. */

import type { BusOptions } from "../../daemon/src/bus/bus.ts";
import { createPolkit } from "../../daemon/src/bus/polkit.ts";
import { createBus } from "../../daemon/src/bus/system-bus.ts";
import { loadAddon } from "../../daemon/src/kernel/addon.ts";
import { Poller } from "../../daemon/src/kernel/poller.ts";
import { createStreams } from "../../daemon/src/kernel/stream.ts";
import { Turns } from "../../daemon/src/kernel/turns.ts";
import { makeTree, NAME, type Service } from "./objects.ts";

const [file = "", path = ""] = process.argv.slice(2);
const say = (line: string) => process.stdout.write(`${line}\n`);
const log = { info: say, warn: say, error: say };
const addon = loadAddon(file);
const kernel = createStreams({ addon, poller: new Poller(addon), turns: new Turns(), log, lacks: say });
const options: BusOptions = {
  kernel,
  path,
  name: NAME,
  tree: makeTree(() => service),
  log,
  connected: () => say("up"),
  lost: () => say("down"),
};
const bus = createBus(options);
const service: Service = { bus, polkit: createPolkit(bus), text: "first", count: 0, left: [] };

process.on("uncaughtException", (error) => {
  say(`uncaught ${error.stack}`);
  process.exit(70);
});
process.on("SIGTERM", () => process.exit(0));
bus.start();
bus.ready();
