/** Heads of messages that are written one after the other into the same memory. */

import { expect, it } from "vitest";
import { writeBody } from "../../daemon/src/bus/codec.ts";
import { beginMessage, finishMessage, type Outgoing, SIGNAL } from "../../daemon/src/bus/header.ts";
import { Writer } from "../../daemon/src/bus/writer.ts";

const HEAD: Outgoing = {
  type: SIGNAL,
  flags: 1,
  path: "/org/freedesktop/login1/session/_31",
  interface: "org.freedesktop.login1.Session",
  member: "PauseDevice",
  destination: ":1.7",
  signature: "uus",
};
const OTHERS: readonly Outgoing[] = [
  { ...HEAD, type: 1 },
  { ...HEAD, flags: 0 },
  { ...HEAD, path: "/org/freedesktop/login1/session/_32" },
  { ...HEAD, interface: "org.freedesktop.login1.Seat" },
  { ...HEAD, member: "ResumeDevice" },
  { ...HEAD, destination: ":1.8" },
  { ...HEAD, errorName: "org.example.Error" },
  { ...HEAD, replySerial: 9 },
];

function bytesOf(writer: Writer, header: Outgoing, serial: number, fds: number, how: string): string {
  beginMessage(writer, header, serial, fds);
  writeBody(writer, "uus", [13, serial, how]);
  return Buffer.from(finishMessage(writer)).toString("latin1");
}

it("are the same whatever was written before", () => {
  const writer = new Writer();
  let serial = 0;
  for (const header of [HEAD, HEAD, ...OTHERS.flatMap((other) => [other, { ...other }, HEAD])])
    for (const fds of [0, 0, 1, 1])
      for (const how of ["force", "", "x".repeat(serial * 50)]) {
        serial += 1;
        const alone = bytesOf(new Writer(), header, serial, fds, how);
        expect(bytesOf(writer, header, serial, fds, how)).toBe(alone);
      }
});

it("do not outlive one that could not be written", () => {
  const writer = new Writer();
  bytesOf(writer, HEAD, 1, 0, "force");
  expect(() => beginMessage(writer, { ...HEAD, path: "/", member: "\0" }, 2, 0)).toThrow(TypeError);
  expect(bytesOf(writer, HEAD, 3, 0, "force")).toBe(bytesOf(new Writer(), HEAD, 3, 0, "force"));
});
