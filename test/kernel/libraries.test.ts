/** What a library contains that a process has mapped. */

import { describe, expect, it } from "vitest";
import { makeRig, unable, until } from "./rig.ts";

describe.skipIf(unable)(`searchLibrary ${unable || ""}`, () => {
  it("finds texts in a library that the process has mapped, and knows when it cannot", async () => {
    const rig = makeRig();
    const ask = async (pid: number, library: string, texts: readonly string[]) => {
      const results: (readonly string[] | null)[] = [];
      rig.kernel.searchLibrary(pid, library, texts, (found) => results.push(found));
      expect(results).toEqual([]);
      await until("an answer", () => results.length === 1);
      return results[0];
    };
    const texts = ["GNU C Library", "no text that is in any library"];
    expect(await ask(process.pid, "libc", texts)).toEqual(["GNU C Library"]);
    expect(await ask(process.pid, "libc", texts)).toEqual(["GNU C Library"]);
    expect(await ask(process.pid, "libnothing", texts)).toBeNull();
    expect(await ask(0x7fff_fff0, "libc", texts)).toBeNull();
    rig.kernel.close();
  });
});
