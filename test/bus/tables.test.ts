/** Rows to interfaces, to introspection and to a tree. */

import { describe, expect, it } from "vitest";
import type { Caller } from "../../daemon/src/bus/call.ts";
import { defineInterface } from "../../daemon/src/bus/define.ts";
import { errnoName } from "../../daemon/src/bus/errors.ts";
import { nodeXml } from "../../daemon/src/bus/introspection.ts";
import { escapeLabel, unescapeLabel } from "../../daemon/src/bus/labels.ts";
import { asText, isInterfaceName, isObjectPath, isText } from "../../daemon/src/bus/names.ts";
import type { InterfaceRows } from "../../daemon/src/bus/table.ts";
import { createTree } from "../../daemon/src/bus/tree.ts";

const rows: InterfaceRows<null> = {
  name: "org.example.Seat",
  methods: [
    { name: "SwitchTo", in: "u", out: "", args: ["vtnr"], handler: () => [] },
    { name: "Take", in: "uu", out: "hb", args: ["major", "minor", "fd", "inactive"], handler: () => [] },
    { name: "Old", in: "", out: "", args: [], deprecated: true, handler: () => [] },
    { name: "Secret", in: "", out: "", args: [], hidden: true, handler: () => [] },
  ],
  properties: [
    { name: "Id", signature: "s", emits: "const", get: () => "" },
    { name: "Active", signature: "(so)", emits: "true", get: () => ["", "/"] },
    { name: "Wall", signature: "s", emits: "false", get: () => "", set() {} },
    { name: "List", signature: "a(so)", emits: "invalidates", get: () => [] },
    { name: "CanMultiSession", signature: "b", emits: "const", hidden: true, get: () => true },
  ],
  signals: [
    { name: "Lock", signature: "", args: [] },
    { name: "New", signature: "so", args: ["seat_id", "object_path"] },
  ],
};

describe("introspection", () => {
  it("shows each row as it is", () => {
    expect(
      nodeXml([defineInterface(rows).xml], ["_31", "self"]),
    ).toBe(`<!DOCTYPE node PUBLIC "-//freedesktop//DTD D-BUS Object Introspection 1.0//EN"
"http://www.freedesktop.org/standards/dbus/1.0/introspect.dtd">
<node>
 <interface name="org.example.Seat">
  <method name="SwitchTo">
   <arg type="u" name="vtnr" direction="in"/>
  </method>
  <method name="Take">
   <arg type="u" name="major" direction="in"/>
   <arg type="u" name="minor" direction="in"/>
   <arg type="h" name="fd" direction="out"/>
   <arg type="b" name="inactive" direction="out"/>
  </method>
  <method name="Old">
   <annotation name="org.freedesktop.DBus.Deprecated" value="true"/>
  </method>
  <property name="Id" type="s" access="read">
   <annotation name="org.freedesktop.DBus.Property.EmitsChangedSignal" value="const"/>
  </property>
  <property name="Active" type="(so)" access="read"/>
  <property name="Wall" type="s" access="readwrite">
   <annotation name="org.freedesktop.DBus.Property.EmitsChangedSignal" value="false"/>
  </property>
  <property name="List" type="a(so)" access="read">
   <annotation name="org.freedesktop.DBus.Property.EmitsChangedSignal" value="invalidates"/>
  </property>
  <signal name="Lock"/>
  <signal name="New">
   <arg type="s" name="seat_id"/>
   <arg type="o" name="object_path"/>
  </signal>
 </interface>
 <node name="_31"/>
 <node name="self"/>
</node>
`);
  });
});

describe("rows that are wrong", () => {
  const method = { name: "M", in: "", out: "", args: [], handler: () => [] };
  const property = { name: "P", signature: "s", emits: "const", get: () => "" } as const;
  it.each<[string, Partial<InterfaceRows<null>>]>([
    ["a name without a dot", { name: "Seat" }],
    ["a method without a name", { methods: [{ ...method, name: "" }] }],
    ["a method's name with a dash", { methods: [{ ...method, name: "a-b" }] }],
    ["two methods of one name", { methods: [method, method] }],
    ["an argument without a name", { methods: [{ ...method, in: "s" }] }],
    ["a name without an argument", { methods: [{ ...method, args: ["x"] }] }],
    ["an argument's name that breaks the document", { methods: [{ ...method, in: "s", args: ['"'] }] }],
    ["a signature that is none", { methods: [{ ...method, in: "a" }] }],
    ["a property of two types", { properties: [{ ...property, signature: "ss" }] }],
    ["a property of no type", { properties: [{ ...property, signature: "" }] }],
    ["a signal with too few names", { signals: [{ name: "S", signature: "so", args: ["x"] }] }],
  ])("%s", (_, change) => {
    expect(() => defineInterface({ name: "a.B", ...change })).toThrow(TypeError);
  });
});

describe("a tree", () => {
  const caller = { uid: 0 } as Caller;
  const other = { uid: 1000 } as Caller;
  const object = (target: string) => ({ target, interfaces: [] });
  const tree = createTree(
    new Map([
      ["/a/b", () => object("manager")],
      ["/x", () => object("x")],
    ]),
    new Map([
      [
        "/a/b/item",
        {
          object: (name, { uid }) => (name === "one" || (name === "self" && uid === 0) ? object(name) : null),
          names: ({ uid }) => (uid === 0 ? ["one", "self"] : ["one"]),
        },
      ],
    ]),
  );

  it("has what is fixed, what a folder has, and what lies above", () => {
    expect(tree.object("/a/b", caller)?.target).toBe("manager");
    expect(tree.object("/a/b/item/one", caller)?.target).toBe("one");
    for (const path of ["/", "/a", "/a/b/item", "/a/b/item/two", "/a/b/item/one/x", "/a/b/", "/a/b/item/"])
      expect(tree.object(path, caller)).toBeNull();
    expect(tree.children("/", caller)).toEqual(["a", "x"]);
    expect(tree.children("/a", caller)).toEqual(["b"]);
    expect(tree.children("/a/b", caller)).toEqual(["item"]);
    expect(tree.children("/a/b/item/one", caller)).toEqual([]);
    expect(tree.children("/nothing", caller)).toEqual([]);
  });

  it("is what it is for the caller", () => {
    expect(tree.object("/a/b/item/self", caller)?.target).toBe("self");
    expect(tree.object("/a/b/item/self", other)).toBeNull();
    expect(tree.children("/a/b/item", other)).toEqual(["one"]);
  });
});

describe("labels", () => {
  it.each([
    ["", "_"],
    ["2", "_32"],
    ["12", "_312"],
    ["c1", "c1"],
    ["seat0", "seat0"],
    ["seat-usb_1", "seat_2dusb_5f1"],
    ["ü", "_c3_bc"],
  ])("%j is %s", (name, label) => {
    expect(escapeLabel(name)).toBe(label);
    expect(unescapeLabel(label)).toBe(name);
  });

  it.each(["2", "_3", "_C3_BC", "_61", "a-b", "_ff", "__", "_3g", "", "a/b", "_00_00_"])(
    "%j is none",
    (label) => {
      expect(unescapeLabel(label)).toBeNull();
    },
  );
});

describe("names", () => {
  it("are what the bus takes", () => {
    expect(["/", "/a", "/a/_1"].every(isObjectPath)).toBe(true);
    expect(["", "a", "/a/", "//", "/a-b", "/ä"].some(isObjectPath)).toBe(false);
    expect(["a.b", "_a._1.C"].every(isInterfaceName)).toBe(true);
    expect(["a", "a.", ".a", "a..b", "a.1", "a.b-c", `a.${"b".repeat(254)}`].some(isInterfaceName)).toBe(
      false,
    );
    expect(isText("a\0") || isText("\ud800")).toBe(false);
    expect(asText("a\0b\ud800")).toBe("a\ufffdb\ufffd");
  });

  it("of an errno", () => {
    expect(errnoName("EPERM")).toBe("org.freedesktop.DBus.Error.AccessDenied");
    expect(errnoName("EBUSY")).toBe("System.Error.EBUSY");
    expect(errnoName("Unknown system error 600")).toBe("org.freedesktop.DBus.Error.Failed");
  });
});
