/**
 * org.freedesktop.LogControl1: how much the daemon logs, and where to. It holds until the daemon ends or reads its
 * configuration again.
 */

import { defineInterface } from "../bus/define.ts";
import { askRoot } from "./authority.ts";
import { invalidArgs, notSupported } from "./errors.ts";
import type { Room } from "./room.ts";
import { silent } from "./rows.ts";

export interface LogControl {
  /** Lines up to this severity are logged, as syslog counts: 0 is an emergency, 7 is for debugging. */
  readonly severity: number;
  setSeverity(severity: number): void;
}

/** By their severity. */
const LEVELS = ["emerg", "alert", "crit", "err", "warning", "notice", "info", "debug"];

/** Standard error, which init has connected. */
const TARGET = "console";
const OTHER_TARGETS = ["journal", "syslog", "kmsg", "journal-or-kmsg", "syslog-or-kmsg", "auto", "null"];

export const logControlInterface = defineInterface<Room>({
  name: "org.freedesktop.LogControl1",
  properties: [
    {
      ...silent<Room>("LogLevel", "s", ({ logControl }) => LEVELS[logControl.severity] ?? ""),
      set({ logControl }, value, call) {
        askRoot(call);
        const severity = LEVELS.indexOf(value as string);
        if (severity < 0)
          throw invalidArgs(`log level ${JSON.stringify(value)} is none of ${LEVELS.join(", ")}`);
        logControl.setSeverity(severity);
      },
    },
    {
      ...silent<Room>("LogTarget", "s", () => TARGET),
      set(_room, value, call) {
        askRoot(call);
        if (value === TARGET) return;
        if (!OTHER_TARGETS.includes(value as string))
          throw invalidArgs(`log target ${JSON.stringify(value)} is unknown`);
        throw notSupported(`the log goes to standard error, ${value} is not served`);
      },
    },
    silent("SyslogIdentifier", "s", () => "sessionmand"),
  ],
});
