/** What explain says of a device. */

import { nodePath } from "./device-path.ts";
import { accountId } from "./own.ts";
import { accessText, names, tagsOf } from "./seat-status.ts";
import { json, printable } from "./text.ts";
import type { Context } from "./verb.ts";

/** user: as it was given; undefined is who runs sessionctl. Returns what is to be printed. */
export async function explainDevice(
  device: string,
  user: string | undefined,
  context: Context,
): Promise<string[]> {
  const what = `explain ${printable(device)}`;
  const node = nodePath(device, what);
  const uid = user === undefined ? null : await accountId(user, context);
  const reply = await context.client.call("ExplainDevice", { node, uid }, what);
  if (context.json) return [json({ node, ...reply }, 2)];
  const nameOf = names(context);
  const may = reply.mayOpen ? context.paint("may", "green") : context.paint("may not", "red");
  const who = `${nameOf("passwd", reply.uid)} (${reply.uid})`;
  return [
    `${who} ${may} open ${printable(node)} for reading and writing:`,
    ...reply.because.map((line) => `  ${printable(line)}`),
    ...(reply.needed.length > 0 ? ["One of these is needed:"] : []),
    ...reply.needed.map((line) => `  ${printable(line)}`),
    `Permissions: ${accessText(reply.access, nameOf)}`,
    ...(reply.device === null
      ? []
      : [`Device: ${printable(reply.device.path)} ${tagsOf(reply.device)}`.trimEnd()]),
  ];
}
