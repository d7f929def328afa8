/** Which paths lead to which object. */

import { expect, it } from "vitest";
import { SESSIONS_PATH } from "../../daemon/src/login1/paths.ts";
import { createLogin1Tree } from "../../daemon/src/login1/tree.ts";
import { asCall, TestCall, TestRoom } from "./calls.ts";

it("finds a session by the path of its id, and by the id as it is, as weston asks", () => {
  const tree = createLogin1Tree(new TestRoom().room);
  const { caller } = asCall(new TestCall(1000));
  const idAt = (name: string) =>
    (tree.object(`${SESSIONS_PATH}/${name}`, caller)?.target as { session: { id: string } } | undefined)
      ?.session.id;
  expect(["_33", "3", "_34", "33", "_3", "_"].map(idAt)).toEqual([
    "3",
    "3",
    "4",
    undefined,
    undefined,
    undefined,
  ]);
});
