/** The version, as package.json and meson.build also say it. */
export const VERSION = "0.1.0";
