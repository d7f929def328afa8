import fc from "fast-check";
import { expect, it } from "vitest";
import { methods } from "../../daemon/src/control/interface.ts";
import { ALICE, BOB, Machine } from "./machine.ts";

/** Values that are near to right ones. */
const value = fc.oneof(
  fc.constantFrom(
    null,
    true,
    false,
    "",
    "1",
    "2",
    "all",
    "leader",
    "user",
    "tty",
    "tty2",
    "/dev/tty2",
    "__proto__",
  ),
  fc.constantFrom(0, 1, -1, 9, 15, 64, 65, 1000, 1001, 65535, 4294967295, 2 ** 53, 1.5),
  fc.jsonValue(),
);

const names = [
  ...new Set(Object.values(methods).flatMap(({ takes }) => Object.keys(takes))),
  "extra",
  "__proto__",
];

const call = fc.record(
  {
    method: fc.oneof(
      fc.constantFrom(...Object.keys(methods)).map((name) => `org.sessionman.Login.${name}`),
      fc.constantFrom(
        "org.varlink.service.GetInfo",
        "org.varlink.service.GetInterfaceDescription",
        "a.b",
        ".",
        "x.",
      ),
    ),
    parameters: fc.dictionary(fc.constantFrom(...names), value, { maxKeys: 6 }),
    oneway: fc.boolean(),
    upgrade: fc.boolean(),
  },
  { requiredKeys: ["method"] },
);

/** Parameters of the right types: these get past the first check. */
const likely = fc
  .constantFrom(...Object.entries(methods))
  .chain(([name, { takes }]) =>
    fc
      .record(
        Object.fromEntries(
          Object.entries(takes as Record<string, string>).map(([field, type]) => [
            field,
            type.endsWith("int")
              ? fc.constantFrom(0, 1, 15, 1000, 1001, 1002, 1003)
              : type === "bool"
                ? fc.boolean()
                : type.startsWith("(")
                  ? fc.constantFrom(...type.slice(1, -1).split(", "))
                  : fc.constantFrom("", "1", "2", "user", "x11", "tty2"),
          ]),
        ),
      )
      .map((parameters) => ({ method: `org.sessionman.Login.${name}`, parameters })),
  );

it("answers every call once, whatever it says, and stays in order", async () => {
  await fc.assert(
    fc.asyncProperty(
      fc.constantFrom(0, ALICE),
      fc.array(fc.oneof(call, likely), { maxLength: 15 }),
      async (uid, calls) => {
        const machine = new Machine();
        const { leader } = await machine.session(ALICE);
        const client = machine.connect(uid, { parent: leader });
        client.send(...calls);
        await machine.kernel.settle();
        await machine.kernel.settle();
        const expected = calls.filter((each) => !("oneway" in each && each.oneway === true)).length;
        expect(client.answers).toHaveLength(expected);
        for (const { error, parameters } of client.answers) {
          expect(error ?? "a.b").toMatch(/^(a|org(\.\w+)+)\.\w+$/);
          expect(parameters).toBeTypeOf("object");
        }
        expect(machine.log.filter((line) => line.startsWith("bug"))).toEqual([]);
        const other = machine.connect(BOB);
        expect((await other.call("GetStatus")).error).toBeUndefined();
      },
    ),
    { numRuns: 300 },
  );
});

it("survives any bytes", async () => {
  const machine = new Machine();
  await fc.assert(
    fc.asyncProperty(fc.array(fc.uint8Array({ maxLength: 100 }), { maxLength: 5 }), async (chunks) => {
      const client = machine.connect(ALICE);
      for (const bytes of chunks) client.raw.send(Uint8Array.from(bytes));
      await machine.kernel.settle();
      client.raw.close();
      const other = machine.connect(BOB);
      expect((await other.call("GetStatus")).error).toBeUndefined();
      other.raw.close();
      await machine.kernel.settle();
    }),
    { numRuns: 300 },
  );
});
