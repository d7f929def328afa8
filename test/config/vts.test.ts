import { expect, test } from "vitest";
import { parseConfiguration } from "../../daemon/src/config/parse.ts";
import { formatProblem } from "../../daemon/src/config/tree.ts";

const PATH = "an absolute path without empty, . or .. parts and without / at its end";
const WORD = "a word of a command: at most 255 characters, none of them a control character";

const wrong: [string, string][] = [
  ["vts: {automatic: 64}", 'f:1:18: vts.automatic: "64" is not a number from 0 to 63'],
  ["vts: {reserved: -1}", 'f:1:17: vts.reserved: "-1" is not a number from 0 to 63'],
  ["vts: {getty: [agetty, '%t']}", `f:1:14: vts.getty: the list does not begin with ${PATH}`],
  ["vts: {getty: []}", `f:1:14: vts.getty: the list does not begin with ${PATH}`],
  [
    "vts: {getty: [/sbin/agetty, tty1]}",
    `f:1:14: vts.getty: the list has no "%t" in it, which stands for the terminal's name`,
  ],
  [
    `vts: {getty: [/sbin/agetty, "%t"${", x".repeat(15)}]}`,
    "f:1:14: vts.getty: the list is longer than 16 words or 500 characters",
  ],
  [
    `vts: {getty: [/sbin/agetty, "%t", ${"x".repeat(255)}, ${"x".repeat(255)}]}`,
    "f:1:14: vts.getty: the list is longer than 16 words or 500 characters",
  ],
  ['vts: {getty: [/g, "%t", ""]}', `f:1:25: vts.getty[2]: "" is not ${WORD}`],
  ['vts: {getty: ["/g%t", {a: b}]}', `f:1:23: vts.getty[1]: a map is not ${WORD}`],
  ['vts: {getty: ["/g%t", "a\\nb"]}', `f:1:23: vts.getty[1]: "a\\u{a}b" is not ${WORD}`],
];

test.each(wrong)("%s", (text, problem) => {
  const parsed = parseConfiguration([{ file: "f", text }]);
  expect(parsed.ok ? [] : parsed.problems.map(formatProblem)).toEqual([problem]);
});

test("a getty may have numbers among its words, and the terminal within one", () => {
  const text = 'vts: {automatic: 6, getty: [/sbin/getty, 38400, "/dev/%t"]}';
  const parsed = parseConfiguration([{ file: "f", text }]);
  expect(parsed).toMatchObject({
    values: { vts: { automatic: 6, reserved: 0, getty: ["/sbin/getty", "38400", "/dev/%t"] } },
  });
});
