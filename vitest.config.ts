import { defineConfig } from "vitest/config";

export default defineConfig({
  test: {
    projects: [
      {
        test: {
          name: "unit",
          include: ["test/**/*.test.ts"],
          exclude: ["test/kernel/**"],
          // the longest of them takes 15 s, and 30 s where others use the machine, too
          testTimeout: 240_000,
        },
      },
      {
        test: {
          name: "integration",
          include: ["test/kernel/**/*.test.ts"],
          testTimeout: 60_000,
          hookTimeout: 60_000,
          pool: "forks",
        },
      },
    ],
  },
});
